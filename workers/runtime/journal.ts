// What the host has stored of the run: entries and scopes, found by their place.
//
// A scope's leaves and scopes stand in one order; a replay must call the same at the same place.
import type { JournalEntry, ScopeRow, SettledEntry } from "../../lib/model/journal.ts";

/** What stands at a place. */
export type Stored = { readonly leaf: JournalEntry } | { readonly scope: ScopeRow };

/** The stored journal of a run. */
export class StoredJournal {
  readonly #places = new Map<string, Map<number, Stored>>();
  readonly #entries = new Map<string, JournalEntry>();
  readonly #scopes = new Map<string, ScopeRow>();

  addScopes(rows: readonly ScopeRow[]): void {
    for (const row of rows) {
      this.#scopes.set(row.key, row);
      if (row.parent !== null) this.#place(row.parent, row.pos, { scope: row });
    }
  }

  addEntries(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      this.#entries.set(entry.key, entry);
      this.#place(entry.scope, entry.pos, { leaf: entry });
    }
  }

  #place(scope: string, pos: number, stored: Stored): void {
    const places = this.#places.get(scope) ?? new Map<number, Stored>();
    places.set(pos, stored);
    this.#places.set(scope, places);
  }

  at(scope: string, pos: number): Stored | null {
    return this.#places.get(scope)?.get(pos) ?? null;
  }

  entry(key: string): JournalEntry | null {
    return this.#entries.get(key) ?? null;
  }

  scope(key: string): ScopeRow | null {
    return this.#scopes.get(key) ?? null;
  }

  /** Key of something that stands in a scope at `pos` or after it, or null. */
  leftFrom(scope: string, pos: number): string | null {
    for (const [place, stored] of this.#places.get(scope) ?? []) {
      if (place >= pos) return keyOfStored(stored);
    }
    return null;
  }

  /** Settled entries in the order in which they settle. */
  settled(): SettledEntry[] {
    const all: SettledEntry[] = [];
    for (const entry of this.#entries.values()) if (entry.status !== "open") all.push(entry);
    return all.sort((a, b) => a.n - b.n);
  }
}

/** Key of what stands at a place. */
export function keyOfStored(stored: Stored): string {
  return "leaf" in stored ? stored.leaf.key : stored.scope.key;
}
