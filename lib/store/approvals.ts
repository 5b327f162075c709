// Approvals: by their id, of one session, of all sessions; with what was asked, whole.
//
//   V1. The nearest deadline comes first, in every list.
//   V2. An approval of a deleted session is unknown at once.
import * as z from "zod";
import { ApprovalAsk, ApprovalRow } from "../model/approval.ts";
import { readRecord } from "./blobs.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { fromCursor, type Listing, MOST_COUNTED, type Paging, toCursor } from "./listing.ts";
import { readAll } from "./load.ts";
import { decodeRow } from "./mutation.ts";
import { ApprovalIndex } from "./records.ts";
import { readHead } from "./sessions.ts";

/** An approval with what was asked. */
export interface AskedApproval {
  readonly row: ApprovalRow;
  readonly ask: ApprovalAsk;
}
/** Status of an approval. */
export type ApprovalStatus = ApprovalRow["status"];
/** Which approvals. */
export interface ApprovalFilter extends Paging {
  readonly status?: ApprovalStatus | undefined;
  readonly session_id?: string | undefined;
  visible(session_id: string): boolean;
}

/** Reads approvals. */
export interface Approvals {
  /** Session of an approval; null when it is unknown. */
  sessionOf(approval_id: string): Promise<string | null>;
  get(session_id: string, approval_id: string): Promise<AskedApproval | null>;
  list(filter: ApprovalFilter): Promise<Listing<AskedApproval>>;
}

const STATUSES: readonly ApprovalStatus[] = ["pending", "resolved", "expired", "cancelled"];
const Position = z.tuple([z.number(), z.string()]);
type Position = z.infer<typeof Position>;
interface Found {
  readonly position: Position;
  readonly session_id: string;
  readonly run_id: string;
}

/** Makes the reader of approvals. */
export function createApprovals(kv: Kv): Approvals {
  return {
    async sessionOf(approval_id) {
      const index = decodeRow(ApprovalIndex, await kv.get(keys.approvalIndex(approval_id)));
      return index === null || await readHead(kv, index.session_id) === null ? null : index.session_id;
    },
    async get(session_id, approval_id) {
      const index = decodeRow(ApprovalIndex, await kv.get(keys.approvalIndex(approval_id)));
      if (index?.session_id !== session_id) return null;
      return await readApproval(kv, { session_id, run_id: index.run_id, position: [0, approval_id] });
    },
    list: (filter) => filter.session_id === undefined ? listAll(kv, filter) : listOf(kv, filter.session_id, filter),
  };
}

async function readApproval(kv: Kv, { session_id, run_id, position: [, id] }: Found): Promise<AskedApproval | null> {
  const [rowEntry, askEntry] = await kv.getMany([keys.approval(session_id, run_id, id), keys.ask(session_id, id)]);
  if (rowEntry === undefined || askEntry === undefined) return null;
  const row = await readRecord(kv, session_id, { schema: ApprovalRow, entry: rowEntry });
  const ask = await readRecord(kv, session_id, { schema: ApprovalAsk, entry: askEntry });
  return row === null || ask === null ? null : { row, ask };
}

async function listOf(kv: Kv, session_id: string, filter: ApprovalFilter): Promise<Listing<AskedApproval>> {
  const after = fromCursor(Position, filter.cursor);
  if (!filter.visible(session_id)) return { items: [], total: 0, next_cursor: null };
  const rows = await readAll(kv, session_id, { prefix: keys.approvals(session_id), schema: ApprovalRow });
  const found: Found[] = rows.map(({ value }) => value)
    .filter((row) => filter.status === undefined || row.status === filter.status)
    .map((row) => ({ position: [Date.parse(row.expires_at), row.approval_id], session_id, run_id: row.run_id }));
  found.sort((a, b) => later(a.position, b.position));
  const rest = after === null ? found : found.filter(({ position }) => later(position, after) > 0);
  return await page(kv, { rest, total: found.length, limit: filter.limit });
}

async function listAll(kv: Kv, filter: ApprovalFilter): Promise<Listing<AskedApproval>> {
  const after = fromCursor(Position, filter.cursor);
  const statuses = filter.status === undefined ? STATUSES : [filter.status];
  const scans = await Promise.all(statuses.map((status) => scan(kv, { status, after, filter })));
  const rest = scans.flatMap((one) => one.rest).sort((a, b) => later(a.position, b.position));
  const totals = scans.map((one) => one.total);
  const total = totals.reduce<number | null>((sum, one) => sum === null || one === null ? null : sum + one, 0);
  return await page(kv, { rest, total, limit: filter.limit });
}

/** The first of one status after a position, one more than asked for, and how many there are. */
async function scan(
  kv: Kv,
  { status, after, filter }: { status: ApprovalStatus; after: Position | null; filter: ApprovalFilter },
): Promise<{ rest: Found[]; total: number | null }> {
  const rest: Found[] = [];
  let looked = 0;
  let total = 0;
  const prefix = [...keys.approvalLists(), status];
  for await (const entry of kv.list({ prefix }, { batchSize: 500 })) {
    if (++looked > MOST_COUNTED && rest.length > filter.limit) return { rest, total: null };
    const row = decodeRow(ApprovalIndex, entry);
    if (row === null || !filter.visible(row.session_id)) continue;
    total++;
    const position = Position.parse([entry.key[2], entry.key[3]]);
    if (rest.length <= filter.limit && (after === null || later(position, after) > 0)) rest.push({ position, ...row });
  }
  return { rest, total };
}

async function page(
  kv: Kv,
  { rest, total, limit }: { rest: readonly Found[]; total: number | null; limit: number },
): Promise<Listing<AskedApproval>> {
  const found = rest.slice(0, limit);
  const read = await Promise.all(found.map((one) => readApproval(kv, one)));
  const last = found.at(-1);
  return {
    items: read.filter((one) => one !== null),
    total,
    next_cursor: last === undefined || rest.length <= limit ? null : toCursor(last.position),
  };
}

function later(a: Position, b: Position): number {
  return a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);
}
