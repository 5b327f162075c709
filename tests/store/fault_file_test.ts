import { assertEquals, assertStringIncludes } from "@std/assert";
import { outcomeOf } from "./process.ts";

Deno.test("[FP5] what a file names is armed again at each SIGUSR2, in the place of what was armed, and counts from then", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "leaf.began:1");
  const of = (name: string) => new URL(`../../lib/store/${name}`, import.meta.url);
  const program = `import { followFaults } from "${of("fault_file.ts")}";
    import { passing } from "${of("fault_point.ts")}";
    const say = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text + "\\n"));
    followFaults("@${file}");
    passing("commit.told");
    Deno.writeTextFileSync("${file}", "commit.told:2");
    const told = Promise.withResolvers();
    Deno.addSignalListener("SIGUSR2", () => told.resolve());
    Deno.kill(Deno.pid, "SIGUSR2");
    await told.promise;
    passing("leaf.began");
    passing("commit.told");
    say("lives");
    passing("commit.told");
    say("never");`;
  try {
    const { signal, stdout, stderr } = await outcomeOf(program);
    assertStringIncludes(stderr, "fault point commit.told\n");
    assertEquals([signal, stdout], ["SIGKILL", "lives\n"]);
  } finally {
    await Deno.remove(file);
  }
});
