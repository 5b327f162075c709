// Lists of runs and approvals: order, pages, totals, what is not seen.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { keys } from "@/lib/store/keys.ts";
import { toCursor } from "@/lib/store/listing.ts";
import { dropEarlyCancel, earlyCancelRow, readEarlyCancel } from "@/lib/store/runs.ts";
import { answerCommand, askCommand, OWNER, SESSION, SYSTEM, uuid } from "../engine/support/story.ts";
import { Place } from "./support.ts";

const S2 = SESSION.replace("7b", "7c");
const all = () => true;

/** Three runs in two sessions, one after the other, each over but the last of each. */
async function runsOf(place: Place): Promise<void> {
  for (const [n, session_id] of [SESSION, S2].entries()) {
    await place.create(session_id);
    for (let i = 0; i < 3; i++) {
      place.clock.skip(1000);
      const run_id = `run-${n}-${i}`;
      await place.start(session_id, { run_id });
      if (i < 2) await place.say(session_id, { by: OWNER, command: { type: "cancel_run", run_id } });
    }
  }
}

Deno.test("[ST-RUNS] runs of a session, the newest first, page by page", async () => {
  await using place = await Place.open();
  await runsOf(place);
  const first = await place.store.runs.list(SESSION, { limit: 2 });
  assertEquals([first.items.map((run) => run.run_id), first.total], [["run-0-2", "run-0-1"], 3]);
  const second = await place.store.runs.list(SESSION, { limit: 2, cursor: first.next_cursor! });
  assertEquals([second.items.map((run) => run.run_id), second.next_cursor], [["run-0-0"], null]);
});

Deno.test("[ST-RUNS] runs of all sessions in a time, only those that may be seen", async () => {
  await using place = await Place.open();
  const begin = place.clock.now();
  await runsOf(place);
  const { runs } = place.store;
  const found: string[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page = await runs.between({ limit: 4, visible: all, ...(cursor ? { cursor } : {}) });
    assertEquals(page.total, 6);
    found.push(...page.items.map((run) => run.run_id));
    cursor = page.next_cursor;
  }
  assertEquals(found, ["run-1-2", "run-1-1", "run-1-0", "run-0-2", "run-0-1", "run-0-0"]);
  const some = await runs.between({ since_ms: begin + 2000, until_ms: begin + 5000, limit: 10, visible: all });
  assertEquals(some.items.map((run) => run.run_id), ["run-1-0", "run-0-2", "run-0-1"]);
  const seen = await runs.between({ limit: 10, visible: (session_id) => session_id === S2 });
  assertEquals([seen.items.length, seen.total], [3, 3]);
});

Deno.test("[ST-RUNS] the newest runs of all sessions since a time, as many as asked for", async () => {
  await using place = await Place.open();
  const begin = place.clock.now();
  await runsOf(place);
  const newest = async (since_ms: number, most: number) =>
    (await Array.fromAsync(place.store.runs.newest({ since_ms, most }))).map((run) => run.run_id);
  assertEquals(await newest(0, 4), ["run-1-2", "run-1-1", "run-1-0", "run-0-2"]);
  assertEquals(await newest(begin + 5000, 10), ["run-1-2", "run-1-1"]);
});

Deno.test("[ST-CURSOR] a foreign cursor is invalid, by name", async () => {
  await using place = await Place.open();
  for (const cursor of ["nonsense", "", toCursor(["a", "b", "c"]), "%"]) {
    const error = await assertRejects(() => place.store.runs.list(SESSION, { limit: 1, cursor }), AppError);
    assertEquals([error.code, error.details.errors?.[0]?.path], ["invalid", "cursor"]);
  }
});

Deno.test("[ST-CANCEL] a cancel before its run is kept 60 s; one that comes after it is told so", async () => {
  await using place = await Place.open();
  const { runs } = place.store;
  const now = place.clock.now();
  const cancel = { by: "u-ada", at: "2026-01-05T09:00:00.000Z", now };
  assertEquals(await runs.keepCancel("run-9", cancel), true);
  assertEquals(await runs.keepCancel("run-9", cancel), true);
  const entry = await place.kv.get(keys.earlyCancel("run-9", "u-ada"));
  assertEquals(readEarlyCancel(entry, now + 59_999), { by: "u-ada", at: cancel.at });
  assertEquals(readEarlyCancel(entry, now + 60_000), null);
  assertEquals(dropEarlyCancel("run-9", "u-ada").key, earlyCancelRow("run-9", cancel).key);
  await place.create(SESSION);
  await place.start(SESSION, { run_id: "run-9" });
  assertEquals(await runs.keepCancel("run-9", cancel), false);
});

async function asked(place: Place, session_id: string, run_id: string, from: number): Promise<void> {
  await place.create(session_id);
  await place.start(session_id, { run_id, begun: true });
  for (let n = 0; n < 3; n++) {
    const { head } = await place.store.sessions.state(session_id);
    const by = { kind: "run", session_id, run_id, fence: head.fence } as const;
    const command = askCommand(`k${n}`, uuid(from + n), { timeout_s: 1000 - 10 * n - from });
    await place.say(session_id, { by, command });
  }
}

