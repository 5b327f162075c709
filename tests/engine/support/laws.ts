// What holds after every decision, whatever it was: the laws that stories and the property test check.
import { assert, assertEquals } from "@std/assert";
import { differences } from "../../../lib/engine/layered.ts";
import { isShortSleep, isWait, openEntries } from "../../../lib/engine/open.ts";
import { presentSession } from "../../../lib/engine/present.ts";
import { project } from "../../../lib/engine/project.ts";
import type { Decision, EngineSettings, SessionState } from "../../../lib/engine/state.ts";
import { MAX_SUMMARY_BYTES } from "../../../lib/engine/summary.ts";
import { packSummary, unpackSummary } from "../../../lib/engine/summary_row.ts";
import type { SessionView } from "../../../lib/engine/view.ts";
import { ApprovalRow } from "../../../lib/model/approval.ts";
import { EVENT_DATA, type EventEnvelope, type EventType } from "../../../lib/model/event.ts";
import { JournalEntry, ScopeRow } from "../../../lib/model/journal.ts";
import { isFinal, RunRecord } from "../../../lib/model/run.ts";
import { Head, SessionRecord } from "../../../lib/model/session.ts";
import { Session } from "../../../lib/protocol/rest.ts";

/** A decision that changed something, with what stood before it. */
export interface Step {
  before: SessionState;
  decision: Extract<Decision, { state: SessionState }>;
  /** Its events as they stand in the log. */
  fresh: readonly EventEnvelope[];
  /** The view after them. */
  view: SessionView;
  settings: EngineSettings;
  now: number;
}

/** Checks every law. */
export function checkLaws(step: Step): void {
  const { state } = step.decision;
  Head.parse(state.head);
  assertEquals(state.head.head_seq, step.before.head.head_seq + step.fresh.length, "the head moves by the events");
  assert(state.head.fence >= step.before.head.fence, "the fence never goes back");
  if (state.session === null) return;
  SessionRecord.parse(state.session);
  if (state.run !== null) RunRecord.parse(state.run);
  lawOfChangedRows(step);
  lawOfFinalRuns(step);
  lawOfEvents(step);
  lawOfProjection(step);
  lawOfViews(step);
}

function lawOfChangedRows({ before, decision: { state } }: Step): void {
  const sameRun = before.run?.run_id === state.run?.run_id;
  const old = sameRun ? before : { ...before, entries: new Map(), scopes: new Map(), approvals: new Map() };
  for (const [, entry] of differences(old.entries, state.entries)) JournalEntry.parse(entry);
  for (const [, scope] of differences(old.scopes, state.scopes)) ScopeRow.parse(scope);
  for (const [, row] of differences(old.approvals, state.approvals)) ApprovalRow.parse(row);
  if (!sameRun) return;
  for (const [key, entry] of before.entries) {
    const now = state.entries.get(key);
    // Of a gate it is noted once that its answer was used.
    const used = entry.kind === "gate" && entry.status !== "open" && now?.status !== "open" ? { used: now?.used } : {};
    if (entry.status !== "open") assertEquals({ ...now, used: 0 }, { ...entry, ...used, used: 0 }, `${key} stays`);
    else assert(now !== undefined, `the entry ${key} stays`);
  }
  for (const [id, row] of before.approvals) {
    if (row.status !== "pending") assertEquals(state.approvals.get(id), row, "a closed approval stays");
  }
}

function lawOfFinalRuns({ before, decision: { state } }: Step): void {
  const { run } = before;
  if (run === null || !isFinal(run)) {
    if (run !== null && state.run?.run_id !== run.run_id) throw new Error("a run was replaced before its end");
    return;
  }
  if (state.run?.run_id === run.run_id) assertEquals(state.run, run, "a final run never changes");
  else assert(state.run?.status === "queued" || state.run?.status === "cancelled", "a new run is queued");
}

function lawOfEvents({ before, decision: { state }, fresh }: Step): void {
  for (const event of fresh) {
    const schema = EVENT_DATA[event.event_type as EventType];
    assert(schema !== undefined, `${event.event_type} is a type`);
    schema.parse(event.data);
  }
  const { run } = state;
  if (run === null || !isFinal(run) || (before.run?.run_id === run.run_id && isFinal(before.run))) return;
  const told = fresh.filter((event) => event.run_id === run.run_id).map((event) => event.event_type);
  assertEquals(told.at(-1), "complete", "complete is the last event of a run");
  const first = { completed: "result", failed: "error", cancelled: "workflow_cancelled" }[run.status];
  const from = fresh.findLastIndex((event) => event.event_type === first);
  assert(from >= 0, `the end says ${first}`);
  const end = fresh.slice(from).map((event) =>
    event.event_type === "workflow_state_changed" ? `${event.data["subject"]}` : event.event_type
  );
  const moves = run.status !== "cancelled" && state.session?.status !== "suspended";
  const session = moves ? ["session"] : [];
  assertEquals(end, [first, "run", ...session, "complete"], "the end of a run stands in its order");
  for (const row of state.approvals.values()) assert(row.status !== "pending", "no approval outlives its run");
}

function lawOfProjection({ decision: { state }, settings }: Step): void {
  const { due, lease, summary } = project(state, settings);
  assert(summary !== null);
  const bytes = new TextEncoder().encode(JSON.stringify(packSummary(summary))).length;
  assert(bytes <= MAX_SUMMARY_BYTES, `a summary of ${bytes} bytes`);
  assertEquals(unpackSummary(packSummary(summary)), summary, "a summary survives its row");
  assertEquals(lease !== null, state.run?.status === "running", "a run has a lease exactly while it is running");
  assertEquals(due.some((one) => one.kind === "run"), state.run?.status === "queued", "the queue is due");
  const pending = [...state.approvals.values()].filter((row) => row.status === "pending");
  assertEquals(due.filter((one) => one.kind === "approval").length, pending.length, "each pending approval is due");
}

function lawOfViews({ decision: { state }, settings, view }: Step): void {
  const session = Session.parse(presentSession(state, settings));
  const rests = session.status === "completed" || session.status === "failed" || session.status === "expired";
  assertEquals(session.wait === null, rests && state.run?.status !== "running", "exactly one wait, or none at rest");
  assertEquals(view.seq, session.head_seq);
  assertEquals(
    [view.status, view.runs.at(-1)?.status ?? null],
    [session.status, session.run_status],
    "the view agrees",
  );
  assertEquals([view.wait?.on, view.wait?.id], [session.wait?.on, session.wait?.id], "the view waits for the same");
  const told = openEntries(state).filter((entry) => isWait(entry) && !isShortSleep(entry) && !entry.approval_id);
  const open = state.run === null || isFinal(state.run) ? [] : told.map(({ key }) => key);
  assertEquals(view.waits.map(({ id }) => id).sort(), open.sort(), "the view shows the waits that are open");
  const pending = [...state.approvals.values()].filter((row) => row.status === "pending");
  assertEquals(view.pending.length, pending.length, "the view has the same open questions");
  if (state.run?.plan !== undefined && !isFinal(state.run)) {
    assertEquals(view.dag?.nodes.map((node) => node.status) ?? [], state.run.plan.nodes.map((node) => node.status));
  }
  assertEquals(view.name, session.name);
}
