// What a session waits for: always exactly one thing, or null at rest. Computed here and stored nowhere else.
//
//   The first that fits: run, recovery, resume, queue, approval, message, timer, task. (`run` and `recovery` exclude each
//   other: a run whose lease has ended is executed by nobody.) The same order for records (`waitOf`) and for the view of
//   a client (`waitFor`), which knows only what events say.
import type { ApprovalRow } from "../model/approval.ts";
import type { OpenEntry } from "../model/journal.ts";
import { isFinal, type RunRecord, type RunStatus } from "../model/run.ts";
import type { SessionRecord, SessionStatus, Wait } from "../model/session.ts";

/** What the wait of a session depends on beside its records. */
export interface WaitExtras {
  /** Open leaves of the run (`openEntries(state)`). */
  readonly open: readonly OpenEntry[];
  /** The lease of the run has ended: its instance is gone. */
  readonly lease_ended?: boolean;
  /** Place in the queue, from 1. */
  readonly position?: number;
  readonly estimate_s?: number;
}

/** The facts that decide a wait. */
export interface WaitFacts {
  readonly status: SessionStatus;
  /** When the session came to rest in its status. */
  readonly since: string;
  readonly run: { readonly run_id: string; readonly status: RunStatus; readonly since: string } | null;
  /** Pending approvals, messages waited for and timers, in any order. */
  readonly open: readonly { on: "approval" | "message" | "timer"; id: string; since: string; until?: string }[];
  readonly lease_ended: boolean;
  readonly position?: number;
  readonly estimate_s?: number;
}

/** Computes what a session waits for. */
export function waitOf(
  session: SessionRecord,
  run: RunRecord | null,
  approvals: readonly ApprovalRow[],
  extras: WaitExtras,
): Wait {
  const { position, estimate_s } = extras;
  return waitFor({
    status: session.status,
    since: session.updated_at,
    run: run === null || isFinal(run) ? null : { run_id: run.run_id, status: run.status, since: sinceOf(run) },
    open: [...approvals.flatMap(approvalFact), ...extras.open.flatMap(entryFact)],
    lease_ended: extras.lease_ended ?? false,
    ...(position === undefined ? {} : { position }),
    ...(estimate_s === undefined ? {} : { estimate_s }),
  });
}

/** Computes what a session waits for from plain facts. */
export function waitFor(facts: WaitFacts): Wait {
  const { run } = facts;
  if (run?.status === "running") {
    return { on: facts.lease_ended ? "recovery" : "run", id: run.run_id, since: run.since };
  }
  switch (facts.status) {
    case "suspended":
      return { on: "resume", since: run?.status === "paused" ? run.since : facts.since };
    case "completed":
    case "failed":
    case "expired":
      return null;
    case "active":
      return run === null ? { on: "task", since: facts.since } : waitOfRun(facts, run);
    default:
      return facts.status satisfies never;
  }
}

function waitOfRun(facts: WaitFacts, run: NonNullable<WaitFacts["run"]>): Wait {
  if (run.status === "paused") return { on: "resume", id: run.run_id, since: run.since };
  if (run.status === "queued") {
    const { position, estimate_s } = facts;
    const place = position === undefined ? {} : { position };
    const estimate = estimate_s === undefined ? {} : { estimate_s };
    return { on: "queue", id: run.run_id, since: run.since, ...place, ...estimate };
  }
  for (const on of ["approval", "message", "timer"] as const) {
    const all = facts.open.filter((fact) => fact.on === on);
    const first = all.reduce<(typeof all)[number] | undefined>(nearer, undefined);
    if (first === undefined) continue;
    const until = first.until === undefined ? {} : { until: first.until };
    return { on, id: first.id, since: first.since, ...until, ...(on === "approval" ? { count: all.length } : {}) };
  }
  // A waiting run always has an open wait (rules/waits.ts); a reader of foreign events may meet one without.
  return { on: "recovery", id: run.run_id, since: run.since };
}

type Fact = WaitFacts["open"][number];

function nearer(best: Fact | undefined, fact: Fact): Fact {
  if (best === undefined) return fact;
  const order = (fact.until ?? "9").localeCompare(best.until ?? "9") || fact.since.localeCompare(best.since) ||
    fact.id.localeCompare(best.id);
  return order < 0 ? fact : best;
}

function sinceOf(run: RunRecord): string {
  switch (run.status) {
    case "queued":
      return run.queued_at;
    case "running":
      return run.running_since;
    case "waiting":
      return run.waiting_since;
    case "paused":
      return run.paused_at;
    case "completed":
    case "failed":
    case "cancelled":
      return run.ended_at;
    default:
      return run satisfies never;
  }
}

function approvalFact(row: ApprovalRow): Fact[] {
  if (row.status !== "pending") return [];
  return [{ on: "approval", id: row.approval_id, since: row.created_at, until: row.expires_at }];
}

function entryFact(entry: OpenEntry): Fact[] {
  if (entry.kind !== "message" && entry.kind !== "sleep") return [];
  const until = entry.until === undefined ? {} : { until: entry.until };
  return [{ on: entry.kind === "message" ? "message" : "timer", id: entry.key, since: entry.at, ...until }];
}
