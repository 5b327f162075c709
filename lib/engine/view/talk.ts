// What is said in a view: approvals, conversation, console, files, cost, warnings and errors.
import type { EventEnvelope } from "../../model/event.ts";
import {
  add,
  blobOf,
  count,
  type Draft,
  isObject,
  list,
  maybeNumber,
  maybeText,
  replaceLast,
  spot,
  stepSpot,
  text,
  texts,
} from "./draft.ts";
import { verbAtTimeout } from "../timeout_verb.ts";
import { changeRun } from "./runs.ts";
import { onStepError } from "./steps.ts";
import { type ApprovalView, BOUNDS, type FileView, LINE_CHARS, STREAM_CHARS } from "./types.ts";

/** `approval_requested` */
export function onAsked(draft: Draft, event: EventEnvelope): void {
  const { data } = event;
  const approval_id = text(data, "approval_id");
  if (draft.pending.some((one) => one.approval_id === approval_id)) return;
  const estimate = data["estimate"];
  const asked: ApprovalView = {
    approval_id,
    run_id: event.run_id ?? text(data, "run_id"),
    step_id: text(data, "step_id"),
    approval_type: text(data, "approval_type"),
    action: text(data, "action"),
    description: text(data, "description"),
    context: data["context"] ?? null,
    allowed: texts(data, "allowed"),
    modifications_schema: data["modifications_schema"] ?? null,
    digest: text(data, "digest"),
    status: "pending",
    resolution: null,
    feedback: null,
    resolved_by: null,
    created_at: maybeText(data, "created_at") ?? event.timestamp,
    expires_at: text(data, "expires_at"),
    resolved_at: null,
    on_timeout: text(data, "on_timeout"),
    cost_usd: isObject(estimate) ? maybeNumber(estimate, "cost_usd") : null,
  };
  list(draft, "pending").push(asked);
  draft.moved = true;
}

/** `approval_received`, `approval_expired`, `approval_cancelled` */
export function onClosed(draft: Draft, event: EventEnvelope, status: "resolved" | "expired" | "cancelled"): void {
  const { data } = event;
  const approval_id = text(data, "approval_id");
  const asked = draft.pending.find((one) => one.approval_id === approval_id);
  if (asked === undefined) return;
  draft.pending = draft.pending.filter((one) => one !== asked);
  draft.owned.delete("pending");
  draft.moved = true;
  const by = data["resolved_by"];
  const person = isObject(by) ? { id: text(by, "id"), name: text(by, "name") } : null;
  const closed: ApprovalView = {
    ...asked,
    status,
    resolution: status === "expired" ? verbAtTimeout(asked.on_timeout, asked.allowed) : maybeText(data, "resolution"),
    feedback: maybeText(data, "feedback"),
    resolved_by: status === "expired" ? "timeout" : person,
    resolved_at: event.timestamp,
  };
  add(draft, "resolved", closed, BOUNDS.resolved);
}

/** `user_message` */
export function onUserMessage(draft: Draft, event: EventEnvelope): void {
  const content = text(event.data, "content");
  const blob = blobOf(event.data, "content");
  const agent = text(event.data, "by");
  const said = {
    ...spot(event),
    step_id: null,
    attempt: null,
    kind: "user" as const,
    role: "user",
    agent,
    content,
    blob,
  };
  add(draft, "conversation", said, BOUNDS.conversation);
  draft.conversation_total += 1;
}

/** `agent_message`: what streamed of this agent in this step is said now. */
export function onAgentMessage(draft: Draft, event: EventEnvelope): void {
  const { data } = event;
  const agent = text(data, "agent");
  const at = stepSpot(event);
  const content = text(data, "message");
  const said = {
    ...at,
    kind: "agent" as const,
    role: text(data, "role"),
    agent,
    content,
    blob: blobOf(data, "message"),
  };
  add(draft, "conversation", said, BOUNDS.conversation);
  draft.conversation_total += 1;
  if (draft.streams.length === 0) return;
  draft.streams = draft.streams.filter((one) => one.agent !== agent || one.step_id !== at.step_id);
  draft.owned.delete("streams");
}

/** `agent_delta` */
export function onDelta(draft: Draft, event: EventEnvelope): void {
  const message_id = text(event.data, "message_id");
  const more = text(event.data, "text");
  const known = replaceLast(draft, "streams", {
    fits: (one) => one.message_id === message_id,
    by: (one) => ({ ...one, text: (one.text + more).slice(-STREAM_CHARS) }),
  });
  if (known) return;
  const { run_id, step_id } = stepSpot(event);
  const stream = { message_id, run_id, agent: text(event.data, "agent"), step_id, text: more.slice(-STREAM_CHARS) };
  add(draft, "streams", stream, BOUNDS.streams);
}

