// Records as clients see them: Session, Run and Approval of lib/protocol/rest.ts.
//
// A session is presented from its summary, uncut from a state and cut from a list's row: one way, so that both agree.
import type { ApprovalAsk, ApprovalRow } from "../model/approval.ts";
import type { BlobRef, Json } from "../model/json.ts";
import type { RunRecord } from "../model/run.ts";
import type { Wait } from "../model/session.ts";
import type { Approval, Run, Session } from "../protocol/rest.ts";
import { TASK_CHARS } from "./limits.ts";
import type { EngineSettings, SessionState } from "./state.ts";
import { type Summary, summaryOf } from "./summary.ts";
import type { WaitExtras } from "./wait.ts";

/** What the instance knows of a session beside its records. */
export type LiveExtras = Omit<WaitExtras, "open">;

/** Presents a session from its state, uncut. Throws TypeError when there is no session. */
export function presentSession(state: SessionState, settings: EngineSettings, extras: LiveExtras = {}): Session {
  const summary = summaryOf(state, settings);
  if (summary === null) throw new TypeError("Cannot present session: the state holds none");
  return presentSummary(summary, extras);
}

/** Presents a session from its summary: what lists and their topics show. */
export function presentSummary(summary: Summary, extras: LiveExtras = {}): Session {
  const { needs_you, deadline: _deadline, ...rest } = summary;
  return { ...rest, pending_approvals: needs_you, wait: withExtras(summary.wait, extras) };
}

function withExtras(wait: Wait, extras: LiveExtras): Wait {
  if (wait?.on === "run" && extras.lease_ended === true) {
    const { asked: _asked, ...rest } = wait;
    return { ...rest, on: "recovery" };
  }
  if (wait?.on !== "queue") return wait;
  const { position, estimate_s } = extras;
  return {
    ...wait,
    ...(position === undefined ? {} : { position }),
    ...(estimate_s === undefined ? {} : { estimate_s }),
  };
}

/** Presents a run; in lists (`cut`) its task is cut at 2,000 characters. */
export function presentRun(run: RunRecord, options: { cut?: boolean } = {}): Run {
  return {
    run_id: run.run_id,
    session_id: run.session_id,
    ...(options.cut === true ? cutTask(run.task) : { task: run.task }),
    mode: run.mode,
    status: run.status,
    attempt: run.attempt,
    created_at: run.created_at,
    started_at: run.started_at ?? null,
    ended_at: "ended_at" in run ? run.ended_at : null,
    ...(run.status === "completed" ? { result: run.result } : {}),
    ...(run.status === "failed" ? { error: run.error } : {}),
    cost: run.cost,
    ...(run.cancel === undefined ? {} : { cancel: { stage: run.cancel.stage, at: run.cancel.at } }),
    ...(run.pause === undefined ? {} : { pause: { now: run.pause.now, at: run.pause.at } }),
    ...(run.retry_of === undefined ? {} : { retry_of: run.retry_of }),
  };
}

/** Cuts a task for lists and events at 2,000 characters. */
export function cutTask(task: string | BlobRef): { task: string; task_truncated?: true } {
  if (typeof task !== "string") return { task: task.preview, task_truncated: true };
  if (task.length <= TASK_CHARS) return { task };
  // A cut between the halves of a surrogate pair would not be UTF-8.
  const end = /[\uD800-\uDBFF]/.test(task.charAt(TASK_CHARS - 1)) ? TASK_CHARS - 1 : TASK_CHARS;
  return { task: task.slice(0, end), task_truncated: true };
}

/** Presents an approval: its row, what was asked, and the answer that its journal entry holds (null before). */
export function presentApproval(row: ApprovalRow, ask: ApprovalAsk, result: Json = null): Approval {
  return {
    approval_id: row.approval_id,
    session_id: row.session_id,
    run_id: row.run_id,
    step_id: row.step_id,
    approval_type: row.approval_type,
    ...ask,
    allowed: row.allowed,
    digest: row.digest,
    status: row.status,
    resolution: row.status === "resolved" || row.status === "expired" ? row.resolution : null,
    result,
    resolved_by: row.status === "resolved" ? row.resolved_by : row.status === "expired" ? "timeout" : null,
    created_at: row.created_at,
    expires_at: row.expires_at,
    resolved_at: row.status === "pending" ? null : row.resolved_at,
    on_timeout: row.on_timeout,
  };
}

/** The same object as JSON: what is presented holds no undefined, which its type cannot say. */
export function asJson(presented: Run | Session | Approval): Json {
  return presented as unknown as Json;
}
