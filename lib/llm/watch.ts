// Ends a request that fell silent, that takes too long, or that nobody wants any more.
//
//   W1. Every byte of the answer counts as life, also those that carry no text.
//   W2. Its signal aborts at most once, with the caller's reason or a FailureError `timeout`.
//   W3. After close() no timer and no listener of it is left.
import type { Cancel, Clock } from "../service/ports.ts";
import { FailureError } from "./failure.ts";

/** A watch over one request. */
export interface Watch {
  readonly signal: AbortSignal;
  /** Tells that the service is alive. */
  touch(): void;
  close(): void;
}

/** Watches over one request: `silence_s` between two bytes, `total_s` for all of it. */
export function startWatch(
  clock: Clock,
  limits: { silence_s: number; total_s: number },
  caller: AbortSignal,
): Watch {
  const controller = new AbortController();
  const give = () => controller.abort(caller.reason);
  const timeout = (message: string) => () =>
    controller.abort(new FailureError("timeout", message, null, { after_s: null }));
  const silent = timeout(`The model service sent nothing for ${limits.silence_s} s`);
  let silence: Cancel = clock.after(limits.silence_s * 1000, silent);
  const total = clock.after(
    limits.total_s * 1000,
    timeout(`The model service did not finish its answer in ${limits.total_s} s`),
  );
  caller.addEventListener("abort", give, { once: true });
  if (caller.aborted) give();
  return {
    signal: controller.signal,
    touch() {
      silence();
      silence = clock.after(limits.silence_s * 1000, silent);
    },
    close() {
      silence();
      total();
      caller.removeEventListener("abort", give);
    },
  };
}
