// The disk of the data folder is full, in the middle of everything: a small tmpfs that the test fills to its last byte.
//
// Mounting one needs root; elsewhere the test is left out, and tests/store/full_disk_test.ts stands for the store alone.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startServer, type TestServer } from "../support/server.ts";
import { allEvents, ask, type Reached, send, startTask, until } from "./support/api.ts";

const SIZE = "100m";
const mount = async (...args: string[]) =>
  (await new Deno.Command(args[0] ?? "", { args: args.slice(1) }).output()).success;

/** Whether a tmpfs can be mounted here. */
const mounts = await (async () => {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const folder = await Deno.makeTempDir();
  const good = await mount("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder).catch(() => false);
  if (good) await mount("umount", folder);
  await Deno.remove(folder);
  return good;
})();

const fence = (code: string) => `\n\`\`\`ts\n${code}\n\`\`\`\n`;
const PRINTS = `# Prints\n\n## One\n${
  fence(`for (let i = 0; i < 1500; i++) {
  console.log("line", i, "x".repeat(500));
  await new Promise((resolve) => setTimeout(resolve, 5));
}`)
}`;
const WAITS = `# Waits\n\n## One\n\n> approve: Is there room?\n${fence(`console.log("there is");`)}`;
const PLAIN = "# Plain\n\n## One\n\nNothing runs.\n";

/** Takes every byte that is left. */
function fill(path: string): void {
  using file = Deno.openSync(path, { create: true, append: true });
  for (const size of [65_536, 4096, 64, 1]) {
    try {
      while (file.writeSync(new Uint8Array(size)) > 0);
    } catch (error) {
      assertStringIncludes(String(error), "No space left");
    }
  }
}

/** Asks for the same again until it is refused for lack of room: what the store had kept for itself is used up then. */
async function untilFull(server: Reached, filler: string) {
  for (let tries = 0; tries < 50; tries++) {
    fill(filler);
    const answer = await send(server, "POST", "/api/tasks", { task: PLAIN, config: { mode: "one-shot" } });
    // A busy machine may leave one in doubt, or the store away for a moment: neither is a full disk.
    if (answer.json?.["code"] === "full") return answer;
  }
  throw new Error("the disk never was full");
}

/** What ready says when it says no; it may say for 5 s what it found before. */
async function notReady(server: Reached) {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await send(server, "GET", "/api/ready");
    if (answer.status === 503) return answer;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("ready never said that the disk is full");
}

Deno.test({
  name:
    "[FULL1] a full disk: 503 that says so, ready says so, reads go on; with room again everything that was seen is there",
  ignore: !mounts,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "holdfast-full-" });
    assert(await mount("mount", "-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", folder));
    const servers: TestServer[] = [];
    try {
      await fullDisk(folder, servers);
    } finally {
      await Promise.all(servers.map((server) => server.kill()));
      assert(await mount("umount", folder));
      await Deno.remove(folder);
    }
  },
});

async function fullDisk(folder: string, servers: TestServer[]): Promise<void> {
  const data = `${folder}/data`;
  const filler = `${folder}/filler`;
  const env = { HOLDFAST_TOKEN: "full-disk-token-0123456789" };
  const first = await startServer({ data, env });
  servers.push(first);
  const waits = await startTask(first, WAITS);
  const { approval_id } = (await until(first, waits.session_id, "approval_requested")).data;
  const prints = await startTask(first, PRINTS);
  await until(first, prints.session_id, "output");
  const refused = await untilFull(first, filler);
  assertEquals(refused.status, 503, refused.text);
  const answer = { resolution: "approved" };
  const path = `/api/approvals/${approval_id}/resolve`;
  const late = await send(first, "POST", path, answer);
  assertEquals([late.status, late.json?.["code"]], [503, "full"], late.text);
  assertStringIncludes(late.text, "the disk of the store is full");
  const ready = await notReady(first);
  assertStringIncludes(ready.text, "full");
  const seen = await allEvents(first, prints.session_id);
  assertEquals((await ask(first, "GET", `/api/approvals/${approval_id}`))["status"], "pending");
  await first.kill();
  // Started while it is full, it waits, and goes on by itself.
  const starting = startServer({ data, env });
  await Deno.remove(filler);
  const server = await starting;
  servers.push(server);
  await ask(server, "POST", path, answer);
  await until(server, waits.session_id, "complete");
  await until(server, prints.session_id, "complete");
  const after = await allEvents(server, prints.session_id);
  assertEquals(after.slice(0, seen.length), seen);
  assertEquals(after.map(({ seq }) => seq), after.map((_, i) => i + 1));
  const printed = (await allEvents(server, waits.session_id)).filter(({ event_type }) => event_type === "output");
  assertEquals(printed.map(({ data }) => data["message"]), ["there is"]);
  assertEquals((await ask(server, "GET", `/api/runs/${waits.run_id}`))["status"], "completed");
  const ended = await ask(server, "GET", `/api/runs/${prints.run_id}`);
  if (ended["status"] !== "completed") assertStringIncludes(JSON.stringify(ended["error"]), "disk of the server is");
  assertEquals(await server.close(), 0);
}
