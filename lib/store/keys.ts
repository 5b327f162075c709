// Every key of the store, in one file.
//
//   K1. Rows of a session carry its id as second part: a prefix list finds them all (SESSION_PREFIXES).
//   K2. Rows outside a session that belong to one are derived from its rows (run, approval) or listed under
//       (owned, session): a sweep finds them too.
//   K3. A key is at most 2,048 bytes: parts that others choose are bounded or replaced by their SHA-256.
import { sha256 } from "./digest.ts";
import type { Key } from "./mutation.ts";

/** Largest journal key that stands in a row's key as it is, bytes of UTF-8. */
export const MAX_JOURNAL_KEY_BYTES = 256;

const encoder = new TextEncoder();

/** A journal key as part of a row's key: itself, or its SHA-256 where it is over 256 bytes. */
export function journalKey(key: string): string {
  if (key.length <= MAX_JOURNAL_KEY_BYTES / 3) return key;
  return encoder.encode(key).length <= MAX_JOURNAL_KEY_BYTES ? key : `sha256:${sha256(key)}`;
}

/** Makes keys; what belongs to a session takes its id first. */
export const keys = {
  head: (session_id: string): Key => ["head", session_id],
  gate: (session_id: string): Key => ["gate", session_id],
  session: (session_id: string): Key => ["session", session_id],
  runs: (session_id: string): Key => ["run", session_id],
  run: (session_id: string, run_id: string): Key => ["run", session_id, run_id],
  entries: (session_id: string, run_id: string): Key => ["entry", session_id, run_id],
  entry: (session_id: string, run_id: string, key: string): Key => ["entry", session_id, run_id, journalKey(key)],
  scopes: (session_id: string, run_id: string): Key => ["scope", session_id, run_id],
  scope: (session_id: string, run_id: string, key: string): Key => ["scope", session_id, run_id, journalKey(key)],
  approvals: (session_id: string): Key => ["approval", session_id],
  approvalsOf: (session_id: string, run_id: string): Key => ["approval", session_id, run_id],
  approval: (session_id: string, run_id: string, approval_id: string): Key => [
    "approval",
    session_id,
    run_id,
    approval_id,
  ],
  ask: (session_id: string, approval_id: string): Key => ["ask", session_id, approval_id],
  mailboxes: (session_id: string): Key => ["mailbox", session_id],
  mailbox: (session_id: string, n: number): Key => ["mailbox", session_id, n],
  events: (session_id: string): Key => ["events", session_id],
  chunk: (session_id: string, first_seq: number): Key => ["events", session_id, first_seq],
  blob: (session_id: string, digest: string): Key => ["blob", session_id, digest],
  /** Size and media type of a blob; sorts before its parts. */
  blobHead: (session_id: string, digest: string): Key => ["blob", session_id, digest, "head"],
  blobPart: (session_id: string, digest: string, part: number): Key => ["blob", session_id, digest, part],
  /** Which snapshot stands; sorts after its parts. */
  snapshotHead: (session_id: string): Key => ["snapshot", session_id, "head"],
  snapshot: (session_id: string, seq: number): Key => ["snapshot", session_id, seq],
  files: (session_id: string): Key => ["file", session_id],
  file: (session_id: string, path: string): Key => ["file", session_id, journalKey(path)],
  fileContent: (session_id: string, digest: string): Key => ["file_part", session_id, digest],
  /** How many parts there are; sorts before them. */
  fileCount: (session_id: string, digest: string): Key => ["file_part", session_id, digest, "count"],
  filePart: (session_id: string, digest: string, part: number): Key => ["file_part", session_id, digest, part],
  owned: (session_id: string): Key => ["owned", session_id],
  ownedKey: (session_id: string, key: Key): Key => ["owned", session_id, ...key],
  trashes: (): Key => ["trash"],
  trash: (session_id: string): Key => ["trash", session_id],
  /** A session that was deleted and swept, on a store of several instances. */
  swept: (session_id: string): Key => ["swept", session_id],

  summaries: (): Key => ["summary"],
  summary: (session_id: string): Key => ["summary", session_id],
  runIndex: (run_id: string): Key => ["run_index", run_id],
  runTimes: (): Key => ["run_time"],
  runTime: (created_ms: number, run_id: string): Key => ["run_time", created_ms, run_id],
  runsOf: (owner_id: string): Key => ["run_of", journalKey(owner_id)],
  runOf: (owner_id: string, created_ms: number, run_id: string): Key => [
    "run_of",
    journalKey(owner_id),
    created_ms,
    run_id,
  ],
  approvalIndex: (approval_id: string): Key => ["approval_index", approval_id],
  approvalLists: (): Key => ["approval_list"],
  approvalList: (status: string, expires_ms: number, approval_id: string): Key => [
    "approval_list",
    status,
    expires_ms,
    approval_id,
  ],
  dues: (): Key => ["due"],
  due: (time_ms: number, kind: string, session_id: string, id: string): Key => [
    "due",
    time_ms,
    kind,
    session_id,
    journalKey(id),
  ],
  leases: (): Key => ["lease"],
  lease: (run_id: string): Key => ["lease", run_id],
  beats: (): Key => ["beat"],
  beat: (instance: string): Key => ["beat", instance],
  writers: (): Key => ["writer"],
  writer: (writer_id: string): Key => ["writer", writer_id],
  earlyCancels: (): Key => ["early_cancel"],
  earlyCancel: (run_id: string, by: string): Key => ["early_cancel", run_id, by],
  idempotencies: (): Key => ["idempotency"],
  idempotency: (digest: string): Key => ["idempotency", digest],
  tokens: (): Key => ["token"],
  token: (hash: string): Key => ["token", hash],
  tokenUsed: (hash: string): Key => ["token_used", hash],
  tokensUsed: (): Key => ["token_used"],
  /** Written whenever a token or a login ends: what instances watch. */
  credentials: (): Key => ["credentials"],
  logins: (): Key => ["login"],
  login: (hash: string): Key => ["login", hash],
  cookies: (): Key => ["cookie"],
  cookie: (hash: string): Key => ["cookie", hash],
  connections: (): Key => ["connection"],
  connectionsOf: (instance: string): Key => ["connection", instance],
  connection: (instance: string, connection_id: string): Key => ["connection", instance, connection_id],
  feed: (instance: string): Key => ["feed", instance],
  feedItem: (instance: string, n: number): Key => ["feed", instance, n],
  feedHeads: (): Key => ["feed_head"],
  feedHead: (instance: string): Key => ["feed_head", instance],
  schema: (): Key => ["schema"],
  probe: (): Key => ["probe"],
} as const;

/**
 * First parts of the rows under a session's id, in the order in which a sweep removes them: rows that name others come
 * before the blobs in which they may lie.
 */
export const SESSION_PREFIXES = [
  "owned",
  "run",
  "approval",
  "ask",
  "entry",
  "scope",
  "mailbox",
  "events",
  "snapshot",
  "file",
  "file_part",
  "blob",
] as const;
