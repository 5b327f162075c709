// What may become of a session under what people do to it: a small model, against which the real service is run.
//
// A session has a kind: what its runs do. `gated` stands at a step until it is opened, `asks` at a question with a
// deadline, `naps` at a timer; `quick` and `fails` end at once. The model says for each act whether it is taken or with
// which code it is refused, and which statuses the run may then come to rest in. It knows nothing of how that is done.
import type { RunStatus } from "@/lib/model/run.ts";
import type { SessionStatus } from "@/lib/model/session.ts";

/** What the runs of a session do. */
export const KINDS = ["gated", "asks", "naps", "quick", "fails"] as const;
export type Kind = (typeof KINDS)[number];

export interface ModelRun {
  run_id: string;
  /** Statuses in which it may rest now. */
  rests: RunStatus[];
  /** A pause was asked while its step was at work. */
  pausing: boolean;
  /** The step, the question or the nap is over, and how. */
  passed: "no" | "well" | "badly";
}
export interface ModelSession {
  session_id: string;
  kind: Kind;
  status: SessionStatus;
  version: number;
  pinned: boolean;
  run: ModelRun | null;
}

const FINAL: readonly RunStatus[] = ["completed", "failed", "cancelled"];
/** The one status of a run that rests. */
export const statusOf = (run: ModelRun | null): RunStatus | null => run?.rests[0] ?? null;
/** A run that is not over. */
export function openRun(session: ModelSession): ModelRun | null {
  const status = statusOf(session.run);
  return status === null || FINAL.includes(status) ? null : session.run;
}

/** Where a run comes to rest that executes, with what is already over in it. */
export function goesOn(session: ModelSession, run: ModelRun): void {
  run.pausing = false;
  if (run.passed === "badly") return end(session, run, "failed");
  if (run.passed === "well" || session.kind === "quick") return end(session, run, "completed");
  if (session.kind === "fails") return end(session, run, "failed");
  run.rests = [session.kind === "gated" ? "running" : "waiting"];
}

/** A run is over; its session rests with it, unless it is suspended. */
export function end(session: ModelSession, run: ModelRun, status: "completed" | "failed" | "cancelled"): void {
  run.rests = [status];
  run.pausing = false;
  if (session.status === "suspended") return;
  move(session, status === "cancelled" ? "active" : status);
}

/** Moves a session; each change of status is a version. */
export function move(session: ModelSession, status: SessionStatus): void {
  if (session.status === status) return;
  session.status = status;
  session.version++;
}

/** A run is asked to pause: at once where no step is at work. */
export function pause(session: ModelSession, run: ModelRun, now: boolean): void {
  const atWork = statusOf(run) === "running" && session.kind === "gated";
  if (atWork && !now) run.pausing = true;
  else {
    run.pausing = false;
    run.rests = ["paused"];
  }
}

/** The codes of refusals; null: it is taken. */
export const ACTS = {
  start(session: ModelSession): string | null {
    if (session.status === "suspended" || session.status === "expired") return "wrong_state";
    return openRun(session) === null ? null : "session_busy";
  },
  suspend(session: ModelSession, now: boolean): string | null {
    if (session.status === "active") return null;
    const hurried = session.status === "suspended" && now && openRun(session)?.pausing === true;
    return hurried ? null : "wrong_state";
  },
  resume(session: ModelSession): string | null {
    return session.status === "suspended" || session.status === "expired" ? null : "wrong_state";
  },
  pauseRun(session: ModelSession): string | null {
    const run = openRun(session);
    return run === null || statusOf(run) === "paused" ? "wrong_state" : null;
  },
  resumeRun(session: ModelSession): string | null {
    const run = openRun(session);
    if (run === null || session.status === "suspended") return "wrong_state";
    return statusOf(run) === "paused" || run.pausing ? null : "wrong_state";
  },
  cancel(session: ModelSession): string | null {
    return openRun(session) !== null || statusOf(session.run) === "cancelled" ? null : "wrong_state";
  },
  retry(session: ModelSession): string | null {
    if (openRun(session) !== null) return "wrong_state";
    return session.status === "suspended" || session.status === "expired" ? "wrong_state" : null;
  },
} as const;

/** What one verb of a bulk request comes to: null is done, by a command or because it is so. */
export function bulkCode(session: ModelSession, action: "suspend" | "resume" | "cancel" | "delete"): string | null {
  switch (action) {
    case "delete":
      return null;
    case "suspend":
      return session.status === "suspended" ? null : ACTS.suspend(session, false);
    case "resume":
      return session.status === "active" ? null : ACTS.resume(session);
    case "cancel":
      return ACTS.cancel(session);
    default:
      return action satisfies never;
  }
}
