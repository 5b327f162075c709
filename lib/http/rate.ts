// How fast one person may ask: a bucket of requests each, for all of the person's tokens and browsers together.
//
//   RT1. A bucket holds BURST_S seconds' worth and fills evenly; a request more than it holds is refused, and told when
//       there will be room.
//   RT2. Administrators are never refused; who is not known yet is refused by the guard before this is asked.
//   RT3. A full bucket is forgotten: memory goes with those who ask now, not with all who ever did.
import { AppError } from "../model/error.ts";
import type { UserPrincipal } from "../model/principal.ts";
import type { Clock } from "../service/ports.ts";

/** Seconds' worth of requests that may come at once. */
export const BURST_S = 10;
const MOST_BUCKETS = 10_000;

/** Who may ask now. */
export interface Rate {
  /** Counts one request. Throws AppError `too_fast` with `retry_after_s`. */
  take(principal: UserPrincipal): void;
}

/** Makes the buckets; `per_second` 0 is no limit. */
export function createRate({ clock, per_second }: { clock: Clock; per_second: number }): Rate {
  const size = per_second * BURST_S;
  const buckets = new Map<string, { left: number; at: number }>();
  const leftOf = (bucket: { left: number; at: number }, now: number): number =>
    Math.min(size, bucket.left + (now - bucket.at) / 1000 * per_second);
  return {
    take({ id, admin }) {
      if (admin || per_second === 0) return;
      const now = clock.monotonic();
      const bucket = buckets.get(id);
      const left = bucket === undefined ? size : leftOf(bucket, now);
      if (left < 1) {
        const retry_after_s = Math.ceil((1 - left) / per_second);
        throw new AppError(
          "too_fast",
          `Cannot answer: more than ${per_second} requests a second; try again in a moment`,
          {
            retry_after_s,
          },
        );
      }
      if (bucket === undefined && buckets.size >= MOST_BUCKETS) {
        for (const [other, one] of buckets) if (leftOf(one, now) >= size) buckets.delete(other);
      }
      buckets.set(id, { left: left - 1, at: now });
    },
  };
}
