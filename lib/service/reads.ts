// What the use cases read of the store, in one place: durable rows, large values whole.
import type { SessionState } from "../engine/state.ts";
import type { ApprovalAsk, ApprovalRow } from "../model/approval.ts";
import type { JournalEntry, ScopeRow } from "../model/journal.ts";
import type { Json } from "../model/json.ts";
import type { RunRecord } from "../model/run.ts";
import type { Store } from "../store/store.ts";

/** An approval with what was asked and what it was answered. */
export interface StoredApproval {
  readonly row: ApprovalRow;
  readonly ask: ApprovalAsk;
  /** The answer that its journal entry holds, null before. */
  readonly result: Json;
}
/** The journal of a run, over or not. */
export interface StoredJournal {
  readonly entries: readonly JournalEntry[];
  readonly scopes: readonly ScopeRow[];
}

/** Reads of the store. */
export interface Reads {
  /** The session as it is durable now; ABSENT when there is none. */
  state(session_id: string): Promise<SessionState>;
  /** Session of a run and who started it, or null. */
  ownerOfRun(run_id: string): Promise<{ session_id: string; principal: string } | null>;
  /** Session of a run, or null. */
  sessionOfRun(run_id: string): Promise<string | null>;
  run(session_id: string, run_id: string): Promise<RunRecord | null>;
  /** Session of an approval, or null. */
  sessionOfApproval(approval_id: string): Promise<string | null>;
  approval(session_id: string, approval_id: string): Promise<StoredApproval | null>;
  journal(session_id: string, run_id: string): Promise<StoredJournal>;
  /** A value whole; unchanged when it is no reference to a blob. */
  resolve(session_id: string, value: Json): Promise<Json>;
}

/** Makes the reads. */
export function createReads(
  store: Pick<Store, "sessions" | "runs" | "approvals" | "journal" | "blobs">,
): Reads {
  return {
    state: (session_id) => store.sessions.state(session_id),
    ownerOfRun: (run_id) => store.runs.find(run_id),
    sessionOfRun: async (run_id) => (await store.runs.find(run_id))?.session_id ?? null,
    run: (session_id, run_id) => store.runs.get(session_id, run_id),
    sessionOfApproval: (approval_id) => store.approvals.sessionOf(approval_id),
    async approval(session_id, approval_id) {
      const found = await store.approvals.get(session_id, approval_id);
      if (found === null) return null;
      const { row, ask } = found;
      const entry = await store.journal.entry(session_id, row.run_id, row.step_id);
      const result = entry?.status === "done" ? await store.blobs.resolve(session_id, entry.value) : null;
      return { row, ask, result };
    },
    async journal(session_id, run_id) {
      const [entries, scopes] = await Promise.all([
        store.journal.entries(session_id, run_id),
        store.journal.scopes(session_id, run_id),
      ]);
      return { entries, scopes };
    },
    resolve: (session_id, value) => store.blobs.resolve(session_id, value),
  };
}
