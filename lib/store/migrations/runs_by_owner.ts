// Version 2: runs are found by the owner of their session, so that a person's list of runs does not read everybody's.
//
//   RO1. Up writes (run_of, owner, created, run) for each row of (run_time, …); down removes them. Nothing else is touched,
//        so a server of version 1 reads the store as it did.
//   RO2. Each commit checks the gates of the sessions whose rows it writes: nothing is written behind a delete. A gate
//        that has moved is read again; a session without one is being swept and gets no row.
import { PackedSummary, unpackSummary } from "../../engine/summary_row.ts";
import { passing } from "../fault_point.ts";
import { keys } from "../keys.ts";
import type { Kv } from "../kv.ts";
import { decodeRow, encodeRow, type Key } from "../mutation.ts";
import { OfSession } from "../records.ts";
import type { Migration } from "./migration.ts";

/** Runs of one commit: each may need a check of its own. */
const MOST_RUNS = 90;
const MOST_KEYS = 500;
const BATCH = 500;

/** The row that one run gets. */
interface Row {
  readonly session_id: string;
  readonly key: Key;
}

/** Finds runs by the owner of their session. */
export const runsByOwner: Migration = {
  to: 2,
  title: "runs by the owner of their session",
  async up(kv) {
    const owners = await ownersOf(kv);
    const gates = await gatesOf(kv);
    let rows: Row[] = [];
    for await (const entry of kv.list({ prefix: keys.runTimes() }, { batchSize: BATCH })) {
      const session_id = decodeRow(OfSession, entry)?.session_id;
      const owner_id = session_id === undefined ? undefined : owners.get(session_id);
      if (session_id === undefined || owner_id === undefined) continue;
      rows.push({ session_id, key: keys.runOf(owner_id, Number(entry.key[1]), String(entry.key[2])) });
      if (rows.length < MOST_RUNS) continue;
      await write(kv, gates, rows);
      rows = [];
    }
    await write(kv, gates, rows);
  },
  async down(kv) {
    let doomed: Key[] = [];
    for await (const { key } of kv.list({ prefix: ["run_of"] }, { batchSize: BATCH })) {
      doomed.push(key);
      if (doomed.length < MOST_KEYS) continue;
      await remove(kv, doomed);
      doomed = [];
    }
    await remove(kv, doomed);
  },
};

/** Owners by session, of those that are there. */
async function ownersOf(kv: Kv): Promise<Map<string, string>> {
  const owners = new Map<string, string>();
  for await (const entry of kv.list({ prefix: keys.summaries() }, { batchSize: BATCH })) {
    const row = decodeRow(PackedSummary, entry);
    if (row !== null) owners.set(String(entry.key[1]), unpackSummary(row).owner.id);
  }
  return owners;
}

async function gatesOf(kv: Kv): Promise<Map<string, string>> {
  const gates = new Map<string, string>();
  for await (const entry of kv.list({ prefix: ["gate"] }, { batchSize: BATCH })) {
    gates.set(String(entry.key[1]), entry.versionstamp);
  }
  return gates;
}

/** Writes rows in one commit; refused, one by one with their gates read anew. */
async function write(kv: Kv, gates: ReadonlyMap<string, string>, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  if (await commit(kv, gates, rows)) return passing("migrate.rows");
  for (const row of rows) {
    for (let last: string | null = null;;) {
      const { versionstamp } = await kv.get(keys.gate(row.session_id));
      // Gone: it is swept. Refused though the gate has not moved: a lie of the way to the store, the row stands.
      if (versionstamp === null || versionstamp === last) break;
      if (await commit(kv, new Map([[row.session_id, versionstamp]]), [row])) break;
      last = versionstamp;
    }
  }
  passing("migrate.rows");
}

async function commit(kv: Kv, gates: ReadonlyMap<string, string>, rows: readonly Row[]): Promise<boolean> {
  const op = kv.atomic();
  for (const session_id of new Set(rows.map((row) => row.session_id))) {
    op.check({ key: keys.gate(session_id), versionstamp: gates.get(session_id) ?? "0".repeat(20) });
  }
  for (const { key, session_id } of rows) op.set(key, encodeRow({ session_id }));
  return (await op.commit()).ok;
}

async function remove(kv: Kv, doomed: readonly Key[]): Promise<void> {
  if (doomed.length === 0) return;
  const op = kv.atomic();
  for (const key of doomed) op.delete(key);
  await op.commit();
  passing("migrate.rows");
}
