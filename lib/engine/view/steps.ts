// Steps in a view: the tree, attempts, repeats, reuse, and the graph of the plan.
import type { EventEnvelope } from "../../model/event.ts";
import {
  add,
  count,
  type Draft,
  isObject,
  items,
  list,
  maybeNumber,
  maybeText,
  replaceLast,
  spot,
  text,
} from "./draft.ts";
import { type AttemptView, BOUNDS, type NodeView, type StepStatus, type StepView } from "./types.ts";

/** `step_started`, `step_restarted`: an attempt begins. */
export function onStepBegin(draft: Draft, event: EventEnvelope): void {
  const { data } = event;
  const begun: AttemptView = {
    attempt: count(data, "attempt"),
    status: "running",
    started_at: event.timestamp,
    ended_at: null,
    duration_ms: null,
    error: null,
  };
  const reason = maybeText(data, "reason");
  const fresh = { status: "running" as const, reused: false, retry: null, reason, error: null };
  const name = text(data, "name");
  draft.current_step = name;
  const known = changeStep(draft, event, (step) => ({
    ...fresh,
    name,
    attempts: [...step.attempts.filter((one) => one.attempt !== begun.attempt), begun].slice(-BOUNDS.attempts),
  }));
  if (!known) add(draft, "steps", { ...newStep(draft, event), ...fresh, attempts: [begun] }, BOUNDS.steps);
}

/** `step_completed`, `step_failed`, `step_skipped`: an attempt ends. */
export function onStepEnd(draft: Draft, event: EventEnvelope, status: StepStatus): void {
  const { data } = event;
  const error = maybeText(data, "error");
  const attempt = count(data, "attempt");
  const ended = { status, ended_at: event.timestamp, duration_ms: maybeNumber(data, "duration_ms"), error };
  const end = { status, retry: null, reason: maybeText(data, "reason"), error, reused: data["reused"] === true };
  const known = changeStep(draft, event, (step) => ({
    ...end,
    attempts: step.attempts.map((one) => one.attempt === attempt ? { ...one, ...ended } : one),
  }));
  if (!known) add(draft, "steps", { ...newStep(draft, event), ...end }, BOUNDS.steps);
  const parent = draft.steps.find((step) => step.run_id === event.run_id && step.step_id === text(data, "step_id"))
    ?.parent;
  const around = draft.steps.find((step) => step.run_id === event.run_id && step.step_id === parent);
  draft.current_step = around?.name ?? null;
}

/** `step_retry_backoff`, `step_retry_started`: a leaf of a step is repeated. */
export function onRetry(draft: Draft, event: EventEnvelope): void {
  const { data } = event;
  const backoff = maybeNumber(data, "backoff_seconds");
  const until = backoff === null ? null : new Date(Date.parse(event.timestamp) + backoff * 1000).toISOString();
  changeStep(draft, event, (step) => ({
    status: "retrying",
    retry: {
      attempt_number: count(data, "attempt_number"),
      max_attempts: maybeNumber(data, "max_attempts") ?? step.retry?.max_attempts ?? null,
      until,
      error: step.retry?.error ?? null,
    },
  }));
}

/** `step_retry_succeeded`, `step_retry_exhausted`: the repeats are over, the step may go on. */
export function onRetryOver(draft: Draft, event: EventEnvelope): void {
  changeStep(draft, event, (step) => ({ retry: null, status: step.status === "retrying" ? "running" : step.status }));
}

/** `error` of a step: why its attempt is repeated. */
export function onStepError(draft: Draft, event: EventEnvelope): void {
  const error = text(event.data, "message");
  const attempt = maybeNumber(event.data, "attempt");
  changeStep(draft, event, (step) => ({
    retry: { attempt_number: 0, max_attempts: null, until: null, ...step.retry, error },
    attempts: step.attempts.map((one) => one.attempt === attempt ? { ...one, error } : one),
  }));
}

/** Marks what had finished before the run went on in a new sandbox. */
export function reuseSteps(draft: Draft, event: EventEnvelope): void {
  const over = (step: StepView): boolean => step.status !== "running" && step.status !== "retrying";
  if (!draft.steps.some((step) => step.run_id === event.run_id && over(step) && !step.reused)) return;
  const steps = list(draft, "steps");
  for (const [at, step] of steps.entries()) {
    if (step.run_id === event.run_id && over(step)) steps[at] = { ...step, reused: true };
  }
}

