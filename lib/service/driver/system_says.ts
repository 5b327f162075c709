// Words of the instance about a run that its sandbox does not say: rungs of a cancel, timers that keep the process.
import type { CancelStage } from "../../model/run.ts";
import { AppError } from "../../model/error.ts";
import type { RunCore } from "../core.ts";
import type { Claim } from "./driver.ts";

const AGAIN_MS = 1_000;

/** Puts a rung of a cancel into the log; a log that cannot be written now does not hold the cancel up. */
export function tellStage(core: RunCore, claim: Claim, stage: CancelStage): void {
  const { run_id, session_id, fence } = claim;
  void core.submit(core.system, session_id, { type: "cancel_progress", run_id, fence, stage }).catch(() => undefined);
}

/** Fires a timer that stands in no due row, until that is committed or not wanted any more. */
export async function fireTimer(
  core: RunCore,
  { session_id, run_id }: Claim,
  timer: { key: string; signal: AbortSignal },
): Promise<void> {
  while (!timer.signal.aborted) {
    try {
      await core.submit(core.system, session_id, { type: "fire_timer", run_id, key: timer.key });
      return;
    } catch (error) {
      if (error instanceof AppError && !error.retryable) return;
      await core.clock.sleep(AGAIN_MS, timer.signal).catch(() => undefined);
    }
  }
}
