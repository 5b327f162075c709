import { assertEquals } from "@std/assert";
import { DenoDirs } from "@/lib/sandbox/deno_dirs.ts";
import { startError } from "@/lib/sandbox/shortage.ts";
import { AppError } from "@/lib/model/error.ts";

const coded = (code: string) => Object.assign(new Error("it failed"), { code });

Deno.test("[SHORTAGE1] what a start fails for is full, busy or internal, by its code or by its last words", () => {
  const told = (error: unknown) => startError("a sandbox", error).code;
  assertEquals(["ENOSPC", "EDQUOT"].map((code) => told(coded(code))), ["full", "full"]);
  assertEquals(["EAGAIN", "EMFILE", "ENFILE", "ENOMEM"].map((code) => told(coded(code))), Array(4).fill("busy"));
  assertEquals(["ENOENT", "EACCES", ""].map((code) => told(coded(code))), Array(3).fill("internal"));
  assertEquals(told("error: No space left on device (os error 28): open 'x' (exit code 1)"), "full");
  assertEquals(told("panicked: Resource temporarily unavailable (os error 11) (exit code 101)"), "busy");
  assertEquals(told("it did not get ready in time (exit code 137)"), "internal");
  assertEquals(told(new AppError("draining", "the server is going away")), "draining");
});

Deno.test("[SHORTAGE2] a copy of compiled code that fails half way leaves nothing behind", async () => {
  const data_dir = await Deno.makeTempDir();
  try {
    const dirs = new DenoDirs({ data_dir, ids: { uuid: () => "u", token: () => "taken" } });
    await dirs.open();
    await dirs.prepare("kind-1", async (folder) => {
      await Deno.writeTextFile(`${folder}/a`, "a");
      await Deno.mkdir(`${folder}/b`);
      await Deno.writeTextFile(`${folder}/b/c`, "c");
    });
    // Where a file should go stands a folder: the copy fails there.
    await Deno.mkdir(`${data_dir}/cache/children/taken`);
    const failed = await dirs.take("kind-1").then(() => null, (error: unknown) => error);
    assertEquals(failed instanceof Deno.errors.AlreadyExists, true, String(failed));
    assertEquals([...Deno.readDirSync(`${data_dir}/cache/children`)], []);
  } finally {
    await Deno.remove(data_dir, { recursive: true });
  }
});
