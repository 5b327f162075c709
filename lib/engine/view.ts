// The one reducer of browser and server: a session's events folded into what its page shows.
//
//   W1. A view is plain JSON and immutable; `fold` of many events equals `apply` of each in turn.
//   W2. Events at or below `view.seq` change nothing, so that a repeat is harmless; unknown types move only the seq.
//   W3. Every list is bounded (view/types.ts); a line of output costs no copy of a list when it is folded with others.
//   W4. It imports nothing but types and itself: this is what browsers load.
import type { EventEnvelope } from "../model/event.ts";
import type { Wait } from "../model/session.ts";
import { beginDraft, type Draft } from "./view/draft.ts";
import * as runs from "./view/runs.ts";
import * as steps from "./view/steps.ts";
import * as talk from "./view/talk.ts";
import { BOUNDS, type ListName, type RunView, type SessionView } from "./view/types.ts";
import { type WaitFacts, waitFor } from "./wait_facts.ts";

export type * from "./view/types.ts";

/** Names the shape of a view: a stored snapshot of another one is not read. */
export const VIEW_FORMAT = 5;

/** The view before the first event. */
export const EMPTY_VIEW: SessionView = {
  seq: 0,
  session_id: null,
  name: null,
  pinned: false,
  status: "active",
  since: null,
  last_event_at: null,
  wait: null,
  progress: null,
  current_phase: null,
  current_step: null,
  config: null,
  grants: [],
  context: {},
  runs: [],
  steps: [],
  plan: null,
  dag: null,
  phases: [],
  pending: [],
  resolved: [],
  waits: [],
  conversation: [],
  conversation_total: 0,
  streams: [],
  tool_calls: [],
  console: [],
  console_total: 0,
  files: [],
  cost: { usd: 0, models: [], last: null, warnings: [] },
  warnings: [],
  errors: [],
};

type Reducer = (draft: Draft, event: EventEnvelope) => void;
const REDUCERS: ReadonlyMap<string, Reducer> = new Map<string, Reducer>([
  ["status", runs.onStatus],
  ["run_queued", runs.onQueued],
  ["workflow_started", runs.onStarted],
  ["workflow_state_changed", runs.onState],
  ["workflow_resumed", runs.onResumed],
  ["cancel_progress", runs.onCancel],
  ["pause_progress", runs.onPause],
  ["result", runs.onResult],
  ["complete", runs.onComplete],
  ["session_updated", runs.onSession],
  ["context_updated", runs.onContext],
  ["wait_started", runs.onWaitStarted],
  ["wait_ended", runs.onWaitEnded],
  ["plan_updated", steps.onPlan],
  ["dag_created", steps.onDag],
  ["dag_node_status_changed", steps.onNode],
  ["phase_change", steps.onPhase],
  ["step_started", steps.onStepBegin],
  ["step_restarted", steps.onStepBegin],
  ["step_completed", (draft, event) => steps.onStepEnd(draft, event, "completed")],
  ["step_failed", (draft, event) => steps.onStepEnd(draft, event, "failed")],
  ["step_skipped", (draft, event) => steps.onStepEnd(draft, event, "skipped")],
  ["step_retry_started", steps.onRetry],
  ["step_retry_backoff", steps.onRetry],
  ["step_retry_succeeded", steps.onRetryOver],
  ["step_retry_exhausted", steps.onRetryOver],
  ["approval_requested", talk.onAsked],
  ["approval_received", (draft, event) => talk.onClosed(draft, event, "resolved")],
  ["approval_expired", (draft, event) => talk.onClosed(draft, event, "expired")],
  ["approval_cancelled", (draft, event) => talk.onClosed(draft, event, "cancelled")],
  ["user_message", talk.onUserMessage],
  ["agent_message", talk.onAgentMessage],
  ["agent_delta", talk.onDelta],
  ["agent_tool_call", talk.onToolCall],
  ["output", talk.onOutput],
  ["file_created", talk.onFile],
  ["file_updated", talk.onFile],
  ["cost_update", talk.onCost],
  ["budget_warning", talk.onBudget],
  ["warning", talk.onWarning],
  ["error", talk.onError],
]);

/** Folds one event into a view; an event at or below `view.seq` changes nothing. */
export function apply(view: SessionView, event: EventEnvelope): SessionView {
  return fold(view, [event]);
}

/** Folds events in order, faster than one by one. */
export function fold(view: SessionView, events: readonly EventEnvelope[]): SessionView {
  const draft = beginDraft(view);
  for (const event of events) {
    if (event.seq <= draft.seq) continue;
    draft.seq = event.seq;
    draft.session_id = event.session_id;
    draft.last_event_at = event.timestamp;
    draft.since ??= event.timestamp;
    REDUCERS.get(event.event_type)?.(draft, event);
  }
  return draft.seq === view.seq ? view : endFold(draft);
}

function endFold(draft: Draft): SessionView {
  cut(draft, "phases", BOUNDS.phases);
  cut(draft, "resolved", BOUNDS.resolved);
  cut(draft, "conversation", BOUNDS.conversation);
  cut(draft, "tool_calls", BOUNDS.tool_calls);
  cut(draft, "console", BOUNDS.console);
  cut(draft, "warnings", BOUNDS.warnings);
  cut(draft, "errors", BOUNDS.errors);
  if (draft.moved) draft.wait = waitOfView(draft);
  const { owned: _owned, moved: _moved, ...view } = draft;
  return view;
}

function cut(draft: Draft, name: ListName, bound: number): void {
  const items = draft[name];
  if (items.length > bound) Object.assign(draft, { [name]: items.slice(items.length - bound) });
}

function waitOfView(draft: Draft): Wait {
  const last = draft.runs.at(-1);
  const over = last === undefined || last.status === "completed" || last.status === "failed" ||
    last.status === "cancelled";
  const since = draft.since ?? "";
  const approvals = draft.pending.map((one): WaitFacts["open"][number] => (
    { on: "approval", id: one.approval_id, since: one.created_at, until: one.expires_at }
  ));
  const others = draft.waits.flatMap(({ on, id, since, until }): WaitFacts["open"][number][] => {
    if (on !== "message" && on !== "timer") return [];
    return [{ on, id, since, ...(until === null ? {} : { until }) }];
  });
  const position = over ? null : last.position;
  return waitFor({
    status: draft.status,
    since,
    run: over ? null : { run_id: last.run_id, status: last.status, since: last.since, ...askedOf(last) },
    open: [...approvals, ...others],
    lease_ended: false,
    ...(position === null ? {} : { position }),
  });
}

function askedOf({ cancel, pause }: RunView): { asked?: "pause" | "cancel" } {
  if (cancel !== null) return { asked: "cancel" };
  return pause === null ? {} : { asked: "pause" };
}
