// What is due: one index for queue, wakes, deadlines, expiry; time 0 is now.
//
//   Rows are written and removed by the commits that change what they stand for (aggregate.ts); reading takes nothing
//   away. Whoever finds one says its command; the decision makes the row go.
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { decodeRow, type Key } from "./mutation.ts";
import { DueRow } from "./records.ts";

/** Something to be said to a session. */
export interface Due {
  readonly time_ms: number;
  readonly kind: string;
  readonly id: string;
  readonly session_id: string;
  readonly key: Key;
  readonly versionstamp: string;
}

/** Reads what is due. */
export interface DueIndex {
  /** What is due at `now`, the earliest first. */
  list(options: { now: number; limit: number }): Promise<Due[]>;
  /** When the next one is due, null when nothing is. */
  next(): Promise<number | null>;
  /** Removes a row that nothing answers to any more, unless it has changed. */
  drop(due: Due): Promise<void>;
}

/** Makes the index. */
export function createDue(kv: Kv): DueIndex {
  return {
    async list({ now, limit }) {
      const range = { start: keys.dues(), end: [...keys.dues(), now + 0.5] };
      const found: Due[] = [];
      for await (const entry of kv.list(range, { limit, batchSize: Math.min(limit, 500) })) {
        const row = decodeRow(DueRow, entry);
        const [, time_ms, kind] = entry.key;
        if (row === null) continue;
        const { key, versionstamp } = entry;
        found.push({ time_ms: Number(time_ms), kind: String(kind), ...row, key, versionstamp });
      }
      return found;
    },
    async next() {
      for await (const entry of kv.list({ prefix: keys.dues() }, { limit: 1, batchSize: 1 })) {
        return Number(entry.key[1]);
      }
      return null;
    },
    async drop({ key, versionstamp }) {
      await kv.atomic().check({ key, versionstamp }).delete(key).commit();
    },
  };
}
