// The session itself: name, suspend and resume, delete, expire.
//
//   V1. A change names the version that it changes.
//   V2. Suspending pauses the run and refuses new ones; resuming goes on with exactly that run.
//   V3. Deleting leaves nothing but a head that says so; the fence moves, so that no sandbox of it is heard again.
import { isFinal, type OpenRun } from "../../model/run.ts";
import type { ErrorCode } from "../../model/error.ts";
import { TOLERANCE_MS } from "../limits.ts";
import { asJson, presentSession } from "../present.ts";
import { ABSENT, type Refusal, type SessionState } from "../state.ts";
import { expiresAt } from "../summary.ts";
import { askPause, unpause } from "./pauses.ts";
import { moveSession, type Of, type Outcome, refuse, setSession, tell, type Work } from "./work.ts";

/** A person changes name or pin. */
export function updateSession(work: Work, command: Of<"update_session">): Outcome {
  const { session } = work.state;
  if (command.version !== session.version) {
    return refuseAs(work, "version_conflict", `change session "${session.name}": it is at version ${session.version}`);
  }
  const name = command.name === undefined || command.name === session.name ? {} : { name: command.name };
  const pinned = command.pinned === undefined || command.pinned === session.pinned ? {} : { pinned: command.pinned };
  const change = { ...name, ...pinned };
  if (Object.keys(change).length === 0) return { same: sessionNow(work) };
  setSession(work, change);
  tell(work, "session_updated", change);
  return { presented: true };
}

/** A person suspends the session; `now` does not wait for the step at work. */
export function suspendSession(work: Work, command: Of<"suspend_session">): Outcome {
  const { session } = work.state;
  const run = openOne(work);
  if (session.status === "suspended" && command.now && run?.status === "running" && askPause(work, run, true)) {
    return said(work, "Pauses at once");
  }
  if (session.status !== "active") {
    return refuseAs(work, "wrong_state", `suspend session "${session.name}": it is ${session.status}`);
  }
  moveSession(work, "suspended");
  if (run !== null && run.cancel === undefined) askPause(work, run, command.now);
  const paused = work.state.run?.status !== "running";
  return said(work, paused ? "Suspended" : "Suspended; the run pauses at its next step");
}

/** A person resumes the session. */
export function resumeSession(work: Work, _command: Of<"resume_session">): Outcome {
  const { session } = work.state;
  if (session.status !== "suspended" && session.status !== "expired") {
    return refuseAs(work, "wrong_state", `resume session "${session.name}": it is ${session.status}`);
  }
  moveSession(work, "active");
  const run = openOne(work);
  const goesOn = run !== null && unpause(work, run);
  return said(work, goesOn ? "Resumed; its run goes on" : "Resumed");
}

/** Idle for longer than the session's time to live. */
export function expireSession(work: Work, _command: Of<"expire_session">): Outcome {
  const expires = expiresAt(work.state, work.ctx.settings);
  if (expires === null || Date.parse(expires) > work.ctx.now + TOLERANCE_MS) {
    return { same: { expired: false, expires_at: expires } };
  }
  moveSession(work, "expired");
  return { reply: { expired: true } };
}

/** Deletes the session: what is left is a head. */
export function deletedState(state: SessionState): SessionState {
  const { head_seq, fence, entry_n } = state.head;
  return { ...ABSENT, head: { head_seq, fence: fence + 1, entry_n, deleted: true } };
}

function openOne(work: Work): OpenRun | null {
  const { run } = work.state;
  return run === null || isFinal(run) ? null : run;
}

function said(work: Work, message: string): Outcome {
  return { reply: { success: true, session_id: work.state.session.session_id, message } };
}

function sessionNow(work: Work) {
  return asJson(presentSession(work.state, work.ctx.settings));
}

function refuseAs(work: Work, code: ErrorCode, what: string): Refusal {
  return refuse(code, `Cannot ${what}`, { current: sessionNow(work) });
}
