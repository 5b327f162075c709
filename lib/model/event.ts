// Events: what a session's log holds and every client sees. The envelope and the data of each type.
//
//   E1. seq is gapless from 1 in each session and the only order.
//   E2. Status is taken only from workflow_state_changed; clients ignore types they do not know.
// Leaves to lib/store/events.ts: how lines lie in chunks.
import * as z from "zod";
import { Json, JsonObject } from "./json.ts";
import { Timestamp } from "./ids.ts";
import { SessionGrant } from "./right.ts";
import { RunError, RunStatus } from "./run.ts";
import { SessionStatus } from "./session.ts";
import { Verb } from "./approval.ts";

const step = { step_id: z.string().optional(), attempt: z.int().optional() };
const stepEvent = z.looseObject({
  step_id: z.string(),
  step_number: z.int(),
  name: z.string(),
  attempt: z.int(),
  duration_ms: z.number().optional(),
  error: z.string().optional(),
  reason: z.string().optional(),
});
const retryEvent = z.looseObject({
  step_id: z.string(),
  step_number: z.int(),
  attempt_number: z.int(),
  max_attempts: z.int().optional(),
  backoff_seconds: z.number().optional(),
  final_error: z.string().optional(),
});
const said = z.looseObject({ agent: z.string(), role: z.string(), message: z.string(), ...step });
const text = z.looseObject({ message: z.string(), status: z.string().optional() });
const approvalOnly = z.looseObject({ approval_id: z.string() });
const file = z.looseObject({ file_path: z.string(), file_type: z.string(), size_bytes: z.int(), ...step });

/** The data of each event type. */
export const EVENT_DATA = {
  status: z.looseObject({
    message: z.string(),
    session_id: z.string(),
    ignored_config: z.array(z.string()).optional(),
  }),
  run_queued: z.looseObject({ position: z.int() }),
  workflow_started: z.looseObject({
    run_id: z.string(),
    task_description: z.string(),
    task_truncated: z.boolean().optional(),
    agent: z.string(),
    model: z.string(),
    work_dir: z.string(),
    attempt: z.int(),
  }),
  workflow_state_changed: z.looseObject({
    subject: z.enum(["session", "run"]),
    status: z.union([SessionStatus, RunStatus]),
    previous: z.string().nullable(),
  }),
  workflow_paused: text,
  workflow_resumed: z.looseObject({
    message: z.string(),
    status: z.string(),
    reason: z.enum(["wake", "takeover", "resume", "drain"]),
    attempt: z.int(),
    reused_steps: z.int(),
  }),
  workflow_cancelled: text,
  session_updated: z.looseObject({
    name: z.string().optional(),
    config: JsonObject.optional(),
    grants: z.array(SessionGrant).optional(),
    /** A standing answer that a person took back just now. */
    taken_back: z.looseObject({ text: z.string(), by: z.string() }).optional(),
  }),
  context_updated: z.looseObject({ set: JsonObject, unset: z.array(z.string()) }),
  plan_updated: z.looseObject({ plan: Json, revision: z.int(), by: z.string() }),
  phase_change: z.looseObject({ phase: z.string(), step: z.string().nullable().optional() }),
  wait_started: z.looseObject({ on: z.string(), id: z.string().optional(), until: Timestamp.optional() }),
  wait_ended: z.looseObject({ on: z.string(), id: z.string().optional(), until: Timestamp.optional() }),
  user_message: z.looseObject({ message_id: z.string(), content: z.string(), by: z.string() }),
  output: z.looseObject({
    message: z.string(),
    stream: z.enum(["stdout", "stderr", "print"]),
    source: z.string(),
    partial: z.literal(true).optional(),
    ...step,
  }),
  agent_message: said,
  agent_thinking: said,
  agent_delta: z.looseObject({ agent: z.string(), message_id: z.string(), text: z.string(), ...step }),
  agent_tool_call: z.looseObject({
    agent: z.string(),
    tool_name: z.string(),
    tool_args: Json,
    tool_result: Json.optional(),
    duration_ms: z.number().optional(),
    ...step,
  }),
  dag_created: z.looseObject({
    nodes: z.array(z.looseObject({ id: z.string(), label: z.string(), type: z.string(), status: z.string() })),
    edges: z.array(z.looseObject({ source: z.string(), target: z.string() })),
    levels: z.int(),
  }),
  dag_node_status_changed: z.looseObject({
    node_id: z.string(),
    old_status: z.string(),
    new_status: z.string(),
    error: z.string().optional(),
  }),
  step_started: stepEvent,
  step_completed: stepEvent,
  step_failed: stepEvent,
  step_skipped: stepEvent,
  step_restarted: stepEvent,
  step_retry_started: retryEvent,
  step_retry_backoff: retryEvent,
  step_retry_succeeded: retryEvent,
  step_retry_exhausted: retryEvent,
  approval_requested: z.looseObject({ approval_id: z.string(), approval_type: z.string(), step_id: z.string() }),
  approval_received: z.looseObject({
    approval_id: z.string(),
    approved: z.boolean(),
    resolution: Verb,
    feedback: z.string().nullable(),
    resolved_by: z.looseObject({ id: z.string(), name: z.string() }),
  }),
  approval_expired: approvalOnly,
  approval_cancelled: approvalOnly,
  cancel_progress: z.looseObject({ stage: z.string() }),
  /** A pause of a run that executes: asked for (again with `now`), or taken back before it was in force. */
  pause_progress: z.looseObject({ stage: z.enum(["asked", "taken_back"]), now: z.boolean(), by: z.string() }),
  cost_update: z.looseObject({
    model: z.string(),
    agent: z.string(),
    input_tokens: z.int(),
    output_tokens: z.int(),
    cached_input_tokens: z.int(),
    cost_usd: z.number(),
    total_cost_usd: z.number(),
    ...step,
  }),
  budget_warning: z.looseObject({ used: z.number(), limit: z.number(), unit: z.string() }),
  file_created: file,
  file_updated: file,
  warning: z.looseObject({ code: z.string(), message: z.string() }),
  error: z.looseObject({ message: z.string(), error_type: z.string(), traceback: z.string().optional(), ...step }),
  result: z.looseObject({ result: Json }),
  complete: z.looseObject({ status: z.enum(["success", "failed", "cancelled"]), duration_ms: z.number() }),
} as const;

