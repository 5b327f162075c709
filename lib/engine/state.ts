// The state of one session as decisions see it: what the writer loads, evolves and writes back.
//
//   S1. A SessionState is immutable: a decision returns a new one that shares what it did not change, so that the store
//       can write the difference of two states by identity (`differences` in layered.ts for the maps). Differences are
//       taken decision by decision: a start empties the maps of the run before it, which removes nothing from KV.
//   S2. Everything else that KV holds about a session (due rows, lease rows, summary, indexes) is a pure function of
//       its state (lib/engine/project.ts): no decision can forget an index.
//   S3. The head of a decided state has moved already: head_seq by the number of events, fence, entry_n, deleted.
import type { ApprovalAsk, ApprovalRow } from "../model/approval.ts";
import type { EventDraft } from "../model/event.ts";
import type { ErrorCode, ErrorDetails } from "../model/error.ts";
import type { JournalEntry, ScopeRow } from "../model/journal.ts";
import type { Json } from "../model/json.ts";
import type { RunRecord } from "../model/run.ts";
import type { Head, SessionRecord } from "../model/session.ts";

/** A message to a run that nobody has taken yet. */
export interface MailboxMessage {
  message_id: string;
  content: string;
  by: string;
  at: string;
}

/** The whole of a session that decisions may read. `null` in `session`: it does not exist (yet, or any more). */
export interface SessionState {
  readonly head: Head;
  readonly session: SessionRecord | null;
  /** The last run, final or not. */
  readonly run: RunRecord | null;
  /** Journal of the run while it is not final, by key; empty when loaded later. Nothing is ever taken out of it. */
  readonly entries: ReadonlyMap<string, JournalEntry>;
  readonly scopes: ReadonlyMap<string, ScopeRow>;
  /** Approvals of the run while it is not final, by id, resolved ones too. */
  readonly approvals: ReadonlyMap<string, ApprovalRow>;
  /** Emptied when a wait takes the messages, and at the end of the run. */
  readonly mailbox: readonly MailboxMessage[];
}

/** A session that does not exist. */
export const ABSENT: SessionState = {
  head: { head_seq: 0, fence: 0, entry_n: 0 },
  session: null,
  run: null,
  entries: new Map(),
  scopes: new Map(),
  approvals: new Map(),
  mailbox: [],
};

/** What of the settings decisions read. */
export interface EngineSettings {
  readonly approval_timeout_s: number;
  readonly run_timeout_s: number;
  /** 0: sessions never expire. */
  readonly session_ttl_s: number;
  readonly max_takeovers: number;
  readonly output_bytes: number;
}

/** What a decision may know beside state and command. Times are milliseconds since the epoch. */
export interface DecideContext {
  readonly now: number;
  readonly settings: EngineSettings;
  /** What the decision reads outside its state, read by the service under the keys it reserves. */
  readonly outside: {
    /** Starts: session that already has this run_id, or null. */
    readonly run_id_owner?: { session_id: string; start_digest: string; principal: string } | null;
    /** Starts: an early cancel that is kept for this run_id; `by` is the id of its user. */
    readonly early_cancel?: { by: string; at: string } | null;
    /** Starts: runs in the queue before this one; 0 when left out. */
    readonly queued?: number;
    /** The run that the command names (or that owns its run_id) where it is not the last one of this session. */
    readonly run?: RunRecord | null;
    /** Messages: whether the mode of the run takes any; true when left out. */
    readonly takes_messages?: boolean;
    /** Answers and expiry: what was asked, blobs resolved. Needed while the approval is pending. */
    readonly ask?: ApprovalAsk | null;
    /** Answers: the row of an approval that the state does not hold (its run is over), with the answer that it got. */
    readonly approval?: { row: ApprovalRow; result: Json } | null;
  };
}

/** A refusal: a row of the error table with its text. */
export interface Refusal {
  ok: false;
  code: ErrorCode;
  message: string;
  details?: ErrorDetails;
}

/** What a decision answers: a new state with its events, nothing to do, or a refusal. */
export type Decision =
  | {
    ok: true;
    state: SessionState;
    events: EventDraft[];
    /** What was asked by approvals that this decision created, by approval_id: written once. */
    asks?: ReadonlyMap<string, ApprovalAsk>;
    /** Ids of outside rows to write. */
    claims?: { run_id?: { run_id: string; start_digest: string; principal: string }; drop_early_cancel?: string };
    reply: Json;
  }
  /** The command changes nothing (it has been done before): `reply` is what it answered or answers. */
  | { ok: true; same: true; reply: Json }
  | Refusal;
