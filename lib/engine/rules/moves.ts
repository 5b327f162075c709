// A run's record moved from one status to another. Fields stand only on the arms that have them.
import type { EndedRun, Lease, OpenRun, QueueReason, RunError } from "../../model/run.ts";
import type { Json } from "../../model/json.ts";

type Queued = Extract<OpenRun, { status: "queued" }>;
type Running = Extract<OpenRun, { status: "running" }>;
type Waiting = Extract<OpenRun, { status: "waiting" }>;
type Paused = Extract<OpenRun, { status: "paused" }>;
type Base = Omit<Paused, "status" | "paused_at" | "paused_why">;

/** What stays of a run when its status goes; the executing time of a running stretch is added. */
function rest(run: OpenRun, now: string): Base {
  switch (run.status) {
    case "queued": {
      const { status: _status, queued_at: _at, reason: _reason, ...base } = run;
      return base;
    }
    case "running": {
      const { status: _status, lease: _lease, running_since, reason: _reason, source_changed: _changed, ...base } = run;
      const stretch = Math.max(0, Date.parse(now) - Date.parse(running_since));
      return { ...base, executed_ms: base.executed_ms + stretch };
    }
    case "waiting": {
      const { status: _status, waiting_since: _since, ...base } = run;
      return base;
    }
    case "paused": {
      const { status: _status, paused_at: _at, paused_why: _why, ...base } = run;
      return base;
    }
    default:
      return run satisfies never;
  }
}

/**
 * Puts a run into the queue; a pause that was asked is over with it. Taken over from another instance (`lost`) the last
 * stretch does not count: it would be the difference of two clocks, with the time in between.
 */
export function toQueued(run: OpenRun, how: { reason: QueueReason; now: string; lost?: boolean }): Queued {
  const { reason, now, lost = false } = how;
  const { pause: _pause, ...base } = rest(run, now);
  const executed_ms = lost ? run.executed_ms : base.executed_ms;
  return { ...base, executed_ms, status: "queued", queued_at: now, reason };
}

/** Hands a queued run to an instance; `fresh` starts a new sandbox. */
export function toRunning(run: Queued, lease: Lease, how: { fresh: boolean; now: string }): Running {
  const base = rest(run, how.now);
  const started_at = base.started_at ?? how.now;
  const running: Running = { ...base, started_at, status: "running", lease, running_since: how.now };
  return how.fresh ? { ...running, attempt: base.attempt + 1, reason: run.reason } : running;
}

/** Lets a running run wait without slot, lease and sandbox. */
export function toWaiting(run: Running, now: string): Waiting {
  return { ...rest(run, now), started_at: run.started_at, status: "waiting", waiting_since: now };
}

/** Stops a run until somebody resumes it; the pause that was asked is done. */
export function toPaused(run: OpenRun, now: string, why?: string): Paused {
  const { pause: _pause, ...base } = rest(run, now);
  return { ...base, status: "paused", paused_at: now, ...(why === undefined ? {} : { paused_why: why }) };
}

/** How a run ends. */
export type Ending =
  | { status: "completed"; result: Json }
  | { status: "failed"; error: RunError }
  | { status: "cancelled" };

/** Ends a run for good. */
export function toEnded(run: OpenRun, ending: Ending, now: string): EndedRun {
  const { pause: _pause, ...base } = rest(run, now);
  return { ...base, ...ending, ended_at: now };
}
