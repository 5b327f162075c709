import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { armFaults, passing, planted } from "@/lib/store/fault_point.ts";
import { outcomeOf } from "./process.ts";

const refusal = (setting: string): string => assertThrows(() => armFaults(setting), AppError).message;

Deno.test("[FP1] a fault point that there is not, or a pass that is no number, is refused by name", () => {
  for (const setting of ["commit.nowhere:1", "commit.landed", "commit.landed:0", "commit.landed:1:go", "plant:none"]) {
    assertStringIncludes(refusal(setting), `"${setting}"`);
  }
});

Deno.test("[FP2] unarmed, or armed for another place or a later pass, a pass does nothing", () => {
  passing("commit.landed");
  armFaults("leaf.began:1");
  passing("commit.landed");
  armFaults("commit.landed:3,leaf.began:1");
  passing("commit.landed");
  passing("commit.landed");
  passing("leaf.began");
  armFaults("");
  passing("commit.landed");
});

Deno.test("[FP3] only what was planted is broken", () => {
  assertEquals(planted("ack_early"), false);
  armFaults("plant:ack_early");
  assertEquals([planted("ack_early"), planted("drop_chunk")], [true, false]);
  armFaults("");
  assertEquals(planted("ack_early"), false);
});

Deno.test("[FP4] at its pass the process is killed, and not one statement more runs", async () => {
  const program = `import { armFaults, passing } from "${new URL("../../lib/store/fault_point.ts", import.meta.url)}";
    armFaults("commit.told:2");
    for (const n of [1, 2, 3]) { passing("commit.told"); Deno.stdout.writeSync(new TextEncoder().encode(n + "\\n")); }`;
  const { signal, stdout, stderr } = await outcomeOf(program);
  assertEquals([signal, stdout], ["SIGKILL", "1\n"]);
  assertStringIncludes(stderr, "fault point commit.told\n");
});
