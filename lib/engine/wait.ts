// What a session waits for: always exactly one thing, or null at rest. Computed here and stored nowhere else.
import type { ApprovalRow } from "../model/approval.ts";
import type { OpenEntry } from "../model/journal.ts";
import type { RunRecord } from "../model/run.ts";
import type { SessionRecord, Wait } from "../model/session.ts";

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
  _session: SessionRecord,
  _run: RunRecord | null,
  _approvals: readonly ApprovalRow[],
  _extras: WaitExtras,
): Wait {
  throw new Error("not written yet");
}
