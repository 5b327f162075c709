// What the writer is told and what it needs to know of a state: its whole surface, without a word of sessions' rules.
//
// Generic over the state, so that the writer is tested alone (tests/store/writer) and never learns what a run is.
import type { ApprovalAsk } from "../../model/approval.ts";
import type { EventDraft } from "../../model/event.ts";
import type { Entry, Key, Mutation } from "../mutation.ts";
import type { Kv } from "../kv.ts";
import type { Clock, Ids } from "../ports.ts";
import type { BlobDraft } from "./spill.ts";

/** A state as it is loaded: `stamp` is the versionstamp of the session's head, null where there is none. */
export interface Loaded<S> {
  readonly state: S;
  readonly stamp: string | null;
}

/** A state whose records fit: fields that are too large stand in blobs. */
export interface Shrunk<S> {
  readonly state: S;
  readonly rows: readonly Mutation[];
  readonly blobs: readonly BlobDraft[];
}

/** What the writer needs to know of a state. */
export interface Aggregate<S> {
  /** Reads a session, its head before everything else. */
  load(kv: Kv, session_id: string): Promise<Loaded<S>>;
  /** Every row by which two states differ, the head first, but for those of `closing`. */
  diff(session_id: string, before: S, after: S): Mutation[];
  /** What follows from a state as a whole and is written once a commit: at most one row of 400 bytes. */
  closing?(session_id: string, before: S, after: S): Mutation[];
  /** Puts what is too large into blobs; `limit` is the largest record. Rows are those of `asks`. */
  shrink?(session_id: string, change: Change<S>, limit: number): Shrunk<S>;
  headSeq(state: S): number;
  withHeadSeq(state: S, head_seq: number): S;
  phase(state: S): "absent" | "alive" | "deleted";
}

/** What a decision changed. */
export interface Change<S> {
  readonly before: S;
  readonly after: S;
  readonly asks: ReadonlyMap<string, ApprovalAsk> | undefined;
}

/** What a decision may read. */
export interface DecideInput<S> {
  readonly state: S;
  /** The entries of `outside`, in its order. */
  readonly outside: readonly Entry[];
  readonly now: number;
}

/** What a decision says: a new state with its events, or nothing to commit. */
export type Verdict<S, R> =
  | {
    readonly commit: true;
    readonly state: S;
    readonly events: readonly EventDraft[];
    /** Rows outside the session. */
    readonly rows?: readonly Mutation[];
    /** What was asked by approvals that this decision created. */
    readonly asks?: ReadonlyMap<string, ApprovalAsk>;
    readonly reply: R;
  }
  | { readonly commit: false; readonly reply: R };

/** A command for the writer. */
export interface Submission<S, R> {
  readonly session_id: string;
  /** Every key outside the session that `decide` reads, absent ones too. */
  readonly outside: readonly Key[];
  /** Flush at once; else it may wait for the window. */
  readonly urgent: boolean;
  /** `run`: decided again as often as needed. `person`: five times, then `busy`. */
  readonly owner: "run" | "person";
  /** Pure, may be called again. What it throws is thrown to the submitter once the state it rests on is durable. */
  decide(input: DecideInput<S>): Verdict<S, R>;
  /** What it counts in the backlog, default 512. */
  readonly size_bytes?: number;
  /** Takes it back while it is not in flight. */
  readonly signal?: AbortSignal;
  /** Time limit; default 10 s for persons, none for runs. */
  readonly deadline_ms?: number;
}

/** The answer to a command: durable, with what it rests on. */
export interface Done<R> {
  readonly reply: R;
  /** First and last seq of its events, where it has any. */
  readonly first_seq?: number;
  readonly last_seq?: number;
}

/** What a commit did to one session, before it is known whether it lands. */
export interface CommitFacts {
  readonly session_id: string;
  readonly first_seq: number;
  /** `first_seq - 1` without events. */
  readonly last_seq: number;
  readonly drafts: readonly EventDraft[];
  readonly deleted: boolean;
}

/** Rows that go with every atomic of a writer: the feed of a shared store. */
export interface Beside {
  /** Rows for the atomic that holds these commits; called for each atomic that is sent. */
  rows(commits: readonly CommitFacts[]): readonly Mutation[];
  /** The last atomic stands. */
  landed(): void;
  /** Whether the last atomic stands is not known; settles when it is clear where to go on. */
  lost(): Promise<void>;
}

/** What a commit tells those who watch; without events `lines` is empty and `last_seq` is `first_seq - 1`. */
export interface Commit<S> {
  session_id: string;
  /** Versionstamp of the commit: the larger one is the later one, on all instances. */
  stamp: string;
  first_seq: number;
  last_seq: number;
  lines: Uint8Array;
  drafts: readonly EventDraft[];
  deleted: boolean;
  state: S;
}

/** Faults that tests plant to see that they are found; production never sets one. */
export interface Faults {
  /** Takes `ok: false` of a remote store for a refusal. */
  believe_false?: boolean;
  /** Goes on after a commit in doubt without settling it. */
  overlap?: boolean;
  /** Answers before the commit. */
  ack_early?: boolean;
  /** Checks no head. */
  skip_head?: boolean;
  /** Checks no key outside the session. */
  skip_outside?: boolean;
  /** Leaves the last chunk of lines out, at every eighth head. */
  drop_chunk?: boolean;
}

/** What a writer is made of. */
export interface WriterOptions<S> {
  kv: Kv;
  aggregate: Aggregate<S>;
  clock: Clock;
  ids: Ids;
  /** Reached over KV Connect: `ok: false` is settled like a throw. */
  remote: boolean;
  /** This instance; stands in the writer's row, so that others know whose it is. */
  instance: string;
  /** Whether the store is away. */
  away?: () => boolean;
  /** What goes with every atomic. */
  beside?: Beside;
  /** Whether the disk of the store is full: persons' commands are refused at once. */
  full?: () => boolean;
  /** Longest wait of what is not urgent, default 5 ms. */
  window_ms?: number;
  /** States kept while nothing is queued for them, default 1,000. */
  max_cached?: number;
  faults?: Faults;
}

/** One writer: the only one that appends to sessions in this process. */
export interface Writer<S> {
  /** The id of this start: a provisional row that names it is spared while it lives. */
  readonly id: string;
  submit<R>(submission: Submission<S, R>): Promise<Done<R>>;
  /** Called after each commit, before its replies, in order of seq in each session; the result unsubscribes. */
  onCommit(fn: (commit: Commit<S>) => void): () => void;
  /** Drops the cached state of a session. */
  forget(session_id: string): void;
  /** Bytes submitted and not answered. */
  readonly backlog_bytes: number;
  /** The store is away: persons' commands are refused at once. */
  readonly readonly: boolean;
  /** Takes nothing more, commits what is queued, ends at the latest after `deadline_ms` (default 5 s). */
  close(deadline_ms?: number): Promise<void>;
}
