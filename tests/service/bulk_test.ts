import { assert, assertEquals } from "@std/assert";
import type { BulkAction } from "@/lib/engine/bulk.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, OTHER, type World } from "./support/world.ts";

const asking = workflow("asking", async (ctx) => {
  const { verb } = await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
  return verb;
});
const quick = workflow("quick", () => Promise.resolve("done"));
const UNKNOWN = "00000000-0000-4000-8000-00000000ffff";

async function startIn(world: World, mode: string, status: string, who = ADMIN): Promise<string> {
  const { session_id } = await world.holdfast.startTask(who, { task: "T", config: { mode } });
  await world.status(session_id, status);
  return session_id;
}
async function bulk(world: World, ids: string[], action: BulkAction, who = ADMIN): Promise<string[]> {
  const results = await world.holdfast.bulk(who, { ids, action, now: false });
  return results.map((one) => one.ok ? one.message : one.code ?? "");
}

Deno.test("[BULK1] each session has its own result in the order of the ids: done, refused, unknown, another's", async () => {
  await using world = await openWorld({ workflows: [asking, quick] });
  const waiting = await startIn(world, "asking", "waiting");
  const done = await startIn(world, "quick", "completed");
  const foreign = await startIn(world, "asking", "waiting");
  const own = await startIn(world, "asking", "waiting", OTHER);
  assertEquals(await bulk(world, [waiting, done, UNKNOWN], "suspend"), ["Suspended", "wrong_state", "not_found"]);
  assertEquals(await bulk(world, [foreign, own], "cancel", OTHER), ["not_found", "Cancelled"]);
  assertEquals((await world.state(foreign)).run?.status, "waiting");
  assertEquals((await world.state(waiting)).run?.status, "paused");
});

Deno.test("[BULK2] the same again changes nothing and is no error; an id that is named twice counts once", async () => {
  await using world = await openWorld({ workflows: [asking] });
  const ids = [await startIn(world, "asking", "waiting"), await startIn(world, "asking", "waiting")];
  assertEquals(await bulk(world, [...ids, ...ids], "suspend"), ["Suspended", "Suspended"]);
  const seqs = async () => await Promise.all(ids.map(async (id) => (await world.state(id)).head.head_seq));
  const before = await seqs();
  assertEquals(await bulk(world, ids, "suspend"), ["Suspended already", "Suspended already"]);
  assertEquals(await seqs(), before);
  assertEquals(await bulk(world, ids, "resume"), ["Resumed; its run goes on", "Resumed; its run goes on"]);
  for (const id of ids) await world.status(id, "waiting");
  assertEquals(await bulk(world, ids, "resume"), ["Active already", "Active already"]);
  assertEquals(await bulk(world, ids, "cancel"), ["Cancelled", "Cancelled"]);
  assertEquals(await bulk(world, ids, "cancel"), ["Cancelled already", "Cancelled already"]);
  assertEquals(await bulk(world, ids, "delete"), ["Deleted", "Deleted"]);
  assertEquals(await bulk(world, ids, "delete"), ["not_found", "not_found"]);
});

Deno.test("[BULK3] 200 sessions at once, two requests against each other: every result is one of the two orders", async () => {
  await using world = await openWorld({ workflows: [asking] });
  const ids: string[] = [];
  for (let n = 0; n < 200; n++) {
    ids.push((await world.holdfast.createSession(ADMIN, { mode: "asking", config: {} })).session_id);
  }
  const [suspended, deleted] = await Promise.all([bulk(world, ids, "suspend"), bulk(world, ids, "delete")]);
  assert(suspended.every((one) => one === "Suspended" || one === "not_found"), [...new Set(suspended)].join());
  assertEquals([...new Set(deleted)], ["Deleted"]);
  assertEquals((await world.holdfast.query.sessions(ADMIN, { limit: 50 })).total, 0);
});
