// Runs and status in a view. Status is taken only from workflow_state_changed.
import type { EventEnvelope } from "../../model/event.ts";
import type { CancelStage, RunStatus } from "../../model/run.ts";
import type { Json } from "../../model/json.ts";
import type { SessionStatus } from "../../model/session.ts";
import {
  add,
  count,
  type Draft,
  items,
  list,
  maybeNumber,
  maybeText,
  replaceLast,
  spot,
  text,
  texts,
} from "./draft.ts";
import { endSteps, reuseSteps } from "./steps.ts";
import { BOUNDS, type GrantView, type RunView } from "./types.ts";

const RUN_STATUS: Record<RunStatus, true> = {
  queued: true,
  running: true,
  waiting: true,
  paused: true,
  completed: true,
  failed: true,
  cancelled: true,
};
const SESSION_STATUS: Record<SessionStatus, true> = {
  active: true,
  suspended: true,
  completed: true,
  failed: true,
  expired: true,
};
const STAGES: Record<CancelStage, true> = { asked: true, told: true, terminated: true, killed: true };
const has = <K extends string>(table: Record<K, true>, word: string): word is K => Object.hasOwn(table, word);

/** `status`: a run is there. */
export function onStatus(draft: Draft, event: EventEnvelope): void {
  if (event.run_id === null || draft.runs.some((run) => run.run_id === event.run_id)) return;
  const { data, timestamp } = event;
  const oldest = draft.runs.length === BOUNDS.runs ? draft.runs[0]?.run_id : undefined;
  add(draft, "runs", newRun(event, event.run_id), BOUNDS.runs);
  if (oldest !== undefined) {
    draft.steps = draft.steps.filter((step) => step.run_id !== oldest);
    draft.owned.delete("steps");
  }
  draft.moved = true;
  draft.plan = null;
  draft.dag = null;
  draft.progress = null;
  draft.current_phase = null;
  draft.current_step = null;
  const content = text(data, "task");
  if (content === "") return;
  tellTask(draft, { ...spot(event), timestamp }, content);
}

function tellTask(draft: Draft, at: ReturnType<typeof spot>, content: string): void {
  const message = { ...at, step_id: null, attempt: null, kind: "task" as const, role: "user", agent: "user", content };
  add(draft, "conversation", { ...message, blob: null }, BOUNDS.conversation);
  draft.conversation_total += 1;
}

function newRun(event: EventEnvelope, run_id: string): RunView {
  const { data, timestamp } = event;
  return {
    run_id,
    task: text(data, "task"),
    task_truncated: data["task_truncated"] === true,
    status: "queued",
    since: timestamp,
    attempt: 0,
    created_at: timestamp,
    started_at: null,
    ended_at: null,
    duration_ms: null,
    waited_ms: 0,
    waiting_since: null,
    position: null,
    model: null,
    cancel: null,
    pause: null,
    resumed: null,
    result: null,
    error: null,
    cost_usd: 0,
    ignored_config: texts(data, "ignored_config"),
  };
}

/** Changes the run of an event. */
export function changeRun(draft: Draft, event: EventEnvelope, change: (run: RunView) => Partial<RunView>): void {
  const fits = (run: RunView): boolean => run.run_id === event.run_id;
  replaceLast(draft, "runs", { fits, by: (run) => ({ ...run, ...change(run) }) });
}

/** `workflow_state_changed` */
export function onState(draft: Draft, event: EventEnvelope): void {
  const { data, timestamp } = event;
  const status = text(data, "status");
  draft.moved = true;
  if (data["subject"] === "session") {
    if (!has(SESSION_STATUS, status)) return;
    draft.status = status;
    draft.since = timestamp;
    return;
  }
  if (!has(RUN_STATUS, status)) return;
  changeRun(draft, event, (run) => ({
    status,
    since: timestamp,
    pause: null,
    position: status === "queued" ? run.position : null,
    waited_ms: run.waited_ms + (run.waiting_since === null ? 0 : Date.parse(timestamp) - Date.parse(run.waiting_since)),
    waiting_since: status === "waiting" ? timestamp : null,
    started_at: run.started_at ?? (status === "running" ? timestamp : null),
  }));
}

/** `run_queued` */
export function onQueued(draft: Draft, event: EventEnvelope): void {
  draft.moved = true;
  changeRun(draft, event, () => ({ position: maybeNumber(event.data, "position") }));
}

