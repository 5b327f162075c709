// Cancel: a ladder whose steps are events; the end of the run confirms it.
//
//   C1. Cancel works in every status that is not final and is idempotent. What no sandbox executes ends at once; a
//       running run is asked, and settled when its sandbox is over.
//   C2. Cancel goes before pause. Whoever takes over a run obeys both without starting it (`obey`).
import { CancelStage, isFinal, type OpenRun } from "../../model/run.ts";
import { asJson, presentRun } from "../present.ts";
import { endRun } from "./ends.ts";
import { executedUnder } from "./fences.ts";
import { pauseNow, runReply } from "./pauses.ts";
import { actor, emit, isRefusal, namedRun, type Of, openRun, type Outcome, refuse, setRun, type Work } from "./work.ts";

/** Does to a run without a living sandbox what was asked of it; null when nothing was. */
export function obey(work: Work, run: OpenRun): "cancelled" | "paused" | null {
  if (run.cancel !== undefined) {
    endRun(work, run, { status: "cancelled" });
    return "cancelled";
  }
  if (run.pause === undefined) return null;
  pauseNow(work, run);
  return "paused";
}

/** A person cancels a run. */
export function cancelRun(work: Work, command: Of<"cancel_run">): Outcome {
  const run = namedRun(work, command.run_id);
  if (run === null) {
    return refuse("not_found", `Cannot cancel run "${command.run_id}": there is no such run`);
  }
  const current = asJson(presentRun(run));
  if (run.status === "cancelled") return { same: current };
  if (isFinal(run)) {
    return refuse("wrong_state", `Cannot cancel run "${run.run_id}": it is ${run.status}`, { current });
  }
  if (run.cancel !== undefined) return { same: current };
  const { pause: _pause, ...rest } = run;
  const asked: OpenRun = { ...rest, cancel: { stage: "asked", at: work.now, by: actor(work.principal) } };
  setRun(work, asked);
  emit(work, "cancel_progress", { stage: "asked" });
  if (asked.status !== "running") obey(work, asked);
  return runReply(work);
}

/** The host says how far a cancel has come; a stage never goes back. */
export function cancelProgress(work: Work, command: Of<"cancel_progress">): Outcome {
  const run = openRun(work, command.run_id, "cancel");
  if (isRefusal(run)) return run;
  const stages = CancelStage.options;
  const { cancel } = run;
  const on = cancel !== undefined && stages.indexOf(command.stage) > stages.indexOf(cancel.stage);
  if (!on || !executedUnder(run, command.fence)) return { same: { stage: cancel?.stage ?? null } };
  setRun(work, { ...run, cancel: { ...cancel, stage: command.stage, at: work.now } });
  emit(work, "cancel_progress", { stage: command.stage });
  return { reply: { stage: command.stage } };
}

/** The sandbox is over after cancel or pause was asked. */
export function settleRun(work: Work, command: Of<"settle_run">): Outcome {
  const run = namedRun(work, command.run_id);
  if (run === null || isFinal(run) || !executedUnder(run, command.fence)) return { same: { settled: null } };
  const settled = obey(work, run);
  return settled === null ? { same: { settled } } : { reply: { settled } };
}
