// Summaries in the order of lists, kept sorted while they change: a list never sorts 100,000 of them.
import type { Summary } from "../engine/summary.ts";

/** What the order depends on. */
export type Place = Pick<Summary, "pinned" | "updated_at" | "session_id">;

/** Tells whether one stands before another: pinned first, then the newest, then by id. */
export function comesBefore(a: Place, b: Place): boolean {
  if (a.pinned !== b.pinned) return a.pinned;
  if (a.updated_at !== b.updated_at) return a.updated_at > b.updated_at;
  return a.session_id < b.session_id;
}

/** A sorted list of summaries. */
export class Ordered {
  #all: Summary[] = [];

  /** Replaces everything. */
  fill(summaries: Iterable<Summary>): void {
    this.#all = [...summaries].sort((a, b) => comesBefore(a, b) ? -1 : 1);
  }

  /** Takes one out and puts one in. */
  replace(before: Summary | undefined, after: Summary | null): void {
    if (before === undefined) return this.#insert(after);
    const at = this.#find(before);
    const found = this.#all[at];
    if (found?.session_id !== before.session_id) return this.#insert(after);
    if (after !== null && after.updated_at === before.updated_at && after.pinned === before.pinned) {
      this.#all[at] = after;
      return;
    }
    this.#all.splice(at, 1);
    this.#insert(after);
  }

  /** What stands behind a place; all for null. */
  *after(place: Place | null): Generator<Summary> {
    let at = place === null ? 0 : this.#find(place);
    for (let one = this.#all[at]; one !== undefined; one = this.#all[++at]) {
      if (place === null || comesBefore(place, one)) yield one;
    }
  }

  /** A copy, the last one first. */
  backwards(): Summary[] {
    return this.#all.toReversed();
  }

  #insert(summary: Summary | null): void {
    if (summary !== null) this.#all.splice(this.#find(summary), 0, summary);
  }

  /** Where a place is, or would be. */
  #find(place: Place): number {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.#all[middle];
      if (there !== undefined && comesBefore(there, place)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
