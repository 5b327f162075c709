// Pause and resume of a run. Suspending a session (sessions.ts) is a pause of its run.
//
//   U1. A run that no sandbox executes pauses at once. A running one is asked: no new leaf begins, and at the boundary
//       (no leaf at work, or at once with `now`, when the host has killed the sandbox) it pauses.
//   U2. Open waits stay: they can be answered while paused, and the answer is used on resume.
//   U4. A pause that is asked and not in force is told: an event, a field of the run, `asked` in the session's wait.
//   U3. Resume always goes to the queue; before the boundary it takes the pause back.
import type { OpenRun } from "../../model/run.ts";
import { isAtWork, openEntries } from "../open.ts";
import { asJson, presentRun } from "../present.ts";
import { toPaused, toQueued } from "./moves.ts";
import {
  actor,
  emit,
  isRefusal,
  moveRun,
  type Of,
  openRun,
  type Outcome,
  refuse,
  setRun,
  setSession,
  type Work,
} from "./work.ts";

/** Pauses the run now. */
export function pauseNow(work: Work, run: OpenRun, why?: string): void {
  const message = why ?? `Paused by ${run.pause?.by ?? actor(work.principal)}`;
  moveRun(work, toPaused(run, work.now, why));
  emit(work, "workflow_paused", { message, status: "paused" });
  setSession(work, { activity: null });
}

/** Asks a run to pause, or pauses it at once where nothing executes it. Tells whether that changed anything. */
export function askPause(work: Work, run: OpenRun, now: boolean): boolean {
  if (run.status === "paused") return false;
  if (run.status !== "running") {
    pauseNow(work, run);
    return true;
  }
  if (run.pause !== undefined && (run.pause.now || !now)) return false;
  const by = actor(work.principal);
  setRun(work, { ...run, pause: { now, at: work.now, by } });
  emit(work, "pause_progress", { stage: "asked", now, by });
  return true;
}

/** Puts a paused run into the queue, or takes back a pause that was asked. Tells whether that changed anything. */
export function unpause(work: Work, run: OpenRun): boolean {
  if (run.status === "paused") {
    moveRun(work, toQueued(run, { reason: "resume", now: work.now }));
    return true;
  }
  if (run.pause === undefined) return false;
  const { pause: _pause, ...rest } = run;
  setRun(work, rest);
  emit(work, "pause_progress", { stage: "taken_back", now: false, by: actor(work.principal) });
  return true;
}

/** Tells whether a leaf is at work: a pause waits for its end. */
export function atWork(work: Work): boolean {
  return openEntries(work.state).some((entry) => isAtWork(work.state, entry));
}

/** A person pauses a run. */
export function pauseRun(work: Work, command: Of<"pause_run">): Outcome {
  const run = openRun(work, command.run_id, "pause");
  if (isRefusal(run)) return run;
  const current = asJson(presentRun(run));
  if (run.status === "paused") {
    return refuse("wrong_state", `Cannot pause run "${run.run_id}": it is paused already`, { current });
  }
  if (run.cancel !== undefined) {
    return refuse("wrong_state", `Cannot pause run "${run.run_id}": it is being cancelled`, { current });
  }
  return askPause(work, run, command.now) ? runReply(work) : { same: current };
}

/** A person resumes a run. */
export function resumeRun(work: Work, command: Of<"resume_run">): Outcome {
  const run = openRun(work, command.run_id, "resume");
  if (isRefusal(run)) return run;
  const current = asJson(presentRun(run));
  if (work.state.session.status === "suspended") {
    return refuse("wrong_state", `Cannot resume run "${run.run_id}": its session is suspended`, { current });
  }
  if (unpause(work, run)) return runReply(work);
  return refuse("wrong_state", `Cannot resume run "${run.run_id}": it is ${run.status}`, { current });
}

/** The sandbox stands at a boundary while a pause is asked. */
export function atBoundary(work: Work, _command: Of<"at_boundary">): Outcome {
  const run = openRun(work, work.state.run?.run_id ?? "", "pause");
  if (isRefusal(run)) return run;
  if (run.pause === undefined || run.cancel !== undefined || atWork(work)) return { same: { paused: false } };
  pauseNow(work, run);
  return { reply: { paused: true } };
}

/** The run as the answer of a command. */
export function runReply(work: Work): Outcome {
  const { run } = work.state;
  return { reply: run === null ? null : asJson(presentRun(run)) };
}
