// Reads a session as decisions need it.
//
//   O1. The head is read before everything else: whoever commits checks it, so a read that another commit tore apart
//       never lands.
//   O2. Journal and approvals are read only while the run is not over.
import { ABSENT, type SessionState } from "../engine/state.ts";
import { ApprovalRow } from "../model/approval.ts";
import { isFinal, RunRecord } from "../model/run.ts";
import { Head } from "../model/session.ts";
import type { z } from "zod";
import { readRecord } from "./blobs.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { decodeRow, type Key } from "./mutation.ts";
import { EntryRow, MailboxRow, ScopeRecord, SessionRow } from "./records.ts";
import type { Loaded } from "./writer/types.ts";

/** A batch of a list; journal values may be large. */
const BATCH = 100;

/** One row of a list with its key. */
export interface Row<T> {
  readonly key: Key;
  readonly value: T;
}

/** Reads all rows under a prefix by their schema. */
export async function readAll<T>(
  kv: Kv,
  session_id: string,
  rows: { prefix: Key; schema: z.ZodType<T> },
): Promise<Row<T>[]> {
  const found: Row<T>[] = [];
  for await (const entry of kv.list({ prefix: rows.prefix }, { batchSize: BATCH })) {
    const value = await readRecord(kv, session_id, { schema: rows.schema, entry });
    if (value !== null) found.push({ key: entry.key, value });
  }
  return found;
}

/** Reads a run; null where it is unknown. */
export async function readRun(kv: Kv, session_id: string, run_id: string): Promise<RunRecord | null> {
  const entry = await kv.get(keys.run(session_id, run_id));
  return await readRecord(kv, session_id, { schema: RunRecord, entry });
}

/** Reads a session; `places` tells the numbers of the messages in its mailbox. */
export async function loadState(
  kv: Kv,
  session_id: string,
): Promise<Loaded<SessionState> & { places: readonly number[] }> {
  const entry = await kv.get(keys.head(session_id));
  const stamp = entry.versionstamp;
  const head = decodeRow(Head, entry);
  if (head === null) return { state: ABSENT, stamp, places: [] };
  if (head.deleted) return { state: { ...ABSENT, head }, stamp, places: [] };
  const row = await readRecord(kv, session_id, { schema: SessionRow, entry: await kv.get(keys.session(session_id)) });
  const run = row?.last_run_id ? await readRun(kv, session_id, row.last_run_id) : null;
  const base = { ...ABSENT, head, session: row?.session ?? null, run };
  if (run === null || isFinal(run)) return { state: base, stamp, places: [] };
  const of = { session: session_id, run: run.run_id };
  const [entries, scopes, approvals, mailbox] = await Promise.all([
    readAll(kv, session_id, { prefix: keys.entries(of.session, of.run), schema: EntryRow }),
    readAll(kv, session_id, { prefix: keys.scopes(of.session, of.run), schema: ScopeRecord }),
    readAll(kv, session_id, { prefix: keys.approvalsOf(of.session, of.run), schema: ApprovalRow }),
    readAll(kv, session_id, { prefix: keys.mailboxes(session_id), schema: MailboxRow }),
  ]);
  const state: SessionState = {
    ...base,
    entries: new Map(entries.map(({ value: { entry } }) => [entry.key, entry])),
    scopes: new Map(scopes.map(({ value: { scope } }) => [scope.key, scope])),
    approvals: new Map(approvals.map(({ value }) => [value.approval_id, value])),
    mailbox: mailbox.map(({ value }) => value),
  };
  return { state, stamp, places: mailbox.map(({ key }) => Number(key[2])) };
}
