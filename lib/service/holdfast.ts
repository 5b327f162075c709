// What the doors (HTTP, WebSocket, pages) may ask of Holdfast: the service as one interface.
//
// Every change is a command (`execute`); every question is in `query`. Wired by serve.ts; routes find it in
// ctx.state.holdfast and nowhere else.
import type { UserCommand } from "../model/command.ts";
import type { EventEnvelope } from "../model/event.ts";
import type { Json } from "../model/json.ts";
import type { SessionGrant } from "../model/right.ts";
import type { Credential, Ended, Principal, UserPrincipal } from "../model/principal.ts";
import type { BulkAction } from "../engine/bulk.ts";
import type { WantedToken } from "../engine/token_rules.ts";
import type {
  Approval,
  BulkResult,
  EventsPage,
  FileEntry,
  HistoryMessage,
  Mode,
  Page,
  Pulse,
  Run,
  Session,
  SessionDetail,
  Token,
} from "../protocol/rest.ts";
import type { SessionView } from "../engine/view.ts";
import type { WorkflowProblem } from "../model/workflow.ts";
import type { Clock, FileInfo, Folders, Ids, Isolation } from "./ports.ts";

/** How a request may be repeated: the first answer is kept for 24 h under principal + method + path + key. */
export interface Idempotency {
  key: string;
  /** Method and path. */
  scope: string;
  /** SHA-256 of the body. */
  body_digest: string;
}
/** Beside a command. */
export interface ExecuteOptions {
  idempotency?: Idempotency;
  request_id?: string;
}

/** Starts a task: what POST tasks, POST runs and MARS's door have in common. Ids are made inside. */
export interface StartTaskInput {
  task: string;
  config: Record<string, Json>;
  run_id?: string;
  name?: string;
  /** The session to continue; a new one else. */
  session_id?: string;
  /** Drop unknown config keys and list them in `status` (MARS's door only). */
  lenient?: boolean;
}

/** Questions. All throw AppError not_found for what the principal may not see. */
export interface Queries {
  sessions(p: UserPrincipal, filter: {
    mode?: string;
    status?: string;
    needs_you?: boolean;
    q?: string;
    limit: number;
    cursor?: string;
  }): Promise<Page<Session>>;
  session(p: UserPrincipal, session_id: string): Promise<SessionDetail>;
  /** Standing answers of a session, the oldest first. */
  grants(p: UserPrincipal, session_id: string): Promise<readonly SessionGrant[]>;
  /** One row of the list, cheap enough for each commit: lists and live topics take it. */
  summary(p: UserPrincipal, session_id: string): Promise<Session>;
  /** The folded view (snapshot plus tail) with the seq it stands at. */
  view(p: UserPrincipal, session_id: string): Promise<{ view: SessionView; as_of_seq: number }>;
  history(p: UserPrincipal, session_id: string, limit: number): Promise<{ total: number; messages: HistoryMessage[] }>;
  sessionRuns(p: UserPrincipal, session_id: string, page: { limit: number; cursor?: string }): Promise<Page<Run>>;
  runs(p: UserPrincipal, page: { since?: string; until?: string; limit: number; cursor?: string }): Promise<Page<Run>>;
  run(p: UserPrincipal, run_id: string): Promise<Run>;
  approvals(p: UserPrincipal, page: { status?: string; session_id?: string; limit: number; cursor?: string }): Promise<
    Page<Approval>
  >;
  approval(p: UserPrincipal, approval_id: string): Promise<Approval>;
  events(
    p: UserPrincipal,
    session_id: string,
    page: { after?: number; before?: number; limit: number; types?: string[] },
  ): Promise<
    EventsPage
  >;
  /** The same events as their stored lines, for answers that must be byte for byte. */
  eventLines(p: UserPrincipal, session_id: string, page: {
    after?: number;
    before?: number;
    limit: number;
    types?: string[];
  }): Promise<{ lines: string[]; head_seq: number; next_after: number }>;
  blob(p: UserPrincipal, session_id: string, digest: string): Promise<{ media_type: string; bytes: Uint8Array }>;
  files(p: UserPrincipal, session_id: string): Promise<FileEntry[]>;
  /** All files of a session as a ZIP, made while it is read. */
  filesZip(p: UserPrincipal, session_id: string): Promise<ReadableStream<Uint8Array>>;
  exportSession(p: UserPrincipal, session_id: string): Promise<ReadableStream<Uint8Array>>;
  modes(): Promise<Mode[]>;
  /** Files of the folder of own workflows that are no mode, and why; told to administrators only. */
  workflowProblems(p: UserPrincipal): Promise<readonly WorkflowProblem[]>;
  pulse(p: UserPrincipal): Promise<Pulse>;
}

