// The real clock and the real ids: the only place of lib where time is read and randomness drawn.
import type { Clock, Ids } from "./ports.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(ms, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, Math.min(ms, MAX_TIMER_MS));
      signal?.addEventListener("abort", abort, { once: true });
    }),
};

/** A longer timeout of setTimeout overflows and fires at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** Ids of the machine's cryptographic generator. */
export const systemIds: Ids = {
  uuid: () => crypto.randomUUID(),
  token(characters) {
    const bytes = crypto.getRandomValues(new Uint8Array(characters));
    // 64 letters divide 256, so every letter is equally likely.
    return Array.from(bytes, (byte) => LETTERS.charAt(byte % LETTERS.length)).join("");
  },
};
