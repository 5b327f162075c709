// Folds of what happens to session and runs: status, waits, approvals, plan, memory.
import { RunError, type RunStatus } from "../../model/run.ts";
import { RunStatus as RunStatusSchema } from "../../model/run.ts";
import { SessionStatus } from "../../model/session.ts";
import type { EventEnvelope } from "../../model/event.ts";
import type { ViewDraft } from "./draft.ts";
import type { Folds } from "./read.ts";
import { BOUNDS, type RunView } from "./types.ts";

const newRun = (run_id: string, task: string): RunView => ({
  run_id,
  status: "queued",
  task,
  attempt: 0,
  model: null,
  started_at: null,
  ended_at: null,
  waiting_since: null,
  waited_ms: 0,
  cancel_stage: null,
});

/** Changes the run of an event; a run that is not known yet begins here, with an empty tree of steps. */
function withRun(draft: ViewDraft, run_id: string | null, change: (run: RunView) => RunView): void {
  if (run_id === null) return;
  if (draft.patch("runs", (run) => run.run_id === run_id, change)) return;
  draft.push("runs", change(newRun(run_id, "")), BOUNDS.runs);
  draft.view.run_id = run_id;
  draft.view.steps = [];
  draft.view.streams = [];
  draft.view.dag = null;
  draft.view.plan = null;
  draft.view.plan_revision = 0;
  draft.view.current_step = null;
}

const FINAL: ReadonlySet<RunStatus> = new Set(["completed", "failed", "cancelled"]);

/** A run's status, with what follows for its waiting time and its end. */
function withStatus(run: RunView, status: RunStatus, at: string): RunView {
  const waited = run.waiting_since === null ? 0 : Date.parse(at) - Date.parse(run.waiting_since);
  return {
    ...run,
    status,
    waiting_since: status === "waiting" ? at : null,
    waited_ms: run.waited_ms + Math.max(0, waited),
    ended_at: FINAL.has(status) ? at : null,
  };
}

function runChanged(draft: ViewDraft, event: EventEnvelope, status: RunStatus): void {
  withRun(draft, event.run_id, (run) => withStatus(run, status, event.timestamp));
  if (FINAL.has(status)) {
    draft.view.streams = [];
    draft.view.wait = null;
  }
}

/** Closes an approval. */
function close(
  draft: ViewDraft,
  approval_id: string,
  end: {
    status: "resolved" | "expired" | "cancelled";
    at: string;
    resolution?: string;
    feedback?: string | null;
    by?: string;
  },
): void {
  draft.patch("approvals", (one) => one.approval_id === approval_id, (one) => ({
    ...one,
    status: end.status,
    resolution: end.resolution ?? one.resolution,
    feedback: end.feedback ?? one.feedback,
    resolved_by: end.by ?? one.resolved_by,
    resolved_at: end.at,
  }));
  const resolved = draft.view.approvals.filter((one) => one.status !== "pending");
  if (resolved.length <= BOUNDS.resolved) return;
  const drop = new Set(resolved.slice(0, resolved.length - BOUNDS.resolved).map((one) => one.approval_id));
  draft.view.approvals = draft.view.approvals.filter((one) => !drop.has(one.approval_id));
}

/** Folds of session and runs. */
export const RUN_FOLDS: Folds = {
  status: (draft, event) => withRun(draft, event.run_id, (run) => run),
  workflow_started: (draft, event, data) => {
    withRun(draft, event.run_id, (run) => ({
      ...run,
      task: data.task_description,
      attempt: data.attempt,
      model: data.model,
      started_at: run.started_at ?? event.timestamp,
    }));
  },
  workflow_resumed: (draft, event, data) => {
    withRun(draft, event.run_id, (run) => ({ ...run, attempt: data.attempt }));
    const steps = draft.view.steps.some((step) => step.status === "completed" && !step.reused);
    if (steps) {
      draft.view.steps = draft.view.steps.map((step) => step.status === "completed" ? { ...step, reused: true } : step);
    }
  },
  workflow_state_changed: (draft, event, data) => {
    if (data.subject === "session") {
      const status = SessionStatus.safeParse(data.status);
      if (status.success) draft.view.status = status.data;
      return;
    }
    const status = RunStatusSchema.safeParse(data.status);
    if (status.success) runChanged(draft, event, status.data);
  },
  cancel_progress: (draft, event, data) =>
    withRun(draft, event.run_id, (run) => ({ ...run, cancel_stage: data.stage })),
  session_updated: (draft, _event, data) => {
    if (data.name !== undefined) draft.view.name = data.name;
  },
  context_updated: (draft, _event, data) => {
    const memory = { ...draft.view.memory, ...data.set };
    for (const key of data.unset) delete memory[key];
    draft.view.memory = memory;
  },
  plan_updated: (draft, event, data) => {
    draft.view.plan = event.data["plan"] ?? null;
    draft.view.plan_revision = data.revision;
    draft.view.plan_by = data.by;
  },
  phase_change: (draft, _event, data) => {
    draft.view.phase = data.phase;
    if (data.step !== undefined) draft.view.current_step = data.step;
  },
  wait_started: (draft, event, data) => {
    draft.view.wait = { on: data.on, id: data.id ?? null, until: data.until ?? null, since: event.timestamp };
  },
  wait_ended: (draft, _event, data) => {
    if (draft.view.wait?.on === data.on && draft.view.wait.id === (data.id ?? null)) draft.view.wait = null;
  },
  approval_requested: (draft, event, data) => {
    draft.list("approvals").push({
      approval_id: data.approval_id,
      run_id: event.run_id,
      step_id: data.step_id,
      status: "pending",
      asked: event.data,
      resolution: null,
      feedback: null,
      resolved_by: null,
      at: event.timestamp,
      resolved_at: null,
    });
  },
  approval_received: (draft, event, data) =>
    close(draft, data.approval_id, {
      status: "resolved",
      at: event.timestamp,
      resolution: data.resolution,
      feedback: data.feedback,
      by: data.resolved_by.name,
    }),
  approval_expired: (draft, event, data) =>
    close(draft, data.approval_id, { status: "expired", at: event.timestamp, by: "timeout" }),
  approval_cancelled: (draft, event, data) =>
    close(draft, data.approval_id, { status: "cancelled", at: event.timestamp }),
  result: (draft, event) => withRun(draft, event.run_id, (run) => ({ ...run, result: event.data["result"] ?? null })),
  complete: (draft, event) => withRun(draft, event.run_id, (run) => ({ ...run, ended_at: event.timestamp })),
  error: (draft, event, data) => {
    const step = typeof event.data["step_id"] === "string";
    const error = RunError.parse({
      type: data.error_type,
      message: data.message,
      ...(data.traceback === undefined ? {} : { traceback: data.traceback }),
    });
    if (!step) withRun(draft, event.run_id, (run) => ({ ...run, error }));
    draft.push("notices", {
      seq: event.seq,
      at: event.timestamp,
      level: "error",
      code: data.error_type,
      message: data.message,
      traceback: data.traceback ?? null,
    }, BOUNDS.notices);
  },
};
