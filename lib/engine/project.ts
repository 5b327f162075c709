// Everything that KV holds about a session beside its records, as a pure function of its state.
//
// Owns due rows, lease row and summary. Leaves to lib/store: writing the difference of two projections.
//   D1. A run in the queue is due now; a wait is due at its time, whatever the status of its run, until the run is over.
//   D2. Short sleeps are not due: their process stays, and a sandbox that begins them again settles them.
//   D3. A session without a run that is not over is due when it expires.
import { isFinal } from "../model/run.ts";
import { TOLERANCE_MS } from "./limits.ts";
import { isShortSleep, openEntries, pendingApprovals } from "./open.ts";
import type { EngineSettings, SessionState } from "./state.ts";
import { expiresAt, Summary, summaryOf } from "./summary.ts";
import { fitSummary } from "./summary_row.ts";

export { Summary };

/**
 * A row of the due index: at `time_ms` (0: now) something must be said to the session. `id` is a run_id for "run"
 * (claim it) and "timer" (the earliest of the run; `dueTimers` names the keys), an approval_id, or a session_id.
 */
export interface Due {
  time_ms: number;
  kind: "run" | "timer" | "approval" | "session";
  id: string;
}

/** Everything that is derived from a state. */
export interface Projection {
  due: Due[];
  lease: { run_id: string; instance: string; fence: number } | null;
  /** Made when it is first asked for: of the states that one commit goes through only the last is ever listed. */
  readonly summary: Summary | null;
}

/** Derives due rows, lease and summary from a state. */
export function project(state: SessionState, settings: EngineSettings): Projection {
  const { run } = state;
  const lease = run?.status === "running" ? { run_id: run.run_id, ...run.lease } : null;
  let made: Summary | null | undefined;
  return {
    due: dueOf(state, settings),
    lease,
    get summary() {
      return made ??= fittedSummary(state, settings);
    },
  };
}

function fittedSummary(state: SessionState, settings: EngineSettings): Summary | null {
  const summary = summaryOf(state, settings);
  return summary === null ? null : fitSummary(summary);
}

/** Keys of the waits whose time has come: what `fire_timer` is to be said for. */
export function dueTimers(state: SessionState, now: number): string[] {
  return timed(state).filter((wait) => wait.time_ms <= now + TOLERANCE_MS).map((wait) => wait.key);
}

function dueOf(state: SessionState, settings: EngineSettings): Due[] {
  const { session, run } = state;
  if (session === null) return [];
  if (run === null || isFinal(run)) {
    const expires = expiresAt(state, settings);
    return expires === null ? [] : [{ time_ms: Date.parse(expires), kind: "session", id: session.session_id }];
  }
  const due: Due[] = run.status === "queued" ? [{ time_ms: 0, kind: "run", id: run.run_id }] : [];
  const first = timed(state).reduce((least, wait) => Math.min(least, wait.time_ms), Infinity);
  if (first < Infinity) due.push({ time_ms: first, kind: "timer", id: run.run_id });
  for (const row of pendingApprovals(state)) {
    due.push({ time_ms: Date.parse(row.expires_at), kind: "approval", id: row.approval_id });
  }
  return due;
}

function timed(state: SessionState): { key: string; time_ms: number }[] {
  if (state.run === null || isFinal(state.run)) return [];
  return openEntries(state).flatMap((entry) =>
    entry.until === undefined || isShortSleep(entry) ? [] : [{ key: entry.key, time_ms: Date.parse(entry.until) }]
  );
}
