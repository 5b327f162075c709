// Removes every row of a session, and every row outside that tells of it, in commits of at most 500 keys.
import { ApprovalRow } from "../model/approval.ts";
import { RunRecord } from "../model/run.ts";
import { readRecord } from "./blobs.ts";
import { passing } from "./fault_point.ts";
import { keys, SESSION_PREFIXES } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { decodeRow, encodeRow, type Key } from "./mutation.ts";
import { RunIndex, SessionRow } from "./records.ts";
import { BATCH_LIMIT, keyBytes } from "./writer/sizes.ts";

/** Keys that one commit removes. */
const MOST_KEYS = 500;
/** Milliseconds that it is told of a deleted session: 90 days. */
const TOLD_MS = 90 * 86_400_000;

/** What is swept: `trash` is the versionstamp of its trash row. */
export interface SweepTarget {
  readonly session_id: string;
  readonly trash: string;
  /** A row stays for a while that says so to instances that are down. */
  readonly told: boolean;
}

/** Removes all rows, the head and the trash row last. False: another changed the trash row; throws what the store throws. */
export async function sweepRows(kv: Kv, target: SweepTarget): Promise<boolean> {
  const { session_id } = target;
  // Runs and approvals name rows outside: their records are read before the blobs that may hold them go.
  for (const kind of SESSION_PREFIXES) {
    let doomed: Key[] = [];
    let bytes = 0;
    for await (const entry of kv.list({ prefix: [kind, session_id] }, { batchSize: 100 })) {
      for (const key of [entry.key, ...await outsideOf(kv, session_id, entry)]) {
        doomed.push(key);
        bytes += keyBytes(key);
      }
      if (doomed.length < MOST_KEYS - 5 && bytes < BATCH_LIMIT.key_bytes - 5000) continue;
      if (!await remove(kv, target, doomed)) return false;
      doomed = [];
      bytes = 0;
    }
    if (!await remove(kv, target, doomed)) return false;
  }
  const { versionstamp } = await kv.get(keys.head(session_id));
  const op = kv.atomic().check(
    { key: keys.trash(session_id), versionstamp: target.trash },
    { key: keys.head(session_id), versionstamp },
  );
  op.delete(keys.session(session_id)).delete(keys.gate(session_id)).delete(keys.summary(session_id));
  if (target.told) op.set(keys.swept(session_id), encodeRow({}), { expireIn: TOLD_MS });
  return (await op.delete(keys.head(session_id)).delete(keys.trash(session_id)).commit()).ok;
}

async function remove(kv: Kv, { session_id, trash }: SweepTarget, doomed: readonly Key[]): Promise<boolean> {
  if (doomed.length === 0) return true;
  const op = kv.atomic().check({ key: keys.trash(session_id), versionstamp: trash });
  for (const key of doomed) op.delete(key);
  const { ok } = await op.commit();
  passing("sweep.rows");
  return ok;
}

/** Its owner: the session's own row is removed last. */
async function ownerOf(kv: Kv, session_id: string): Promise<string | null> {
  const row = await readRecord(kv, session_id, { schema: SessionRow, entry: await kv.get(keys.session(session_id)) });
  return row?.session.owner.id ?? null;
}

/** Keys outside the session that one of its rows names. */
async function outsideOf(kv: Kv, session_id: string, entry: Deno.KvEntry<unknown>): Promise<Key[]> {
  switch (entry.key[0]) {
    case "owned":
      return [entry.key.slice(2)];
    case "approval": {
      const row = await readRecord(kv, session_id, { schema: ApprovalRow, entry });
      if (row === null) return [];
      const { approval_id, status, expires_at } = row;
      return [keys.approvalIndex(approval_id), keys.approvalList(status, Date.parse(expires_at), approval_id)];
    }
    case "run": {
      const run = await readRecord(kv, session_id, { schema: RunRecord, entry });
      if (run === null) return [];
      const index = await kv.get(keys.runIndex(run.run_id));
      const own = decodeRow(RunIndex, index)?.session_id === session_id;
      const created_ms = Date.parse(run.created_at);
      const owner_id = await ownerOf(kv, session_id);
      return [
        ...own ? [index.key] : [],
        keys.runTime(created_ms, run.run_id),
        ...owner_id === null ? [] : [keys.runOf(owner_id, created_ms, run.run_id)],
      ];
    }
    default:
      return [];
  }
}
