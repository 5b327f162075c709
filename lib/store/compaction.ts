// Compaction: many small chunks of a finished run become few large ones, bytes and seqs unchanged.
//
//   Z1. A commit checks the gate and the versionstamp of every chunk that it replaces: nothing is written behind a
//       delete, nothing is replaced that has changed.
//   Z2. A reader in between sees either the small chunks or the large one (lib/store/events.ts seeks again).
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import type { Key } from "./mutation.ts";
import { joinBytes } from "./writer/lines.ts";
import { MAX_VALUE_BYTES } from "./writer/sizes.ts";

/** Chunks of one commit: each is a check. */
const MOST_CHUNKS = 90;
const MOST_PASSES = 10;

interface Stored {
  readonly key: Key;
  readonly versionstamp: string;
  readonly bytes: Uint8Array;
}

/** Compacts the log of a session; the number of chunks that it has less. Stops where another writes at the same time. */
export async function compact(kv: Kv, session_id: string): Promise<number> {
  let removed = 0;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const before = removed;
    for await (const group of groups(kv, session_id)) {
      if (!await replace(kv, session_id, group)) return removed;
      removed += group.length - 1;
    }
    if (removed === before) break;
  }
  return removed;
}

/** Neighbours that fit into one chunk together, at least two. */
async function* groups(kv: Kv, session_id: string): AsyncGenerator<Stored[]> {
  let group: Stored[] = [];
  let bytes = 0;
  for await (const entry of kv.list({ prefix: keys.events(session_id) }, { batchSize: 100 })) {
    if (!(entry.value instanceof Uint8Array)) return;
    if (group.length === MOST_CHUNKS || bytes + entry.value.length > MAX_VALUE_BYTES) {
      if (group.length > 1) yield group;
      group = [];
      bytes = 0;
    }
    group.push({ key: entry.key, versionstamp: entry.versionstamp, bytes: entry.value });
    bytes += entry.value.length;
  }
  if (group.length > 1) yield group;
}

async function replace(kv: Kv, session_id: string, group: readonly Stored[]): Promise<boolean> {
  const gate = await kv.get(keys.gate(session_id));
  const [first, ...others] = group;
  if (gate.versionstamp === null || first === undefined) return false;
  const op = kv.atomic().check({ key: gate.key, versionstamp: gate.versionstamp });
  for (const { key, versionstamp } of group) op.check({ key, versionstamp });
  for (const { key } of others) op.delete(key);
  op.set(first.key, joinBytes(group.map((chunk) => chunk.bytes)));
  return (await op.commit()).ok;
}
