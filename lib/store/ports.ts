// What the store needs from outside: time and ids. Structurally parts of the ports that serve.ts wires.
//
// Declared here because imports go one way: the store must not import the service that declares the whole ports.

/** Wall time, monotonic time and timers. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that never go back. */
  monotonic(): number;
  /** Runs `fn` once after `ms`; the result cancels it. */
  after(ms: number, fn: () => void): () => void;
}

/** New ids and secrets. */
export interface Ids {
  uuid(): string;
  /** Random characters A-Z a-z 0-9 _ -. */
  token(characters: number): string;
}

/** Resolves after `ms` on the given clock. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
