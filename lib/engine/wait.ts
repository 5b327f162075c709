// What a session waits for: always exactly one thing, or null at rest. Computed here and stored nowhere else.
//
// Owns how records become facts; leaves to wait_facts.ts which of them comes first.
import type { ApprovalRow } from "../model/approval.ts";
import type { OpenEntry } from "../model/journal.ts";
import { isFinal, type OpenRun, type RunRecord } from "../model/run.ts";
import type { SessionRecord, Wait } from "../model/session.ts";
import { type WaitFacts, waitFor } from "./wait_facts.ts";

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
    run: run === null || isFinal(run) ? null : runFact(run),
    open: [...approvals.flatMap(approvalFact), ...extras.open.flatMap(entryFact)],
    lease_ended: extras.lease_ended ?? false,
    ...(position === undefined ? {} : { position }),
    ...(estimate_s === undefined ? {} : { estimate_s }),
  });
}

function runFact(run: OpenRun): NonNullable<WaitFacts["run"]> {
  const asked = run.cancel !== undefined ? "cancel" : run.pause !== undefined ? "pause" : undefined;
  return { run_id: run.run_id, status: run.status, since: sinceOf(run), ...(asked === undefined ? {} : { asked }) };
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

type Fact = WaitFacts["open"][number];

function approvalFact(row: ApprovalRow): Fact[] {
  if (row.status !== "pending") return [];
  return [{ on: "approval", id: row.approval_id, since: row.created_at, until: row.expires_at }];
}

function entryFact(entry: OpenEntry): Fact[] {
  if (entry.kind !== "message" && entry.kind !== "sleep") return [];
  const until = entry.until === undefined ? {} : { until: entry.until };
  return [{ on: entry.kind === "message" ? "message" : "timer", id: entry.key, since: entry.at, ...until }];
}
