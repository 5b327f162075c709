// A clock that a test moves by hand: timers run when it is told so, sleeps end at once and are written down.
import type { Clock } from "@/lib/service/ports.ts";

/** The clock and what was done with it. */
export interface HandClock extends Clock {
  /** Sleeps that were asked for, in milliseconds. */
  readonly slept: number[];
  /** Moves the time on and runs what is due. */
  advance(ms: number): void;
  /** Resolves when the next timer is set. */
  armed(): Promise<void>;
  /** Timers that wait. */
  readonly waiting: number;
  /** When set, sleeps do not end by themselves. */
  hold: boolean;
}

/** Makes a clock that stands at `start`. */
export function handClock(start = 1_750_000_000_000): HandClock {
  let now = start;
  const timers = new Set<{ at: number; fn: () => void }>();
  const slept: number[] = [];
  const tell: (() => void)[] = [];
  const clock: HandClock = {
    slept,
    hold: false,
    get waiting() {
      return timers.size;
    },
    now: () => now,
    monotonic: () => now - start,
    armed: () => new Promise((done) => tell.push(done)),
    after(ms, fn) {
      for (const done of tell.splice(0)) done();
      const timer = { at: now + ms, fn };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    sleep(ms, signal) {
      slept.push(ms);
      signal?.throwIfAborted();
      if (!clock.hold) return Promise.resolve();
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
    },
    advance(ms) {
      now += ms;
      for (const timer of [...timers]) {
        if (timer.at > now || !timers.delete(timer)) continue;
        timer.fn();
      }
    },
  };
  return clock;
}
