// Files of sessions on a store that instances with disks of their own share.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { SharedFolders } from "@/lib/service/shared_folders.ts";
import { FakeClock } from "./support/fake_clock.ts";
import { FakeFolders } from "./support/fake_edges.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, type World } from "./support/world.ts";

const read = async (world: World, session_id: string, path: string) => {
  const { stream } = await world.holdfast.folders.open(session_id, path);
  return await new Response(stream).text();
};
async function pass(worlds: World[], ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await worlds[0]?.pass(500);
    for (const world of worlds) await world.pass(0);
  }
}
/** Writes in two blocks; hangs between them the first time. */
const writing = workflow("writing", async (ctx) => {
  await ctx.exec("one", { code: "one" });
  await ctx.step("wait", ({ attempt }) => attempt === 1 ? new Promise<null>(() => {}) : null);
  await ctx.exec("two", { code: "two" });
  return "done";
});
const OK = { ok: true, ended: "exit", exit_code: 0, stdout: "", stderr: "", value: null, duration_ms: 1 } as const;
/** What the blocks do on the disk of a world. */
function scripts(world: World, session: () => string, sizes: { big?: number } = {}): void {
  world.sandboxes.scripts.set("one", () => {
    world.folders.put(session(), "keep.txt", "kept");
    world.folders.put(session(), "deep/change.txt", "first");
    world.clock.advance(10);
    if (sizes.big) world.folders.put(session(), "big.bin", new Uint8Array(sizes.big));
    return Promise.resolve({ ...OK });
  });
  world.sandboxes.scripts.set("two", () => {
    world.folders.put(session(), "deep/change.txt", "second");
    return Promise.resolve({ ...OK });
  });
}

Deno.test("[SHF1] a takeover on another disk rebuilds the folder; what was told of files is told once", async () => {
  await using first = await openWorld({ workflows: [writing], shared: true, own_disk: true });
  let session_id = "";
  scripts(first, () => session_id);
  ({ session_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "writing" } }));
  await first.until(async () => (await first.state(session_id)).entries.get("wait")?.status === "open");
  const second = await first.next();
  scripts(second, () => session_id);
  await pass([first, second], 2_000);
  assertEquals(second.folders.files.get(session_id)?.size ?? 0, 0);
  first.crash();
  await pass([second], 9_000);
  await second.status(session_id, "completed");
  assertEquals(await read(second, session_id, "keep.txt"), "kept");
  assertEquals(await read(second, session_id, "deep/change.txt"), "second");
  const told = (await second.events(session_id)).filter((event) => event.event_type.startsWith("file_"))
    .map((event) => `${event.event_type} ${event.data["file_path"]}`);
  assertEquals(told, ["file_created deep/change.txt", "file_created keep.txt", "file_updated deep/change.txt"]);
});

Deno.test("[SHF2] every instance lists and opens the files of a session, and an upload on one is there on the other", async () => {
  const idle = workflow("idle", () => Promise.resolve(null));
  await using first = await openWorld({ workflows: [idle], shared: true, own_disk: true });
  const second = await first.next();
  const { session_id } = await first.holdfast.createSession(ADMIN, { mode: "idle", config: {} });
  const text = (value: string) => new TextEncoder().encode(value);
  await first.holdfast.folders.write(session_id, "in.txt", text("one"));
  assertEquals((await second.holdfast.query.files(ADMIN, session_id)).map((file) => file.path), ["in.txt"]);
  await second.holdfast.folders.write(session_id, "in.txt", text("two"));
  await second.holdfast.folders.write(session_id, "more.txt", text("three"));
  assertEquals(await read(first, session_id, "in.txt"), "two");
  assertEquals((await first.holdfast.query.files(ADMIN, session_id)).map((file) => file.path), ["in.txt", "more.txt"]);
  // Contents that no row names are gone: "one" is.
  const rows = await Array.fromAsync(second.gate.connection.kv.list({ prefix: ["file_part", session_id] }));
  assertEquals(new Set(rows.map((row) => row.key[2])).size, 2);
  await second.holdfast.execute(ADMIN, session_id, { type: "delete_session" });
  await first.until(async () => {
    await pass([first, second], 500);
    return !first.folders.files.has(session_id);
  }, "the copy on the other disk is gone");
  await first.until(async () => {
    await pass([first, second], 500);
    const left = await Array.fromAsync(second.gate.connection.kv.list({ prefix: ["file_part", session_id] }));
    return left.length === 0;
  }, "its contents are swept");
});

Deno.test("[SHF3] files over the limit end a start on another disk as files_not_shared; where they lie it goes on", async () => {
  await using first = await openWorld({ workflows: [writing], shared: true, own_disk: true });
  let session_id = "";
  scripts(first, () => session_id, { big: 50_000_001 });
  ({ session_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "writing" } }));
  await first.until(async () => (await first.state(session_id)).entries.get("wait")?.status === "open");
  const second = await first.next();
  scripts(second, () => session_id);
  await pass([first, second], 2_000);
  const listed = await second.holdfast.query.files(ADMIN, session_id);
  assertEquals(listed.map((file) => file.path), ["big.bin", "deep/change.txt", "keep.txt"]);
  const refused = await assertRejects(() => second.holdfast.folders.open(session_id, "big.bin"), AppError);
  assert(refused.message.includes("too large to be shared"), refused.message);
  assertEquals(await read(second, session_id, "keep.txt"), "kept");
  first.crash();
  await pass([second], 9_000);
  await second.status(session_id, "failed");
  const { run } = await second.state(session_id);
  assert(run?.status === "failed");
  assertEquals(run.error.type, "files_not_shared");
  assert(run.error.message.includes("big.bin"), run.error.message);
});

