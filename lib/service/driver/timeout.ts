// A time limit around what a port does, apart from the reasons for which it may be called off.
import type { Clock } from "../ports.ts";
import type { Attempt } from "./leaf.ts";

/** An attempt took too long; the code of its failure is `timeout`. */
export class TimeoutFailure extends Error {
  readonly code = "timeout";
}

/** Runs `work` with a signal that aborts with the attempt's own or after its seconds. */
export async function withTimeout<T>(
  clock: Clock,
  attempt: Pick<Attempt, "signal" | "timeout_s">,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const text = `it took more than ${attempt.timeout_s} s`;
  const cancel = clock.after(attempt.timeout_s * 1000, () => limit.abort(new TimeoutFailure(text)));
  try {
    const signal = AbortSignal.any([attempt.signal, limit.signal]);
    return await work(signal);
  } catch (error) {
    // Ports may reject with an error of their own when they are aborted; the reason is ours.
    if (limit.signal.aborted && !attempt.signal.aborted) throw limit.signal.reason;
    throw error;
  } finally {
    cancel();
  }
}
