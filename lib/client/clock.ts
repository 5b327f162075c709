// Time and chance of a client (browser or command line): the one place where lib/client reads them.

/** What a client needs of time and chance; tests give their own. */
export interface ClientClock {
  now(): number;
  random(): number;
  /** Runs once after `ms`; the result cancels it. */
  after(ms: number, fn: () => void): () => void;
}

/** The real one. */
export const clientClock: ClientClock = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

/** Jittered exponential back-off: between half and whole of 1 s, doubled with each try up to 30 s. */
export function backoff_ms(attempt: number, clock: ClientClock): number {
  const full = Math.min(30_000, 1000 * 2 ** Math.min(attempt, 10));
  return full / 2 + clock.random() * full / 2;
}
