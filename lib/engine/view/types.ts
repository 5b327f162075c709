// What a session's page shows: the shape that events are folded into. Plain JSON, every list bounded.
import type { CancelStage, RunStatus } from "../../model/run.ts";
import type { Progress, SessionStatus, Wait } from "../../model/session.ts";
import type { Json, JsonObject } from "../../model/json.ts";

/** How long each list may become; the oldest go first. */
export const BOUNDS = {
  runs: 20,
  steps: 2_000,
  attempts: 20,
  phases: 50,
  resolved: 50,
  conversation: 100,
  streams: 20,
  tool_calls: 100,
  console: 2_000,
  warnings: 50,
  errors: 50,
  files: 5_000,
  models: 50,
} as const;
/** Characters of one line of the console, and of one text that still streams; the log holds all of it. */
export const LINE_CHARS = 4_000;
/** Characters of a text that still streams. */
export const STREAM_CHARS = 64_000;

/** Where an event stood: its seq and time, its run, its step. */
export interface Spot {
  readonly seq: number;
  readonly timestamp: string;
  readonly run_id: string | null;
}
/** A spot with the step it came from. */
export interface StepSpot extends Spot {
  readonly step_id: string | null;
  readonly attempt: number | null;
}

/** A run. Times are those of its events. */
export interface RunView {
  readonly run_id: string;
  readonly task: string;
  readonly task_truncated: boolean;
  readonly status: RunStatus;
  /** When it came into its status. */
  readonly since: string;
  readonly attempt: number;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly duration_ms: number | null;
  /** Milliseconds that it waited before the present wait, and since when it waits now. */
  readonly waited_ms: number;
  readonly waiting_since: string | null;
  readonly position: number | null;
  readonly model: string | null;
  readonly cancel: CancelStage | null;
  /** A pause that was asked and is not in force yet. */
  readonly pause: { readonly now: boolean } | null;
  /** Its last workflow_resumed. */
  readonly resumed: { readonly reason: string; readonly reused_steps: number; readonly at: string } | null;
  readonly result: Json;
  readonly error: { readonly type: string; readonly message: string; readonly traceback: string | null } | null;
  readonly cost_usd: number;
  readonly ignored_config: readonly string[];
}

/** Status of a step; `cancelled` when its run was cancelled while it was at work. */
export type StepStatus = "running" | "retrying" | "completed" | "failed" | "skipped" | "cancelled";
/** One attempt of a step. */
export interface AttemptView {
  readonly attempt: number;
  readonly status: StepStatus;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly duration_ms: number | null;
  readonly error: string | null;
}
/** A step that people see; the tree is made by `parent`. */
export interface StepView {
  readonly run_id: string;
  readonly step_id: string;
  readonly parent: string | null;
  readonly step_number: number;
  readonly name: string;
  readonly status: StepStatus;
  /** It had finished before the last workflow_resumed, and its result was used again. */
  readonly reused: boolean;
  readonly attempts: readonly AttemptView[];
  /** Repeats of a leaf of it, while they go on. */
  readonly retry: {
    readonly attempt_number: number;
    readonly max_attempts: number | null;
    /** When the next attempt begins; null while it is at work. */
    readonly until: string | null;
    readonly error: string | null;
  } | null;
  readonly reason: string | null;
  readonly error: string | null;
  /** Seq of its first event. */
  readonly seq: number;
}

/** A node of the graph. */
export interface NodeView {
  readonly id: string;
  readonly label: string;
  readonly type: string;
  readonly status: string;
  readonly error: string | null;
}
/** The graph of the plan. */
export interface DagView {
  readonly nodes: readonly NodeView[];
  readonly edges: readonly { readonly source: string; readonly target: string }[];
  readonly levels: number;
}

/** An approval as approval_requested told it, with what became of it. */
export interface ApprovalView {
  readonly approval_id: string;
  readonly run_id: string;
  readonly step_id: string;
  readonly approval_type: string;
  readonly action: string;
  readonly description: string;
  readonly context: Json;
  readonly allowed: readonly string[];
  readonly modifications_schema: Json;
  readonly digest: string;
  readonly status: "pending" | "resolved" | "expired" | "cancelled";
  readonly resolution: string | null;
  readonly feedback: string | null;
  readonly resolved_by: { readonly id: string; readonly name: string } | "timeout" | null;
  readonly created_at: string;
  readonly expires_at: string;
  readonly resolved_at: string | null;
  readonly on_timeout: string;
  readonly cost_usd: number | null;
}

