// What can be asked of a service at rest, against its records and against the model: lists, counts, views, logs.
import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "@/lib/config.ts";
import { presentSession } from "@/lib/engine/present.ts";
import type { SessionState } from "@/lib/engine/state.ts";
import { isFinal } from "@/lib/model/run.ts";
import { engineSettings } from "@/lib/service/create.ts";
import type { ModelSession } from "./history_model.ts";
import { ADMIN, type World } from "./world.ts";

/** Settings of the histories: every deadline is short. */
export const ENV = {
  APPROVAL_TIMEOUT: "6",
  SESSION_TTL: "20",
  RUN_TIMEOUT: "604800",
  HOLDFAST_WAIT_HOLD: "2",
  HOLDFAST_MAX_TAKEOVERS: "100",
};
export const SETTINGS = engineSettings(parseConfig(ENV));

/** Compares everything. Throws where something differs. */
export async function compareAll(world: World, sessions: readonly ModelSession[]): Promise<void> {
  const { holdfast } = world;
  // What is durable is told to lists a moment later, and before its commands are answered.
  await world.until(() => world.store.writer.backlog_bytes === 0);
  const shown = await Promise.all(sessions.map((one) => world.state(one.session_id)));
  const list = await holdfast.query.sessions(ADMIN, { limit: 200 });
  const byId = (a: { session_id: string }, b: { session_id: string }) => a.session_id < b.session_id ? -1 : 1;
  const records = shown.map((state) => presentSession(state, SETTINGS)).sort(byId);
  assertEquals(list.items.sort(byId), records, "the list is the records");
  await comparePulse(world, shown);
  for (const [n, session] of sessions.entries()) {
    const state = shown[n];
    if (state !== undefined) await compareOne(world, session, state);
  }
}

async function comparePulse(world: World, states: readonly SessionState[]): Promise<void> {
  const { needs_you, running, queued, by_status } = await world.holdfast.query.pulse(ADMIN);
  const count = (status: string) => states.filter((state) => state.run?.status === status).length;
  const pending = states.filter((state) =>
    state.run !== null && !isFinal(state.run) &&
    [...state.approvals.values()].some((row) => row.status === "pending")
  ).length;
  assertEquals(
    [needs_you, running, queued],
    [pending, count("running"), count("queued")],
    "the pulse is the records",
  );
  const statuses: Record<string, number> = {};
  for (const { session } of states) {
    if (session !== null) statuses[session.status] = (statuses[session.status] ?? 0) + 1;
  }
  const counted = Object.fromEntries(Object.entries(by_status).filter(([, n]) => n > 0));
  assertEquals(counted, statuses, "the pulse counts statuses");
}

async function compareOne(world: World, session: ModelSession, state: SessionState): Promise<void> {
  const { session_id } = session;
  const { query } = world.holdfast;
  const record = presentSession(state, SETTINGS);
  assertEquals([record.version, record.pinned], [session.version, session.pinned], "version and pin");
  const { view, as_of_seq } = await query.view(ADMIN, session_id);
  assertEquals([view.status, view.wait?.on, view.wait?.asked], [record.status, record.wait?.on, record.wait?.asked]);
  assertEquals(as_of_seq, record.head_seq, "the view is up to date");
  assertEquals(session.run?.pausing ?? false, state.run?.status === "running" && state.run.pause !== undefined);
  const { events } = await query.events(ADMIN, session_id, { limit: 1000 });
  assertEquals(events.map((event) => event.seq), events.map((_, n) => n + 1), "seqs are gapless");
  const approvals = await query.approvals(ADMIN, { session_id, status: "pending", limit: 200 });
  assertEquals(approvals.items.length, record.pending_approvals, "pending approvals");
  const runs = await query.sessionRuns(ADMIN, session_id, { limit: 200 });
  const open = runs.items.filter((run) => !["completed", "failed", "cancelled"].includes(run.status));
  assert(open.length <= 1, "one open run");
}
