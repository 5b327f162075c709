// A clock that stands until a test moves it, and knows when the next timer is due.
import type { Clock } from "@/lib/store/ports.ts";

/** Virtual time: timers run in order of time, then of their making. */
export class VirtualClock implements Clock {
  #now = 1_700_000_000_000;
  #made = 0;
  readonly #timers = new Map<number, { at: number; fn: () => void }>();

  now(): number {
    return this.#now;
  }
  monotonic(): number {
    return this.#now;
  }
  after(ms: number, fn: () => void): () => void {
    const id = ++this.#made;
    this.#timers.set(id, { at: this.#now + Math.max(0, ms), fn });
    return () => void this.#timers.delete(id);
  }
  /** Milliseconds until the next timer, or null. */
  get next(): number | null {
    const due = this.#first();
    return due === null ? null : due.at - this.#now;
  }
  /** Runs the next timer, however far away. */
  step(): boolean {
    const due = this.#first();
    if (due === null) return false;
    this.#timers.delete(due.id);
    this.#now = Math.max(this.#now, due.at);
    due.fn();
    return true;
  }
  /** Lets time pass without a timer in between. */
  skip(ms: number): void {
    this.#now += ms;
  }

  #first(): { id: number; at: number; fn: () => void } | null {
    let first: { id: number; at: number; fn: () => void } | null = null;
    for (const [id, timer] of this.#timers) if (first === null || timer.at < first.at) first = { id, ...timer };
    return first;
  }
}