/** Ends what was at work when its run ended. */
export function endSteps(draft: Draft, event: EventEnvelope, status: "failed" | "cancelled"): void {
  const ended_at = event.timestamp;
  const atWork = (one: { status: StepStatus }): boolean => one.status === "running" || one.status === "retrying";
  for (const [at, step] of draft.steps.entries()) {
    if (step.run_id !== event.run_id || !atWork(step)) continue;
    const attempts = step.attempts.map((one) => atWork(one) ? { ...one, status, ended_at } : one);
    list(draft, "steps")[at] = { ...step, status, retry: null, attempts };
  }
  if (draft.dag === null || !draft.dag.nodes.some((node) => node.status === "running")) return;
  const nodes = draft.dag.nodes.map((node) => node.status === "running" ? { ...node, status } : node);
  draft.dag = { ...draft.dag, nodes };
}

function changeStep(draft: Draft, event: EventEnvelope, change: (step: StepView) => Partial<StepView>): boolean {
  const step_id = text(event.data, "step_id");
  const fits = (step: StepView): boolean => step.step_id === step_id && step.run_id === event.run_id;
  return replaceLast(draft, "steps", { fits, by: (step) => ({ ...step, ...change(step) }) });
}

function newStep(draft: Draft, event: EventEnvelope): StepView {
  const { data } = event;
  const step_id = text(data, "step_id");
  return {
    run_id: event.run_id ?? "",
    step_id,
    parent: parentOf(draft, event.run_id, step_id),
    step_number: count(data, "step_number"),
    name: text(data, "name"),
    status: "running",
    reused: false,
    attempts: [],
    retry: null,
    reason: null,
    error: null,
    seq: event.seq,
  };
}

/** The step around a step: the longest path before it that is a step; a later attempt of a group is `name#2`. */
function parentOf(draft: Draft, run_id: string | null, step_id: string): string | null {
  const known = new Set(draft.steps.filter((step) => step.run_id === run_id).map((step) => step.step_id));
  for (let path = step_id; path.includes("/");) {
    path = path.slice(0, path.lastIndexOf("/"));
    const first = path.replace(/#\d+$/, "");
    if (known.has(path)) return path;
    if (known.has(first)) return first;
  }
  return null;
}

/** `plan_updated` */
export function onPlan(draft: Draft, event: EventEnvelope): void {
  const { data } = event;
  draft.plan = { plan: data["plan"] ?? null, revision: count(data, "revision"), by: text(data, "by") };
}

/** `dag_created` */
export function onDag(draft: Draft, event: EventEnvelope): void {
  const nodes: NodeView[] = items(event.data, "nodes").filter(isObject).map((node) => ({
    id: text(node, "id"),
    label: text(node, "label"),
    type: text(node, "type"),
    status: text(node, "status"),
    error: null,
  }));
  const edges = items(event.data, "edges").filter(isObject).map((edge) => ({
    source: text(edge, "source"),
    target: text(edge, "target"),
  }));
  draft.dag = { nodes, edges, levels: count(event.data, "levels") };
  showProgress(draft);
}

/** `dag_node_status_changed` */
export function onNode(draft: Draft, event: EventEnvelope): void {
  if (draft.dag === null) return;
  const id = text(event.data, "node_id");
  const change = { status: text(event.data, "new_status"), error: maybeText(event.data, "error") };
  draft.dag = { ...draft.dag, nodes: draft.dag.nodes.map((node) => node.id === id ? { ...node, ...change } : node) };
  showProgress(draft);
}

function showProgress(draft: Draft): void {
  const nodes = draft.dag?.nodes ?? [];
  const done = nodes.filter((node) => node.status === "completed" || node.status === "skipped").length;
  draft.progress = { done, total: nodes.length, unit: "steps" };
}

/** `phase_change` */
export function onPhase(draft: Draft, event: EventEnvelope): void {
  const phase = text(event.data, "phase");
  const step = maybeText(event.data, "step");
  draft.current_phase = phase;
  if (event.data["step"] !== undefined) draft.current_step = step;
  add(draft, "phases", { ...spot(event), phase, step }, BOUNDS.phases);
}