Deno.test("[ST-APPROVALS] the nearest deadline first, page by page; answered ones move to their status", async () => {
  await using place = await Place.open();
  const { approvals } = place.store;
  await asked(place, SESSION, "run-a", 1);
  await asked(place, S2, "run-b", 5);
  const ids = (list: { items: { row: { approval_id: string } }[] }) => list.items.map(({ row }) => row.approval_id);
  const order = [7, 3, 6, 2, 5, 1].map(uuid);
  const first = await approvals.list({ status: "pending", limit: 4, visible: all });
  assertEquals([ids(first), first.total], [order.slice(0, 4), 6]);
  const second = await approvals.list({ status: "pending", limit: 4, visible: all, cursor: first.next_cursor! });
  assertEquals([ids(second), second.next_cursor], [order.slice(4), null]);

  const ask = (await approvals.get(SESSION, uuid(3)))!.ask;
  assertEquals(ask.action, "Do it");
  await place.say(SESSION, { by: OWNER, command: answerCommand(uuid(3), "approved"), outside: { ask } });
  assertEquals(ids(await approvals.list({ status: "resolved", limit: 9, visible: all })), [uuid(3)]);
  assertEquals(ids(await approvals.list({ limit: 9, visible: all })), order);
  const mine = { limit: 2, session_id: SESSION, visible: all };
  const own = await approvals.list(mine);
  assertEquals([ids(own), own.total], [[uuid(3), uuid(2)], 3]);
  assertEquals(ids(await approvals.list({ ...mine, cursor: own.next_cursor! })), [uuid(1)]);
  assertEquals((await approvals.list({ ...mine, visible: () => false })).total, 0);
  assertEquals((await approvals.list({ limit: 9, visible: (id) => id === S2 })).total, 3);
});

Deno.test("[ST-APPROVALS] the end of a run cancels what is pending, in the lists too; a delete hides all at once", async () => {
  await using place = await Place.open();
  await asked(place, SESSION, "run-a", 1);
  const { approvals } = place.store;
  assertEquals(await approvals.sessionOf(uuid(1)), SESSION);
  await place.say(SESSION, { by: OWNER, command: { type: "cancel_run", run_id: "run-a" } });
  const { head } = await place.store.sessions.state(SESSION);
  await place.say(SESSION, { by: SYSTEM, command: { type: "settle_run", run_id: "run-a", fence: head.fence } });
  assertEquals((await approvals.list({ status: "cancelled", limit: 9, visible: all })).total, 3);
  assertEquals((await approvals.list({ status: "pending", limit: 9, visible: all })).total, 0);
  await place.say(SESSION, { by: OWNER, command: { type: "delete_session" } });
  assertEquals(await approvals.sessionOf(uuid(1)), null);
  assertEquals(await approvals.sessionOf(uuid(99)), null);
  assertEquals(await approvals.get(SESSION, uuid(99)), null);
  assert(!place.store.summaries.sees({ id: OWNER.id, admin: true }, SESSION));
});

Deno.test("[ST-DUE] what is due comes in order of time; a row that nothing answers to can be dropped", async () => {
  await using place = await Place.open();
  await asked(place, SESSION, "run-a", 1);
  const { due } = place.store;
  const now = place.clock.now();
  assertEquals(await due.list({ now, limit: 10 }), []);
  const later = await due.list({ now: now + 2_000_000, limit: 10 });
  assertEquals(
    later.map(({ kind, id, session_id }) => [kind, id, session_id]),
    [3, 2, 1].map((n) => {
      return ["approval", uuid(n), SESSION];
    }),
  );
  assertEquals(await due.next(), later[0]!.time_ms);
  assertEquals((await due.list({ now: later[0]!.time_ms, limit: 10 })).length, 1);
  await due.drop(later[0]!);
  assertEquals(await due.next(), later[1]!.time_ms);
  await place.create(S2);
  await place.start(S2, { run_id: "run-b" });
  assertEquals((await due.list({ now, limit: 10 })).map(({ kind, id, time_ms }) => [kind, id, time_ms]), [
    ["run", "run-b", 0],
  ]);
});

Deno.test("[ST-LEASE] the lease row says who executes; it goes with the claim's end", async () => {
  await using place = await Place.open();
  await place.create(SESSION);
  await place.start(SESSION, { run_id: "run-a", begun: true });
  const lease = await place.store.leases.get("run-a");
  assertEquals(lease, { run_id: "run-a", session_id: SESSION, instance: "instance-a", fence: 1 });
  assertEquals(await place.store.leases.list(), [lease!]);
  const requeue = { type: "requeue_run", run_id: "run-a", fence: 1, reason: "drain", loss: false } as const;
  await place.say(SESSION, { by: SYSTEM, command: requeue });
  assertEquals(await place.store.leases.list(), []);
});