/** One message of the conversation: a task, a person's message, an agent's. */
export interface MessageView extends StepSpot {
  readonly kind: "task" | "user" | "agent";
  readonly role: string;
  readonly agent: string;
  readonly content: string;
  /** The whole content lies in this blob. */
  readonly blob: string | null;
}
/** A message that still streams. */
export interface StreamView {
  readonly message_id: string;
  readonly run_id: string | null;
  readonly agent: string;
  readonly step_id: string | null;
  readonly text: string;
}
/** A tool that an agent called. */
export interface ToolCallView extends StepSpot {
  readonly agent: string;
  readonly tool_name: string;
  readonly tool_args: Json;
  readonly tool_result: Json;
  readonly duration_ms: number | null;
}
/** One line of the console. */
export interface LineView extends StepSpot {
  readonly stream: string;
  readonly source: string;
  readonly message: string;
  /** The line goes on in the next one of its source and stream. */
  readonly partial: boolean;
}
/** A file that the session's runs made or changed. */
export interface FileView {
  readonly file_path: string;
  readonly file_type: string;
  readonly size_bytes: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly run_id: string | null;
  readonly step_id: string | null;
}
/** What one model has cost. */
export interface ModelCostView {
  readonly model: string;
  readonly calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_input_tokens: number;
  readonly usd: number;
}
/** An open wait that was told, but for approvals. */
export interface OpenWaitView {
  readonly on: string;
  readonly id: string;
  readonly since: string;
  readonly until: string | null;
}

/** A standing answer. */
export interface GrantView {
  readonly kind: string;
  readonly what: string;
  readonly allowed: boolean;
  /** What was asked. */
  readonly text: string;
  readonly by: string;
  readonly at: string;
  /** By this it is taken back; null where that was not kept yet. */
  readonly approval_id: string | null;
}

/** What a session's page shows, folded from its events. */
export interface SessionView {
  readonly seq: number;
  readonly session_id: string | null;
  readonly name: string | null;
  readonly pinned: boolean;
  readonly status: SessionStatus;
  /** When it came into its status. */
  readonly since: string | null;
  readonly last_event_at: string | null;
  readonly wait: Wait;
  readonly progress: Progress;
  readonly current_phase: string | null;
  readonly current_step: string | null;
  readonly config: Json;
  /** Standing answers of people: what is not asked again in this session. */
  readonly grants: readonly GrantView[];
  readonly context: JsonObject;
  readonly runs: readonly RunView[];
  readonly steps: readonly StepView[];
  readonly plan: { readonly plan: Json; readonly revision: number; readonly by: string } | null;
  readonly dag: DagView | null;
  readonly phases: readonly (Spot & { readonly phase: string; readonly step: string | null })[];
  readonly pending: readonly ApprovalView[];
  readonly resolved: readonly ApprovalView[];
  readonly waits: readonly OpenWaitView[];
  readonly conversation: readonly MessageView[];
  readonly conversation_total: number;
  readonly streams: readonly StreamView[];
  readonly tool_calls: readonly ToolCallView[];
  readonly console: readonly LineView[];
  readonly console_total: number;
  readonly files: readonly FileView[];
  readonly cost: {
    readonly usd: number;
    readonly models: readonly ModelCostView[];
    /** Tokens of the last call: how full the context was. */
    readonly last: { readonly model: string; readonly input_tokens: number; readonly output_tokens: number } | null;
    readonly warnings: readonly { readonly used: number; readonly limit: number; readonly unit: string }[];
  };
  readonly warnings: readonly (Spot & { readonly code: string; readonly message: string })[];
  readonly errors: readonly (StepSpot & {
    readonly message: string;
    readonly error_type: string;
    readonly traceback: string | null;
  })[];
}

/** The lists of a view that events add to. */
export type ListName =
  | "runs"
  | "steps"
  | "phases"
  | "pending"
  | "resolved"
  | "waits"
  | "conversation"
  | "streams"
  | "tool_calls"
  | "console"
  | "files"
  | "warnings"
  | "errors";