/** Who is who. Tokens are stored as hashes. */
export interface Accounts {
  /** The administrator: who everyone is with HOLDFAST_AUTH=off. */
  readonly administrator: UserPrincipal;
  /** The principal of a bearer token, or null. */
  byToken(token: string): Promise<UserPrincipal | null>;
  /** The principal of a cookie, or null. */
  byCookie(value: string): Promise<UserPrincipal | null>;
  /** Makes a cookie for a token; null when the token is wrong. */
  login(token: string): Promise<{ cookie: string; principal: UserPrincipal } | null>;
  /** Makes a one-time link secret (15 minutes, one use). */
  makeLink(): Promise<string>;
  /** Tells whether a link can still be used, without using it. */
  peekLink(secret: string): Promise<boolean>;
  /** Uses a link up; null when it was used or is too old. */
  useLink(secret: string): Promise<{ cookie: string; principal: UserPrincipal } | null>;
  logout(cookie: string): Promise<void>;
  /** Tokens that the principal may see, the oldest first. */
  tokens(p: UserPrincipal, page: { limit: number; cursor?: string }): Promise<Page<Token>>;
  /** Makes a token; `secret` is shown once. Throws AppError `forbidden`, `invalid`, `conflict`. */
  makeToken(p: UserPrincipal, wanted: WantedToken): Promise<{ token: Token; secret: string }>;
  /** Ends a token with its logins, at once and everywhere. Throws AppError `not_found`, `conflict`. */
  revokeToken(p: UserPrincipal, token_id: string): Promise<void>;
  /** Whether a credential is still worth something. */
  stands(credential: Credential): Promise<boolean>;
  /**
   * Tells what ended; null: something ended on another instance, so that all that are known here must be looked at.
   * The result unsubscribes.
   */
  onEnded(fn: (ended: Ended | null) => void): () => void;
}

/** Live access to a session's log for subscriptions: stored lines, after a cursor, then what is committed next. */
export interface LiveLog {
  /** Chunks of stored lines after a seq, in order, up to the head at the time of asking. */
  chunks(session_id: string, after: number): AsyncIterable<{ first_seq: number; last_seq: number; lines: Uint8Array }>;
  headSeq(session_id: string): Promise<number | null>;
}

/** State of the instance, for /api/ready and drains. */
export interface Health {
  readonly version: string;
  readonly instance: string;
  readonly isolation: Isolation;
  uptime_s(): number;
  draining(): boolean;
  /** Each check really exercised, at most 5 s old. */
  ready(): Promise<
    { ok: boolean; checks: Record<"kv" | "sandbox" | "recovery" | "disk", { ok: boolean; detail: string }> }
  >;
  metrics(): string;
}

/** One live connection as GET /api/connections shows it. */
export interface ConnectionRow {
  connection_id: string;
  connected_at: string;
  last_heartbeat: string;
  server_instance: string;
  session_id: string | null;
  user: string;
}
/** Rows of live connections, shared by all instances. */
export interface ConnectionRows {
  put(rows: ConnectionRow[]): Promise<void>;
  remove(ids: string[]): Promise<void>;
  list(): Promise<ConnectionRow[]>;
}

/** The service as the doors see it. */
export interface Holdfast {
  /** The only thing that changes a session. Throws AppError. */
  execute(p: Principal, session_id: string, command: UserCommand, options?: ExecuteOptions): Promise<Json>;
  /** Checks mode and config, makes or continues a session and starts a run, in one commit. */
  startTask(p: UserPrincipal, input: StartTaskInput, options?: ExecuteOptions): Promise<{
    session_id: string;
    run_id: string;
    run: Run;
  }>;
  createSession(
    p: UserPrincipal,
    input: { mode: string; config: Record<string, Json>; name?: string },
    options?: ExecuteOptions,
  ): Promise<Session>;
  /** Starts a run again, keeping finished steps before `from_step`. */
  retryRun(
    p: UserPrincipal,
    input: { run_id: string; from_step?: string; config?: Record<string, Json> },
    options?: ExecuteOptions,
  ): Promise<Run>;
  /** One verb for many sessions; a result for each. */
  bulk(
    p: UserPrincipal,
    input: { ids: readonly string[]; action: BulkAction; now: boolean },
    options?: ExecuteOptions,
  ): Promise<BulkResult[]>;
  /** Cancels a run by id; one not known yet is remembered for 60 s (`null`). */
  cancelRun(p: UserPrincipal, run_id: string, options?: ExecuteOptions): Promise<Run | null>;
  resolveApproval(
    p: UserPrincipal,
    input: { approval_id: string; resolution: string; feedback?: string; modifications?: Json },
    options?: ExecuteOptions,
  ): Promise<Approval>;
  /** Puts a file into a session's folder, whole or not at all. Throws AppError, not_found when the session is gone. */
  upload(
    p: UserPrincipal,
    to: { session_id: string; path: string },
    content: ReadableStream<Uint8Array> | Uint8Array,
  ): Promise<FileInfo>;
  readonly query: Queries;
  readonly accounts: Accounts;
  readonly folders: Folders;
  readonly log: LiveLog;
  readonly health: Health;
  readonly connections: ConnectionRows;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** An event parsed from its line, for readers that need more than bytes. */
export type { EventEnvelope };