/** The types of events that this version writes. */
export type EventType = keyof typeof EVENT_DATA;
/** The data of one event type. */
export type EventData<T extends EventType> = z.infer<(typeof EVENT_DATA)[T]>;

/** An event before it has a seq: what the engine decides. */
export type EventDraft = {
  [T in EventType]: { event_type: T; run_id: string | null; data: EventData<T> };
}[EventType];

/** Makes a draft, checked by the type system only: the engine is trusted with its own events. */
export function draft<T extends EventType>(event_type: T, run_id: string | null, data: EventData<T>): EventDraft {
  return { event_type, run_id, data } as unknown as EventDraft;
}

/** An event as it stands in the log and on every wire; types may be newer than this version. */
export const EventEnvelope = z.looseObject({
  seq: z.int().min(1),
  event_type: z.string(),
  timestamp: Timestamp,
  run_id: z.string().nullable(),
  session_id: z.string(),
  data: JsonObject,
});
/** An event as it stands in the log and on every wire. */
export type EventEnvelope = z.infer<typeof EventEnvelope>;

/** What JSON.parse gave is JSON: its data need not be walked once more, which took most of the time of reading a log. */
const ParsedEvent = EventEnvelope.extend({
  data: z.custom<JsonObject>((data) => typeof data === "object" && data !== null && !Array.isArray(data)),
});

/** Reads a stored line. Throws SyntaxError or ZodError on what is none. */
export function readLine(line: string): EventEnvelope {
  return ParsedEvent.parse(JSON.parse(line));
}

/** Largest line of an event or a record, bytes of UTF-8. */
export const MAX_LINE_BYTES = 56_000;

/** Checks that an error of a run is one (re-exported for readers of events). */
export { RunError };
