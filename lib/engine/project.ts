// Everything that KV holds about a session beside its records, as a pure function of its state.
//
// Owns due rows, lease row and summary. Leaves to lib/store: writing the difference of two projections.
import { z } from "zod";
import { Cost } from "../model/cost.ts";
import { RunStatus } from "../model/run.ts";
import { Progress, SessionStatus, Wait } from "../model/session.ts";
import { UserRef } from "../model/principal.ts";
import type { EngineSettings, SessionState } from "./state.ts";

/**
 * A row of the due index: at `time_ms` (0: now) something must be said to the session. `id` is a run_id for "run"
 * (claim it) and "timer" (the earliest of the run; `dueTimers` names the keys), an approval_id, or a session_id.
 */
export interface Due {
  time_ms: number;
  kind: "run" | "timer" | "approval" | "session";
  id: string;
}

/** What lists know of a session, at most 400 bytes packed: the texts are cut until it fits. */
export const Summary = z.strictObject({
  session_id: z.string(),
  name: z.string(),
  mode: z.string(),
  status: SessionStatus,
  run_id: z.string().nullable(),
  run_status: RunStatus.nullable(),
  owner: UserRef,
  pinned: z.boolean(),
  /** Pending approvals and the nearest deadline of them. */
  needs_you: z.int(),
  deadline: z.string().nullable(),
  wait: Wait,
  task_line: z.string(),
  activity: z.string().nullable(),
  current_phase: z.string().nullable(),
  current_step: z.string().nullable(),
  progress: Progress,
  cost: Cost,
  created_at: z.string(),
  updated_at: z.string(),
  last_active_at: z.string(),
  expires_at: z.string().nullable(),
  head_seq: z.int(),
  version: z.int(),
});
/** What lists know of a session. */
export type Summary = z.infer<typeof Summary>;

/** Everything that is derived from a state. */
export interface Projection {
  due: Due[];
  lease: { run_id: string; instance: string; fence: number } | null;
  summary: Summary | null;
}

/** Derives due rows, lease and summary from a state. */
export function project(_state: SessionState, _settings: EngineSettings): Projection {
  throw new Error("not written yet");
}

/** Keys of the waits whose time has come: what `fire_timer` is to be said for. */
export function dueTimers(_state: SessionState, _now: number): string[] {
  throw new Error("not written yet");
}
