// How runs end: one commit that nothing of the run follows.
//
//   N1. Its pending approvals and told waits are closed first; then `result` or `error` (or workflow_cancelled), the
//       status of run and session, and last `complete`.
//   N2. Whatever arrives after a cancel was asked ends the run cancelled.
//   N3. A suspended session stays suspended.
//   N4. What a fix or a roll-back of the workflow's source mends ends no run: it is paused, with the reason.
import type { OpenRun, RunError } from "../../model/run.ts";
import type { SessionStatus } from "../../model/session.ts";
import { openEntries } from "../open.ts";
import { oneLine } from "./activity.ts";
import { closeWaits } from "./closed_waits.ts";
import { type Ending, toEnded } from "./moves.ts";
import {
  actor,
  emit,
  isRefusal,
  moveRun,
  moveSession,
  type Of,
  openRun,
  type Outcome,
  setSession,
  type Work,
} from "./work.ts";
import { executedUnder } from "./fences.ts";
import { pauseNow } from "./pauses.ts";

const REST: Record<Ending["status"], SessionStatus> = { completed: "completed", failed: "failed", cancelled: "active" };
const OUTCOME = { completed: "success", failed: "failed", cancelled: "cancelled" } as const;

/** Ends the run, with everything that goes with it. */
export function endRun(work: Work, run: OpenRun, ending: Ending): void {
  closeWaits(work, openEntries(work.state));
  switch (ending.status) {
    case "completed":
      emit(work, "result", { result: ending.result });
      break;
    case "failed": {
      const { type, ...rest } = ending.error;
      emit(work, "error", { error_type: type, ...rest });
      break;
    }
    case "cancelled": {
      const by = run.cancel?.by ?? actor(work.principal);
      emit(work, "workflow_cancelled", { message: `Cancelled by ${by}`, status: "cancelled" });
      break;
    }
    default:
      ending satisfies never;
  }
  moveRun(work, toEnded(run, ending, work.now));
  if (work.state.session.status !== "suspended") moveSession(work, REST[ending.status]);
  // What went wrong stays as the line under the session's name.
  const activity = ending.status === "failed" ? oneLine(ending.error.message) : null;
  setSession(work, { activity, current_step: null });
  work.state = { ...work.state, mailbox: [] };
  const duration_ms = Math.max(0, work.ctx.now - Date.parse(run.started_at ?? run.created_at));
  emit(work, "complete", { status: OUTCOME[ending.status], duration_ms });
}

/** Ends the run failed, and says so to its sandbox. */
export function failNow(work: Work, run: OpenRun, error: RunError): { reply: { ended: "failed" | "cancelled" } } {
  const status = run.cancel === undefined ? "failed" : "cancelled";
  endRun(work, run, status === "failed" ? { status, error } : { status });
  return { reply: { ended: status } };
}

/** The sandbox says how its run ended. */
export function finishRun(work: Work, command: Of<"finish_run">): Outcome {
  const run = openRun(work, work.state.run?.run_id ?? "", "finish");
  if (isRefusal(run)) return run;
  if (!command.result.ok) return fail(work, run, command.result.error);
  if (run.cancel !== undefined) endRun(work, run, { status: "cancelled" });
  else endRun(work, run, { status: "completed", result: command.result.value });
  return { reply: { ended: work.state.run?.status ?? null } };
}

/** The host ends a run: a limit, an error of its own, a sandbox that cannot go on. */
export function failRun(work: Work, command: Of<"fail_run">): Outcome {
  const run = openRun(work, command.run_id, "fail");
  if (isRefusal(run)) return run;
  if (!executedUnder(run, command.fence)) return { same: { ended: null } };
  const { type, message } = command.error;
  if (type !== "unknown_mode" || run.cancel !== undefined) return fail(work, run, command.error);
  pauseNow(work, run, `The workflow cannot be loaded: ${message}`);
  return { reply: { paused: true } };
}

/** A mismatch after the source has changed is not the run's fault: it waits for a fix or a roll-back. */
function fail(work: Work, run: OpenRun, error: RunError): Outcome {
  const changed = run.status === "running" && run.source_changed === true;
  if (!changed || error.type !== "nondeterministic" || run.cancel !== undefined) return failNow(work, run, error);
  pauseNow(work, run, `The source of the workflow has changed: ${error.message}`);
  return { reply: { paused: true } };
}
