// One verb for many sessions: what it means for each, so that doing it twice does nothing twice.
//
//   BK1. A session that is where the verb leads is done: it is no error, and nothing is said to it.
//   BK2. `resume` means what the button says: a suspended or expired session, or a paused run of an active one.
//   BK3. Everything else is left to the command's own rule, refusals too.
import type { UserCommand } from "../model/command.ts";
import { isFinal } from "../model/run.ts";
import { refuse } from "./rules/work.ts";
import type { Refusal, SessionState } from "./state.ts";

/** Verbs that may be said to many sessions at once. */
export type BulkAction = "suspend" | "resume" | "cancel" | "delete";
/** What is to be done to one session: a command, nothing more, or a refusal. */
export type BulkStep = { say: UserCommand } | { done: string } | Refusal;

/** Decides what a verb means for a session that exists. Pure. */
export function bulkStep(state: SessionState, action: BulkAction, now: boolean): BulkStep {
  switch (action) {
    case "delete":
      return { say: { type: "delete_session" } };
    case "suspend":
      return isSuspended(state, now) ? { done: "Suspended already" } : { say: { type: "suspend_session", now } };
    case "resume":
      return resume(state);
    case "cancel":
      return cancel(state);
    default:
      return action satisfies never;
  }
}

/** Suspended, and not to be hurried: with `now` a run that still ends its step pauses at once. */
function isSuspended({ session, run }: SessionState, now: boolean): boolean {
  return session?.status === "suspended" && !(now && run?.status === "running" && run.pause?.now !== true);
}

function resume({ session, run }: SessionState): BulkStep {
  if (session?.status !== "active") return { say: { type: "resume_session" } };
  if (run === null || isFinal(run)) return { done: "Active already" };
  const held = run.status === "paused" || run.pause !== undefined;
  return held ? { say: { type: "resume_run", run_id: run.run_id } } : { done: "Active already" };
}

function cancel({ session, run }: SessionState): BulkStep {
  if (run !== null && !isFinal(run)) return { say: { type: "cancel_run", run_id: run.run_id } };
  if (run?.status === "cancelled") return { done: "Cancelled already" };
  return refuse("wrong_state", `Cannot cancel in session "${session?.name ?? ""}": nothing of it runs`);
}
