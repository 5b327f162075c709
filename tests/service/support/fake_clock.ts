// A clock that moves only when told: timers fire in order of their time, sleeps end with them.
import type { Cancel, Clock } from "@/lib/service/ports.ts";
import { systemClock } from "@/lib/service/system.ts";

/** How far a time of day is off. */
export interface Skew {
  ms: number;
}
interface Timer {
  at: number;
  order: number;
  fn: () => void;
}

/** A clock that moves only when told. */
export class FakeClock implements Clock {
  #now: number;
  readonly #start: number;
  #timers: Timer[] = [];
  #order = 0;

  constructor(start = Date.parse("2026-03-01T12:00:00.000Z")) {
    this.#now = start;
    this.#start = start;
  }

  now = (): number => this.#now;
  monotonic = (): number => this.#now - this.#start;

  after = (ms: number, fn: () => void): Cancel => {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  };

  sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const cancel = this.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
      const abort = () => {
        cancel();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
    });

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Fires everything that is due within `ms`, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== due);
      this.#now = Math.max(this.#now, due.at);
      due.fn();
    }
    this.#now = end;
  }
}

/** A clock whose short timers (commit windows) run in real time; its time of day may be another one. */
export function splitClock(clock: FakeClock, isCut: () => boolean, skew: Skew = { ms: 0 }): Clock {
  return {
    now: () => clock.now() + skew.ms,
    monotonic: clock.monotonic,
    after(ms, fn) {
      const alive = () => {
        if (!isCut()) fn();
      };
      return ms <= 20 ? systemClock.after(ms, alive) : clock.after(ms, alive);
    },
    sleep: clock.sleep,
  };
}
