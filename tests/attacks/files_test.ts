// Code from outside tries to get out of its folder by paths, links and special files: attack table, files.
import { assert, assertEquals } from "@std/assert";
import { type Arena, attack, attackInGroups } from "./arena.ts";
import { DELETES_ITSELF, FILE_GROUPS, ODD_NAMES } from "./attempts/files.ts";
import { spec } from "../sandbox/support.ts";

attackInGroups(FILE_GROUPS);

attack("[SBX-ATT-11] a link that lies in the folder is never followed: the host refuses to run", async (arena) => {
  const { run, work, secrets } = arena;
  await run("1");
  for (const [name, target] of [["file", `${secrets}/secret.txt`], ["folder", secrets], ["proc", "/proc/self"]]) {
    Deno.symlinkSync(target ?? "", `${work}/${name}`);
    const result = await run(
      `console.log(Deno.readTextFileSync("${name}"), Deno.readTextFileSync("${name}/secret.txt"))`,
    );
    assertEquals([result.ok, result.ended, result.stdout], [false, "denied", ""]);
    Deno.removeSync(`${work}/${name}`);
  }
  assert((await run("console.log('fine')")).ok);
});

attack("[SBX-ATT-12] code that deletes its own folder harms nobody", async ({ run, work }) => {
  const result = await run(DELETES_ITSELF);
  assert(result.ended === "exit", JSON.stringify(result));
  assert(Deno.lstatSync(work).isDirectory);
  const next = await run("Deno.writeTextFileSync('a', 'x'); console.log('fine')");
  assertEquals([next.ok, next.files], [true, ["a"]], next.stderr);
});

attack("[SBX-ATT-13] names of every kind are made, listed and never taken for something else", async ({ run }) => {
  const result = await run(`for (const name of ${JSON.stringify(ODD_NAMES)}) Deno.writeTextFileSync(name, "x");
    try { Deno.writeTextFileSync("x".repeat(256), "x"); } catch (error) { console.log(error.name); }`);
  assertEquals(result.files.toSorted(), ODD_NAMES.toSorted());
  assert(/^\w+\n$/.test(result.stdout), result.stdout);
});

attack("[SBX-ATT-14] two sessions at once see nothing of each other", async (arena: Arena) => {
  const hello = `
    const A = ${JSON.stringify({ work: arena.work, sibling: arena.sibling })};
    const said = [];
    const channel = new BroadcastChannel("meet");
    channel.onmessage = (event) => said.push("heard " + event.data);
    for (let i = 0; i < 20; i++) {
      channel.postMessage("mine" + Deno.pid);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    channel.close();
    for (const path of [A.work, A.sibling]) {
      try { Deno.writeTextFileSync(path + "/note", "x"); said.push("wrote"); } catch { said.push("refused"); }
    }
    try { Deno.removeSync(A.work + "/note"); } catch {}
    try { Deno.removeSync(A.sibling + "/note"); } catch {}
    console.log(said.join(" "));`;
  const [one, two] = await Promise.all([arena.run(spec(hello)), arena.runElsewhere(spec(hello))]);
  const own = arena.level === "bwrap" ? "refused refused\n" : undefined;
  assertEquals(one.stdout, own ?? "wrote refused\n");
  assertEquals(two.stdout, own ?? "refused wrote\n");
});
