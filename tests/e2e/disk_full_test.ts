// The disk of the data folder is full, in the middle of everything: a small tmpfs that the test fills to its last byte.
//
// Mounting one needs root; elsewhere the test is left out, and tests/store/full_disk_test.ts stands for the store alone.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startServer, type TestServer } from "../support/server.ts";
import { allEvents, ask, type Reached, send, startTask, until } from "./support/api.ts";

const SIZE = "100m";
const APPROVED = { resolution: "approved" };
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

/** Sandboxes that were killed with their server may still let go of their files. */
async function unmount(folder: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await mount("umount", folder)) return await Deno.remove(folder);
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`"${folder}" is still in use`);
}

const fence = (code: string) => `\n\`\`\`ts\n${code}\n\`\`\`\n`;
const PRINTS = `# Prints\n\n## One\n${
  fence(`for (let i = 0; i < 1500; i++) {
  console.log("line", i, "x".repeat(500));
  await new Promise((resolve) => setTimeout(resolve, 5));
}`)
}`;
const WAITS = `# Waits\n\n## One\n\n> approve: Is there room?\n${fence(`console.log("there is");`)}`;
/** Large: the store has some MB of its write-ahead log in hand. */
const PLAIN = `# Plain\n\n## One\n\nNothing runs. ${"x".repeat(40_000)}\n`;

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
  const told: string[] = [];
  for (let tries = 0; tries < 300; tries++) {
    fill(filler);
    const answer = await send(server, "POST", "/api/tasks", { task: PLAIN, config: { mode: "one-shot" } });
    // A busy machine may leave one in doubt, or the store away for a moment: neither is a full disk.
    if (answer.json?.["code"] === "full") return answer;
    told.push(answer.status === 202 || answer.status === 201 ? "" : answer.text.slice(0, 200));
  }
  throw new Error(
    `the disk never was full; ${told.length} answers, of them no success: ${told.filter(Boolean).join()}`,
  );
}

/**
 * Gives one answer after the other, each when the store is full; what it has given back to itself may be room enough for
 * one. Returns the approvals whose answers were refused.
 */
async function answersWhileFull(server: Reached, filler: string, approvals: string[]) {
  const open: string[] = [];
  for (const path of approvals) {
    await untilFull(server, filler);
    const told = await send(server, "POST", `${path}/resolve`, APPROVED);
    if (told.status === 200) continue;
    assertEquals([told.status, told.json?.["code"]], [503, "full"], told.text);
    assertStringIncludes(told.text, "the disk of the store is full");
    open.push(path);
  }
  return open;
}

/** What ready says when it says no; it may say for 5 s what it found before, and what it finds may be room. */
async function notReady(server: Reached, filler: string) {
  for (let tries = 0; tries < 300; tries++) {
    fill(filler);
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
      await unmount(folder);
    }
  },
});

async function fullDisk(folder: string, servers: TestServer[]): Promise<void> {
  const data = `${folder}/data`;
  const filler = `${folder}/filler`;
  const env = { HOLDFAST_TOKEN: "full-disk-token-0123456789" };
  const first = await startServer({ data, env });
  servers.push(first);
  const waiting = await Promise.all(Array.from({ length: 8 }, () => startTask(first, WAITS)));
  const asked = await Promise.all(waiting.map(async ({ session_id }) => {
    const { approval_id } = (await until(first, session_id, "approval_requested")).data;
    return `/api/approvals/${approval_id}`;
  }));
  const prints = await startTask(first, PRINTS);
  await until(first, prints.session_id, "output");
  const refused = await untilFull(first, filler);
  assertEquals(refused.status, 503, refused.text);
  const open = await answersWhileFull(first, filler, asked);
  const ready = await notReady(first, filler);
  assertStringIncludes(ready.text, "full");
  const seen = await allEvents(first, prints.session_id);
  const standing = async (server: Reached) =>
    await Promise.all(asked.map(async (path) => (await ask(server, "GET", path))["status"]));
  const told = asked.map((path) => open.includes(path) ? "pending" : "resolved");
  assertEquals(await standing(first), told);
  await first.kill();
  // Started while it is full, it waits, and goes on by itself.
  const starting = startServer({ data, env });
  await Deno.remove(filler);
  const server = await starting;
  servers.push(server);
  assertEquals(await standing(server), told);
  for (const path of open) await ask(server, "POST", `${path}/resolve`, APPROVED);
  for (const { session_id } of waiting) await until(server, session_id, "complete");
  await until(server, prints.session_id, "complete");
  const after = await allEvents(server, prints.session_id);
  assertEquals(after.slice(0, seen.length), seen);
  assertEquals(after.map(({ seq }) => seq), after.map((_, i) => i + 1));
  for (const { session_id, run_id } of waiting) {
    const printed = (await allEvents(server, session_id)).filter(({ event_type }) => event_type === "output");
    assertEquals(printed.map(({ data }) => data["message"]), ["there is"]);
    assertEquals((await ask(server, "GET", `/api/runs/${run_id}`))["status"], "completed");
  }
  const ended = await ask(server, "GET", `/api/runs/${prints.run_id}`);
  if (ended["status"] !== "completed") assertStringIncludes(JSON.stringify(ended["error"]), "disk of the server is");
  assertEquals(await server.close(), 0);
}