/** `agent_tool_call` */
export function onToolCall(draft: Draft, event: EventEnvelope): void {
  const { data } = event;
  const call = {
    ...stepSpot(event),
    agent: text(data, "agent"),
    tool_name: text(data, "tool_name"),
    tool_args: data["tool_args"] ?? null,
    tool_result: data["tool_result"] ?? null,
    duration_ms: maybeNumber(data, "duration_ms"),
  };
  add(draft, "tool_calls", call, BOUNDS.tool_calls);
}

/** `output` */
export function onOutput(draft: Draft, event: EventEnvelope): void {
  const { data } = event;
  const message = text(data, "message");
  const line = {
    seq: event.seq,
    timestamp: event.timestamp,
    run_id: event.run_id,
    step_id: maybeText(data, "step_id"),
    attempt: maybeNumber(data, "attempt"),
    stream: text(data, "stream"),
    source: text(data, "source"),
    message: message.length > LINE_CHARS ? message.slice(0, LINE_CHARS) : message,
    partial: data["partial"] === true,
  };
  add(draft, "console", line, BOUNDS.console);
  draft.console_total += 1;
}

/** `file_created`, `file_updated`: files stand in the order of their paths. */
export function onFile(draft: Draft, event: EventEnvelope): void {
  const { data, timestamp } = event;
  const file_path = text(data, "file_path");
  const at = placeOf(draft.files, file_path);
  const known = draft.files[at]?.file_path === file_path ? draft.files[at] : undefined;
  const { run_id, step_id } = stepSpot(event);
  const file: FileView = {
    file_path,
    file_type: text(data, "file_type"),
    size_bytes: count(data, "size_bytes"),
    created_at: known?.created_at ?? timestamp,
    updated_at: timestamp,
    run_id,
    step_id,
  };
  if (known === undefined && draft.files.length >= BOUNDS.files) return;
  list(draft, "files").splice(at, known === undefined ? 0 : 1, file);
}

function placeOf(files: readonly FileView[], path: string): number {
  let from = 0;
  let to = files.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((files[middle]?.file_path ?? "") < path) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** `cost_update` */
export function onCost(draft: Draft, event: EventEnvelope): void {
  const { data } = event;
  const model = text(data, "model");
  const usd = count(data, "cost_usd");
  const input_tokens = count(data, "input_tokens");
  const output_tokens = count(data, "output_tokens");
  const known = draft.cost.models.find((one) => one.model === model);
  const row = {
    model,
    calls: (known?.calls ?? 0) + 1,
    input_tokens: (known?.input_tokens ?? 0) + input_tokens,
    output_tokens: (known?.output_tokens ?? 0) + output_tokens,
    cached_input_tokens: (known?.cached_input_tokens ?? 0) + count(data, "cached_input_tokens"),
    usd: (known?.usd ?? 0) + usd,
  };
  const others = draft.cost.models.filter((one) => one !== known).slice(-(BOUNDS.models - 1));
  const last = { model, input_tokens, output_tokens };
  draft.cost = { ...draft.cost, usd: draft.cost.usd + usd, models: [...others, row], last };
  changeRun(draft, event, (run) => ({ cost_usd: run.cost_usd + usd }));
}

/** `budget_warning`: the last one of each unit. */
export function onBudget(draft: Draft, event: EventEnvelope): void {
  const unit = text(event.data, "unit");
  const warning = { used: count(event.data, "used"), limit: count(event.data, "limit"), unit };
  const warnings = [...draft.cost.warnings.filter((one) => one.unit !== unit), warning];
  draft.cost = { ...draft.cost, warnings };
}

/** `warning` */
export function onWarning(draft: Draft, event: EventEnvelope): void {
  const warning = { ...spot(event), code: text(event.data, "code"), message: text(event.data, "message") };
  add(draft, "warnings", warning, BOUNDS.warnings);
}

/** `error`: of a step, or the end of its run. */
export function onError(draft: Draft, event: EventEnvelope): void {
  const { data } = event;
  const message = text(data, "message");
  const error_type = text(data, "error_type");
  const traceback = maybeText(data, "traceback");
  const at = stepSpot(event);
  add(draft, "errors", { ...at, message, error_type, traceback }, BOUNDS.errors);
  if (at.step_id !== null) onStepError(draft, event);
  else changeRun(draft, event, () => ({ error: { type: error_type, message, traceback } }));
}
