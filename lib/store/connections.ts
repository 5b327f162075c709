// Live connections of all instances: hints for administrators, written in batches.
//
//   A row without a heartbeat for 90 s is stale and not shown; the store drops it some minutes later.
import * as z from "zod";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { addTo, decodeRow, deleteRow, type Mutation, setRow } from "./mutation.ts";
import type { Clock } from "./ports.ts";

/** Milliseconds after which a row is stale. */
export const STALE_MS = 90_000;
const DROP_MS = 600_000;
const MOST_ROWS = 300;

/** One live connection. */
export const ConnectionRow = z.strictObject({
  connection_id: z.string(),
  connected_at: z.string(),
  last_heartbeat: z.string(),
  server_instance: z.string(),
  session_id: z.string().nullable(),
  user: z.string(),
});
/** One live connection. */
export type ConnectionRow = z.infer<typeof ConnectionRow>;

/** Rows of live connections. */
export interface ConnectionRows {
  put(rows: readonly ConnectionRow[]): Promise<void>;
  /** Removes rows of this instance. */
  remove(ids: readonly string[]): Promise<void>;
  /** All that are not stale. */
  list(): Promise<ConnectionRow[]>;
}

/** Makes the rows of an instance's connections. */
export function createConnections(kv: Kv, options: { clock: Clock; instance: string }): ConnectionRows {
  const { clock, instance } = options;
  return {
    put: (rows) =>
      write(
        kv,
        rows.map((row) => setRow(keys.connection(row.server_instance, row.connection_id), row, { expire_ms: DROP_MS })),
      ),
    remove: (ids) => write(kv, ids.map((id) => deleteRow(keys.connection(instance, id)))),
    async list() {
      const oldest = clock.now() - STALE_MS;
      const found: ConnectionRow[] = [];
      for await (const entry of kv.list({ prefix: keys.connections() }, { batchSize: 500 })) {
        const row = decodeRow(ConnectionRow, entry);
        if (row !== null && Date.parse(row.last_heartbeat) >= oldest) found.push(row);
      }
      return found;
    },
  };
}

async function write(kv: Kv, rows: readonly Mutation[]): Promise<void> {
  for (let at = 0; at < rows.length; at += MOST_ROWS) {
    const op = kv.atomic();
    for (const row of rows.slice(at, at + MOST_ROWS)) addTo(op, row);
    await op.commit();
  }
}