Deno.test("[SHF4] nothing is shared under a fence that is over, and nothing of a session that is gone", async () => {
  const idle = workflow("idle", () => Promise.resolve(null));
  await using world = await openWorld({ workflows: [idle], shared: true });
  const { session_id } = await world.holdfast.createSession(ADMIN, { mode: "idle", config: {} });
  const folders = new FakeFolders(new FakeClock());
  const mine = new SharedFolders({ folders, files: world.store.files, executes: () => true });
  folders.put(session_id, "late.txt", "late");
  await mine.share(session_id, 7);
  assertEquals(await world.store.files.list(session_id), []);
  await mine.share(session_id, (await world.state(session_id)).head.fence);
  assertEquals((await world.store.files.list(session_id)).map((file) => [file.path, file.stored]), [[
    "late.txt",
    true,
  ]]);
  await world.holdfast.execute(ADMIN, session_id, { type: "delete_session" });
  await assertRejects(() => mine.write(session_id, "after.txt", new Uint8Array(3)), AppError);
});

Deno.test("[SHF5] a leaf sees what was uploaded on another instance while its run waited", async () => {
  const seen: string[] = [];
  const asks = workflow("asks", async (ctx) => {
    await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
    const { content } = await ctx.tool("files_read", { path: "late.txt" });
    seen.push(content);
    return null;
  });
  await using first = await openWorld({ workflows: [asks], shared: true, own_disk: true });
  const { session_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "asks" } });
  await first.status(session_id, "waiting");
  const second = await first.next();
  await second.holdfast.folders.write(session_id, "late.txt", new TextEncoder().encode("from elsewhere"));
  const [approval] = (await first.holdfast.query.approvals(ADMIN, { session_id, limit: 1 })).items;
  await first.holdfast.resolveApproval(ADMIN, { approval_id: approval?.approval_id ?? "", resolution: "approved" });
  await pass([first, second], 1_000);
  await first.status(session_id, "completed");
  assertEquals(seen, ["from elsewhere"]);
});

Deno.test("[SHF6] where a run executes its folder is the truth: looking at it takes nothing away that is not shared yet", async () => {
  const idle = workflow("idle", () => Promise.resolve(null));
  await using world = await openWorld({ workflows: [idle], shared: true });
  const { session_id } = await world.holdfast.createSession(ADMIN, { mode: "idle", config: {} });
  const folders = new FakeFolders(new FakeClock());
  let executes = true;
  const mine = new SharedFolders({ folders, files: world.store.files, executes: () => executes });
  folders.put(session_id, "shared.txt", "first");
  await mine.share(session_id, (await world.state(session_id)).head.fence);
  folders.put(session_id, "shared.txt", "changed by the block at work");
  folders.put(session_id, "new.txt", "made by the block at work");
  const text = async (path: string) => await new Response((await mine.open(session_id, path)).stream).text();
  assertEquals((await mine.scan(session_id)).map((file) => file.path), ["new.txt", "shared.txt"]);
  assertEquals(await text("shared.txt"), "changed by the block at work");
  assertEquals((await mine.contents(session_id)).length, 2);
  assertEquals(await text("new.txt"), "made by the block at work");
  executes = false;
  assertEquals((await mine.scan(session_id)).map((file) => file.path), ["shared.txt"], "elsewhere it is a copy");
  assertEquals(await text("shared.txt"), "first");
});

Deno.test("[SHF7] a content is whole or not there", async () => {
  const idle = workflow("idle", () => Promise.resolve(null));
  await using world = await openWorld({ workflows: [idle], shared: true });
  const { session_id } = await world.holdfast.createSession(ADMIN, { mode: "idle", config: {} });
  const { files } = world.store;
  const gate = await files.gate(session_id, null);
  assert(gate !== null);
  const bytes = new Uint8Array(150_000).fill(7);
  assert(await files.keep(gate, "d", bytes));
  assertEquals(await files.content(session_id, "d"), bytes);
  const { kv } = world.gate.connection;
  const part = (await Array.fromAsync(kv.list({ prefix: ["file_part", session_id, "d"] }))).at(-1);
  await kv.atomic().delete(part!.key).commit();
  assertEquals(await files.content(session_id, "d"), null);
});

Deno.test("[SHF8] a folder whose session was deleted while its instance was down goes soon after the start; the others stay, those of another store too", async () => {
  const idle = workflow("idle", () => Promise.resolve(null));
  await using first = await openWorld({ workflows: [idle], shared: true, own_disk: true });
  const second = await first.next();
  const sessions = [];
  for (const _ of [1, 2]) {
    const { session_id } = await first.holdfast.createSession(ADMIN, { mode: "idle", config: {} });
    await first.holdfast.folders.write(session_id, "in.txt", new TextEncoder().encode("one"));
    await second.holdfast.query.files(ADMIN, session_id);
    sessions.push(session_id);
  }
  const [gone = "", kept = ""] = sessions;
  assertEquals(second.folders.files.has(gone), true);
  second.crash();
  await first.holdfast.execute(ADMIN, gone, { type: "delete_session" });
  const swept = async () => {
    await first.pass(500);
    return (await first.store.events.headSeq(gone)) === null && !first.folders.files.has(gone);
  };
  await first.until(swept, "the sweep");
  // This disk was used with another store before.
  const foreign = crypto.randomUUID();
  second.folders.put(foreign, "kept.txt", "of another store");
  const again = await first.next({ disk: second.folders });
  await again.until(() => !again.folders.files.has(gone), "the folder goes");
  await again.pass(2_000);
  assertEquals(new Set(again.folders.files.keys()), new Set([kept, foreign]));
});
