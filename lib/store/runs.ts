// Runs by their id, of one session, of all sessions in a time; and cancels that came before their run.
//
//   U1. A run of a deleted session is unknown at once, whatever the sweeper has left.
import * as z from "zod";
import { RunRecord } from "../model/run.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { fromCursor, type Listing, MOST_COUNTED, type Paging, toCursor } from "./listing.ts";
import { readAll, readRun } from "./load.ts";
import { addTo, decodeRow, deleteRow, type Entry, type Mutation, setRow } from "./mutation.ts";
import { OfSession, RunIndex } from "./records.ts";
import { readHead } from "./sessions.ts";

/** How long a cancel is kept for a run that is not known yet. */
export const EARLY_CANCEL_MS = 60_000;
const SCAN_BATCH = 500;

/** Whose run_id it is. */
export type RunOwner = z.infer<typeof RunIndex>;
const EarlyCancel = z.strictObject({ by: z.string(), at: z.string(), until_ms: z.number() });
const Position = z.tuple([z.number(), z.string()]);

/** Whose run_id it is, from the entry of keys.runIndex; null where it is free. */
export function readRunIndex(entry: Entry): RunOwner | null {
  return decodeRow(RunIndex, entry);
}

/** A cancel that came before its run, from the entry of keys.earlyCancel; null where there is none any more. */
export function readEarlyCancel(entry: Entry, now: number): { by: string; at: string } | null {
  const row = decodeRow(EarlyCancel, entry);
  return row === null || row.until_ms <= now ? null : { by: row.by, at: row.at };
}

/** Keeps a cancel for a run that is not known yet; each person has one of their own, so nobody takes another's away. */
export function earlyCancelRow(run_id: string, cancel: { by: string; at: string; now: number }): Mutation {
  const { by, at, now } = cancel;
  return setRow(keys.earlyCancel(run_id, by), { by, at, until_ms: now + EARLY_CANCEL_MS }, {
    expire_ms: 2 * EARLY_CANCEL_MS,
  });
}

/** Drops a cancel that was obeyed. */
export function dropEarlyCancel(run_id: string, by: string): Mutation {
  return deleteRow(keys.earlyCancel(run_id, by));
}

/** Which runs of all sessions. */
export interface RunFilter extends Paging {
  /** First time that counts. */
  readonly since_ms?: number | undefined;
  /** First time that does not count any more. */
  readonly until_ms?: number | undefined;
  /** Only runs of sessions of this person: nobody else's rows are read for them. */
  readonly owner_id?: string | undefined;
  visible(session_id: string): boolean;
}

/** Reads runs. */
export interface Runs {
  /** Session and start of a run; null when it is unknown. */
  find(run_id: string): Promise<RunOwner | null>;
  get(session_id: string, run_id: string): Promise<RunRecord | null>;
  /** Runs of one session, the newest first. */
  list(session_id: string, paging: Paging): Promise<Listing<RunRecord>>;
  /** Runs of all sessions, the newest first. */
  between(filter: RunFilter): Promise<Listing<RunRecord>>;
  /** Runs of all sessions since a time, the newest first: read once, one at a time, and not counted. */
  newest(options: { since_ms: number; most: number }): AsyncIterableIterator<RunRecord>;
  /**
   * Keeps a cancel for a run that is not known yet. False: the run is known by now, cancel it. A later start finds the
   * cancel under keys.earlyCancel.
   */
  keepCancel(run_id: string, cancel: { by: string; at: string; now: number }): Promise<boolean>;
}

/** Makes the reader of runs. */
export function createRuns(kv: Kv): Runs {
  return {
    async find(run_id) {
      const owner = readRunIndex(await kv.get(keys.runIndex(run_id)));
      return owner === null || await readHead(kv, owner.session_id) === null ? null : owner;
    },
    get: (session_id, run_id) => readRun(kv, session_id, run_id),
    list: (session_id, paging) => listRuns(kv, session_id, paging),
    between: (filter) => runsBetween(kv, filter),
    newest: (options) => newestRuns(kv, options),
    keepCancel: (run_id, cancel) => keepCancel(kv, run_id, cancel),
  };
}

