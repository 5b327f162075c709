// Folds of steps and of the graph of the plan.
import type { EventEnvelope } from "../../model/event.ts";
import type { ViewDraft } from "./draft.ts";
import type { Folds } from "./read.ts";
import { BOUNDS, type StepStatus, type StepView } from "./types.ts";

interface StepData {
  step_id: string;
  step_number: number;
  name?: string;
  attempt?: number;
  duration_ms?: number | undefined;
  error?: string | undefined;
  reason?: string | undefined;
}

/** Changes a step; one that is not known yet begins here. */
function withStep(draft: ViewDraft, event: EventEnvelope, data: StepData, change: (step: StepView) => StepView): void {
  const found = draft.patch("steps", (step) => step.step_id === data.step_id && step.run_id === event.run_id, change);
  if (found) return;
  const step: StepView = {
    step_id: data.step_id,
    run_id: event.run_id ?? "",
    name: data.name ?? data.step_id,
    number: data.step_number,
    status: "planned",
    attempt: data.attempt ?? 1,
    started_at: null,
    ended_at: null,
    duration_ms: null,
    reused: false,
    error: null,
    reason: null,
    failures: [],
  };
  draft.push("steps", change(step), BOUNDS.steps);
}

const begun = (event: EventEnvelope, data: StepData) => (step: StepView): StepView => ({
  ...step,
  name: data.name ?? step.name,
  status: "running",
  attempt: data.attempt ?? step.attempt,
  started_at: step.started_at ?? event.timestamp,
  ended_at: null,
  reused: false,
  error: null,
});

const ended = (event: EventEnvelope, data: StepData, status: StepStatus) => (step: StepView): StepView => ({
  ...step,
  status,
  attempt: data.attempt ?? step.attempt,
  ended_at: event.timestamp,
  duration_ms: data.duration_ms ??
    (step.started_at === null ? null : Date.parse(event.timestamp) - Date.parse(step.started_at)),
  error: data.error ?? null,
  reason: data.reason ?? step.reason,
  failures: status === "failed"
    ? [...step.failures, { attempt: data.attempt ?? step.attempt, error: data.error ?? "" }].slice(-20)
    : step.failures,
});

/** Folds of steps. */
export const STEP_FOLDS: Folds = {
  step_started: (draft, event, data) => withStep(draft, event, data, begun(event, data)),
  step_restarted: (draft, event, data) => withStep(draft, event, data, begun(event, data)),
  step_completed: (draft, event, data) => withStep(draft, event, data, ended(event, data, "completed")),
  step_failed: (draft, event, data) => withStep(draft, event, data, ended(event, data, "failed")),
  step_skipped: (draft, event, data) => withStep(draft, event, data, ended(event, data, "skipped")),
  step_retry_started: (draft, event, data) =>
    withStep(draft, event, data, (step) => ({ ...step, status: "running", attempt: data.attempt_number })),
  step_retry_backoff: (draft, event, data) =>
    withStep(draft, event, data, (step) => ({
      ...step,
      status: "retrying",
      failures: [...step.failures, { attempt: data.attempt_number, error: data.final_error ?? "" }].slice(-20),
    })),
  dag_created: (draft, _event, data) => {
    draft.view.dag = {
      nodes: data.nodes.map(({ id, label, type, status }) => ({ id, label, type, status })),
      edges: data.edges.map(({ source, target }) => ({ source, target })),
      levels: data.levels,
    };
  },
  dag_node_status_changed: (draft, _event, data) => {
    const dag = draft.view.dag;
    if (dag === null) return;
    const nodes = dag.nodes.map((node) =>
      node.id === data.node_id
        ? { ...node, status: data.new_status, ...(data.error === undefined ? {} : { error: data.error }) }
        : node
    );
    draft.view.dag = { ...dag, nodes };
  },
};
