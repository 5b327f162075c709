// The row of a session in lists: small, in memory for every session, made anew by each commit.
//
//   Y1. A packed summary is at most 400 bytes of JSON. Texts are cut with "…" until it fits: first what it does right
//       now, then phase and step, then the task, last the name (only one of more than about 150 bytes can be met).
//   Y2. Everything in it follows from the state alone; queue position and recovery are laid over it when it is shown.
import * as z from "zod";
import { Cost } from "../model/cost.ts";
import { UserRef } from "../model/principal.ts";
import { isFinal, RunStatus } from "../model/run.ts";
import { Progress, SessionStatus, Wait } from "../model/session.ts";
import { openEntries, pendingApprovals } from "./open.ts";
import type { EngineSettings, SessionState } from "./state.ts";
import { waitOf } from "./wait.ts";

/** Bytes of a packed summary. */
export const MAX_SUMMARY_BYTES = 400;

/** What lists know of a session. */
export const Summary = z.strictObject({
  session_id: z.string(),
  name: z.string(),
  mode: z.string(),
  status: SessionStatus,
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

/** Makes the summary of a session from its state, uncut; null when there is none. */
export function summaryOf(state: SessionState, settings: EngineSettings): Summary | null {
  const { session, run } = state;
  if (session === null) return null;
  const open = run !== null && !isFinal(run);
  const pending = open ? pendingApprovals(state) : [];
  const deadlines = pending.map((row) => row.expires_at).sort();
  return {
    session_id: session.session_id,
    name: session.name,
    mode: session.mode,
    status: session.status,
    run_status: run?.status ?? null,
    owner: session.owner,
    pinned: session.pinned,
    needs_you: pending.length,
    deadline: deadlines[0] ?? null,
    wait: waitOf(session, run, pending, { open: run?.status === "waiting" ? openEntries(state) : [] }),
    task_line: session.task_line,
    activity: session.activity,
    current_phase: session.current_phase,
    current_step: session.current_step,
    progress: session.progress,
    cost: session.cost,
    created_at: session.created_at,
    updated_at: session.updated_at,
    last_active_at: session.last_active_at,
    expires_at: expiresAt(state, settings),
    head_seq: state.head.head_seq,
    version: session.version,
  };
}

/** When a session expires if nothing happens: only one without a run that is not over. */
export function expiresAt(state: SessionState, settings: EngineSettings): string | null {
  const { session, run } = state;
  if (session === null || session.status === "expired" || settings.session_ttl_s === 0) return null;
  if (run !== null && !isFinal(run)) return null;
  return new Date(Date.parse(session.last_active_at) + settings.session_ttl_s * 1000).toISOString();
}