async function listRuns(kv: Kv, session_id: string, paging: Paging): Promise<Listing<RunRecord>> {
  const after = fromCursor(Position, paging.cursor);
  const rows = await readAll(kv, session_id, { prefix: keys.runs(session_id), schema: RunRecord });
  const position = (run: RunRecord): [number, string] => [Date.parse(run.created_at), run.run_id];
  const runs = rows.map(({ value }) => value).sort((a, b) => newer(position(a), position(b)));
  const rest = after === null ? runs : runs.filter((run) => newer(after, position(run)) < 0);
  const items = rest.slice(0, paging.limit);
  const last = items.at(-1);
  return {
    items,
    total: runs.length,
    next_cursor: last === undefined || rest.length === items.length ? null : toCursor(position(last)),
  };
}

function newer(a: readonly [number, string], b: readonly [number, string]): number {
  return b[0] - a[0] || (a[1] < b[1] ? 1 : a[1] > b[1] ? -1 : 0);
}

async function runsBetween(kv: Kv, filter: RunFilter): Promise<Listing<RunRecord>> {
  const after = fromCursor(Position, filter.cursor);
  const found: { session_id: string; position: [number, string] }[] = [];
  let looked = 0;
  let total: number | null = 0;
  let more = false;
  const { owner_id } = filter;
  const at = (ms: number) => owner_id === undefined ? keys.runTime(ms, "") : keys.runOf(owner_id, ms, "");
  const range = { start: at(filter.since_ms ?? 0), end: at(filter.until_ms ?? Infinity) };
  for await (const entry of kv.list(range, { reverse: true, batchSize: SCAN_BATCH })) {
    const position = Position.parse(entry.key.slice(-2));
    const row = decodeRow(OfSession, entry);
    const full = found.length >= filter.limit;
    if (++looked > MOST_COUNTED) {
      total = null;
      if (full) break;
    }
    if (row === null || !filter.visible(row.session_id)) continue;
    if (total !== null) total++;
    if (after !== null && newer(after, position) >= 0) continue;
    if (full) more = true;
    else found.push({ session_id: row.session_id, position });
  }
  const runs = await Promise.all(found.map(({ session_id, position }) => readRun(kv, session_id, position[1])));
  const last = found.at(-1);
  return {
    items: runs.filter((run) => run !== null),
    total,
    next_cursor: last !== undefined && (more || total === null) ? toCursor(last.position) : null,
  };
}

async function* newestRuns(
  kv: Kv,
  { since_ms, most }: { since_ms: number; most: number },
): AsyncIterableIterator<RunRecord> {
  const range = { start: keys.runTime(since_ms, ""), end: keys.runTime(Infinity, "") };
  for await (const entry of kv.list(range, { reverse: true, limit: most, batchSize: Math.min(most, SCAN_BATCH) })) {
    const [, run_id] = Position.parse(entry.key.slice(-2));
    const row = decodeRow(OfSession, entry);
    const run = row === null ? null : await readRun(kv, row.session_id, run_id);
    if (run !== null) yield run;
  }
}

async function keepCancel(
  kv: Kv,
  run_id: string,
  cancel: { by: string; at: string; now: number },
): Promise<boolean> {
  for (;;) {
    const owner = await kv.get(keys.runIndex(run_id));
    if (owner.versionstamp !== null) return false;
    const before = await kv.get(keys.earlyCancel(run_id, cancel.by));
    // The start checks the same key, absent or not: either it sees the cancel, or this commit sees its run.
    const op = kv.atomic().check(
      { key: owner.key, versionstamp: null },
      { key: before.key, versionstamp: before.versionstamp },
    );
    addTo(op, earlyCancelRow(run_id, cancel));
    if ((await op.commit()).ok) return true;
  }
}
