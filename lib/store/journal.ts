// The journal of a run, over or not: what a retry takes over, what pages show.
import type { JournalEntry, ScopeRow } from "../model/journal.ts";
import { readRecord } from "./blobs.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { readAll } from "./load.ts";
import { EntryRow, ScopeRecord } from "./records.ts";

/** Reads journals; large values are references (lib/store/blobs.ts resolves them). */
export interface Journal {
  /** Leaves, in the order of their keys. */
  entries(session_id: string, run_id: string): Promise<JournalEntry[]>;
  entry(session_id: string, run_id: string, key: string): Promise<JournalEntry | null>;
  scopes(session_id: string, run_id: string): Promise<ScopeRow[]>;
}

/** Makes the reader of journals. */
export function createJournal(kv: Kv): Journal {
  return {
    async entries(session_id, run_id) {
      const rows = await readAll(kv, session_id, { prefix: keys.entries(session_id, run_id), schema: EntryRow });
      return rows.map(({ value }) => value.entry);
    },
    async entry(session_id, run_id, key) {
      const entry = await kv.get(keys.entry(session_id, run_id, key));
      return (await readRecord(kv, session_id, { schema: EntryRow, entry }))?.entry ?? null;
    },
    async scopes(session_id, run_id) {
      const rows = await readAll(kv, session_id, { prefix: keys.scopes(session_id, run_id), schema: ScopeRecord });
      return rows.map(({ value }) => value.scope);
    },
  };
}
