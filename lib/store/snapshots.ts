// Snapshots of folded views: so that a view is never folded from the whole log.
//
//   N1. A snapshot is a cache: it may be missing or old, never wrong. Its parts stand before its head names them.
//   N2. Writing checks the gate (nothing behind a delete) and the head that it replaces; an older one replaces nothing.
import * as z from "zod";
import type { Json } from "../model/json.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { addTo, decodeRow, encodeRow, type Key, type Mutation, setRow } from "./mutation.ts";
import { joinBytes } from "./writer/lines.ts";
import { MAX_VALUE_BYTES } from "./writer/sizes.ts";
import { groups, writeBehind } from "./writer/stage.ts";

/** Events between two snapshots. */
export const SNAPSHOT_EVENTS = 1000;

const SnapshotHead = z.strictObject({ seq: z.int(), parts: z.int(), format: z.int() });
const decoder = new TextDecoder();

/** Reads and writes snapshots. `format` is the version of the reducer; a snapshot of another one is not used. */
export interface Snapshots {
  get(session_id: string, format: number): Promise<{ seq: number; view: Json } | null>;
  /** False when a newer one stands already, or the session is gone. */
  put(session_id: string, snapshot: { seq: number; view: Json; format: number }): Promise<boolean>;
}

const partKey = (session_id: string, seq: number, part: number): Key => [...keys.snapshot(session_id, seq), part];

/** Makes the snapshots of a store. */
export function createSnapshots(kv: Kv): Snapshots {
  return {
    async get(session_id, format) {
      const head = decodeRow(SnapshotHead, await kv.get(keys.snapshotHead(session_id)));
      if (head === null || head.format !== format) return null;
      const parts: Uint8Array[] = [];
      for await (const entry of kv.list({ prefix: keys.snapshot(session_id, head.seq) }, { batchSize: 20 })) {
        if (entry.value instanceof Uint8Array) parts.push(entry.value);
      }
      // Replaced while it was read: as good as missing.
      if (parts.length !== head.parts) return null;
      return { seq: head.seq, view: JSON.parse(decoder.decode(joinBytes(parts))) };
    },
    put: (session_id, snapshot) => put(kv, session_id, snapshot),
  };
}

async function put(
  kv: Kv,
  session_id: string,
  { seq, view, format }: { seq: number; view: Json; format: number },
): Promise<boolean> {
  const headKey = keys.snapshotHead(session_id);
  const gateKey = keys.gate(session_id);
  const before = await kv.get(headKey);
  const old = decodeRow(SnapshotHead, before);
  if (old !== null && old.seq >= seq && old.format === format) return false;
  const bytes = encodeRow(view);
  const parts = Math.ceil(bytes.length / MAX_VALUE_BYTES);
  const rows = Array.from({ length: parts }, (_, part): Mutation => ({
    type: "set",
    key: partKey(session_id, seq, part),
    value: bytes.subarray(part * MAX_VALUE_BYTES, (part + 1) * MAX_VALUE_BYTES),
  }));
  for (const group of groups(rows)) {
    if (!await writeBehind(kv, { key: gateKey, stamp: null }, group)) return false;
  }
  const gate = await kv.get(gateKey);
  if (gate.versionstamp === null) return false;
  const op = kv.atomic().check({ key: gateKey, versionstamp: gate.versionstamp }, {
    key: headKey,
    versionstamp: before.versionstamp,
  });
  addTo(op, setRow(headKey, { seq, parts, format }));
  for (let part = 0; old !== null && old.seq !== seq && part < old.parts; part++) {
    op.delete(partKey(session_id, old.seq, part));
  }
  return (await op.commit()).ok;
}
