// Leases: which instance executes which run. Without a time of day; whether an instance lives is in beats.ts.
//
// Rows are written and removed by the commits that claim, requeue, settle and end runs (aggregate.ts).
import type { z } from "zod";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { decodeRow } from "./mutation.ts";
import { LeaseRow } from "./records.ts";

/** Who executes a run. */
export interface HeldLease extends z.infer<typeof LeaseRow> {
  readonly run_id: string;
}

/** Reads leases. */
export interface Leases {
  get(run_id: string): Promise<HeldLease | null>;
  list(): Promise<HeldLease[]>;
}

/** Makes the reader of leases. */
export function createLeases(kv: Kv): Leases {
  return {
    async get(run_id) {
      const row = decodeRow(LeaseRow, await kv.get(keys.lease(run_id)));
      return row === null ? null : { run_id, ...row };
    },
    async list() {
      const found: HeldLease[] = [];
      for await (const entry of kv.list({ prefix: keys.leases() }, { batchSize: 500 })) {
        const row = decodeRow(LeaseRow, entry);
        if (row !== null) found.push({ run_id: String(entry.key[1]), ...row });
      }
      return found;
    },
  };
}