/** `workflow_started` */
export function onStarted(draft: Draft, event: EventEnvelope): void {
  const { data } = event;
  const model = maybeText(data, "model");
  changeRun(draft, event, (run) => ({
    model,
    attempt: count(data, "attempt"),
    task: run.task === "" ? text(data, "task_description") : run.task,
    task_truncated: run.task === "" ? data["task_truncated"] === true : run.task_truncated,
  }));
}

/** `workflow_resumed`: what finished before it is used again. */
export function onResumed(draft: Draft, event: EventEnvelope): void {
  const { data, timestamp } = event;
  const resumed = { reason: text(data, "reason"), reused_steps: count(data, "reused_steps"), at: timestamp };
  changeRun(draft, event, () => ({ attempt: count(data, "attempt"), resumed }));
  reuseSteps(draft, event);
  dropStreams(draft, event);
}

/** `cancel_progress` */
export function onCancel(draft: Draft, event: EventEnvelope): void {
  const stage = text(event.data, "stage");
  if (!has(STAGES, stage)) return;
  // Cancel goes before pause.
  changeRun(draft, event, () => ({ cancel: stage, pause: null }));
  draft.moved = true;
}

/** `pause_progress` */
export function onPause(draft: Draft, event: EventEnvelope): void {
  const asked = text(event.data, "stage") === "asked";
  draft.moved = true;
  changeRun(draft, event, () => ({ pause: asked ? { now: event.data["now"] === true } : null }));
}

/** `result` */
export function onResult(draft: Draft, event: EventEnvelope): void {
  const { result } = event.data;
  changeRun(draft, event, () => ({ result: result ?? null }));
}

/** `complete`: the last event of a run. What was at work in it is not any more. */
export function onComplete(draft: Draft, event: EventEnvelope): void {
  const { data, timestamp } = event;
  changeRun(draft, event, () => ({ ended_at: timestamp, duration_ms: maybeNumber(data, "duration_ms") }));
  endSteps(draft, event, data["status"] === "cancelled" ? "cancelled" : "failed");
  dropStreams(draft, event);
  draft.waits = [];
  draft.owned.delete("waits");
  draft.moved = true;
  draft.current_step = null;
}

function dropStreams(draft: Draft, event: EventEnvelope): void {
  if (!draft.streams.some((stream) => stream.run_id === event.run_id)) return;
  draft.streams = draft.streams.filter((stream) => stream.run_id !== event.run_id);
}

/** `session_updated` */
export function onSession(draft: Draft, event: EventEnvelope): void {
  const { data } = event;
  draft.name = maybeText(data, "name") ?? draft.name;
  if (typeof data["pinned"] === "boolean") draft.pinned = data["pinned"];
  if (data["config"] !== undefined) draft.config = data["config"];
  const { grants } = data;
  if (Array.isArray(grants)) draft.grants = grants.flatMap(grantOf);
}

/** A standing answer as its event tells it. */
function grantOf(told: Json): GrantView[] {
  if (typeof told !== "object" || told === null || Array.isArray(told)) return [];
  const said = (name: string) => maybeText(told, name) ?? "";
  const names = { kind: said("kind"), what: said("what"), text: said("text"), by: said("by"), at: said("at") };
  return [{ ...names, allowed: told["allowed"] === true, approval_id: maybeText(told, "approval_id") }];
}

/** `context_updated` */
export function onContext(draft: Draft, event: EventEnvelope): void {
  const set = event.data["set"];
  const unset = new Set(items(event.data, "unset"));
  const kept = Object.entries(draft.context).filter(([key]) => !unset.has(key));
  const added = typeof set === "object" && set !== null && !Array.isArray(set) ? Object.entries(set) : [];
  draft.context = Object.fromEntries([...kept, ...added]);
}

/** `wait_started` of messages and timers; approvals have events of their own. */
export function onWaitStarted(draft: Draft, event: EventEnvelope): void {
  const on = text(event.data, "on");
  if (on === "approval") return;
  draft.moved = true;
  const until = maybeText(event.data, "until");
  list(draft, "waits").push({ on, id: text(event.data, "id"), since: event.timestamp, until });
}

/** `wait_ended` */
export function onWaitEnded(draft: Draft, event: EventEnvelope): void {
  const on = text(event.data, "on");
  const id = text(event.data, "id");
  draft.moved = true;
  if (on === "approval") return;
  draft.waits = draft.waits.filter((wait) => wait.on !== on || wait.id !== id);
  draft.owned.delete("waits");
}
