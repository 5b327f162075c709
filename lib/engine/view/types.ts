// The view of a session: what its page shows, folded from its events. Plain JSON with bounded lists, so that it can be
// stored as a snapshot and sent to a browser.
import type { Json, JsonObject } from "../../model/json.ts";
import type { RunError, RunStatus } from "../../model/run.ts";
import type { SessionStatus } from "../../model/session.ts";

/** Bounds of the lists of a view. */
export const BOUNDS = {
  runs: 20,
  steps: 1000,
  resolved: 50,
  files: 2000,
  conversation: 100,
  console: 2000,
  notices: 50,
} as const;

/** A run as the page shows it. Times are RFC 3339. */
export interface RunView {
  run_id: string;
  status: RunStatus;
  task: string;
  attempt: number;
  model: string | null;
  started_at: string | null;
  ended_at: string | null;
  /** Since when it waits, and how long it has waited before, in milliseconds. */
  waiting_since: string | null;
  waited_ms: number;
  result?: Json;
  error?: RunError;
  cancel_stage: string | null;
}

/** Status of a step in the tree. */
export type StepStatus = "planned" | "running" | "retrying" | "completed" | "failed" | "skipped";

/** A step of the current run. */
export interface StepView {
  step_id: string;
  run_id: string;
  name: string;
  number: number;
  status: StepStatus;
  attempt: number;
  started_at: string | null;
  ended_at: string | null;
  duration_ms: number | null;
  /** It was finished before the run's last start and was not run again. */
  reused: boolean;
  error: string | null;
  reason: string | null;
  /** Attempts that failed, with their error. */
  failures: { attempt: number; error: string }[];
}

/** An approval as its events tell it; `asked` is the wire approval of approval_requested. */
export interface ApprovalView {
  approval_id: string;
  run_id: string | null;
  step_id: string;
  status: "pending" | "resolved" | "expired" | "cancelled";
  asked: JsonObject;
  resolution: string | null;
  feedback: string | null;
  resolved_by: string | null;
  at: string;
  resolved_at: string | null;
}

/** A file that a leaf made or changed. */
export interface FileView {
  path: string;
  file_type: string;
  size_bytes: number;
  changed_at: string;
  created: boolean;
  step_id: string | null;
}

/** What a model has used. */
export interface CostView {
  model: string;
  agent: string;
  input_tokens: number;
  output_tokens: number;
  cached_input_tokens: number;
  usd: number;
  turns: number;
}

/** One message of the conversation. */
export interface MessageView {
  seq: number;
  role: string;
  agent: string;
  content: string;
  timestamp: string;
  thinking: boolean;
  step_id: string | null;
}

/** One line of the console. */
export interface ConsoleLine {
  seq: number;
  at: string;
  source: string;
  stream: "stdout" | "stderr" | "print";
  text: string;
  partial: boolean;
  step_id: string | null;
  attempt: number | null;
}

/** A warning or an error that a person should see. */
export interface NoticeView {
  seq: number;
  at: string;
  level: "warning" | "error";
  code: string;
  message: string;
  traceback: string | null;
}

/** A graph of the plan. */
export interface DagView {
  nodes: { id: string; label: string; type: string; status: string; error?: string }[];
  edges: { source: string; target: string }[];
  levels: number;
}

/** What a session's page shows. */
export interface SessionView {
  /** The last event that is in it. */
  readonly seq: number;
  readonly session_id: string | null;
  readonly name: string | null;
  readonly status: SessionStatus | null;
  readonly run_id: string | null;
  /** The last runs, the newest last. */
  readonly runs: readonly RunView[];
  /** Steps of the current run in the order in which they came. */
  readonly steps: readonly StepView[];
  readonly plan: Json;
  readonly plan_revision: number;
  readonly plan_by: string | null;
  readonly dag: DagView | null;
  readonly phase: string | null;
  readonly current_step: string | null;
  readonly approvals: readonly ApprovalView[];
  readonly files: readonly FileView[];
  readonly costs: readonly CostView[];
  readonly total_usd: number;
  readonly memory: JsonObject;
  readonly conversation: readonly MessageView[];
  readonly messages_total: number;
  /** Answers that are still being written, by message_id. */
  readonly streams: readonly { message_id: string; agent: string; text: string; step_id: string | null }[];
  readonly console: readonly ConsoleLine[];
  readonly console_total: number;
  readonly notices: readonly NoticeView[];
  readonly wait: { on: string; id: string | null; until: string | null; since: string } | null;
  readonly updated_at: string | null;
}

/** The view before the first event. */
export const EMPTY_VIEW: SessionView = {
  seq: 0,
  session_id: null,
  name: null,
  status: null,
  run_id: null,
  runs: [],
  steps: [],
  plan: null,
  plan_revision: 0,
  plan_by: null,
  dag: null,
  phase: null,
  current_step: null,
  approvals: [],
  files: [],
  costs: [],
  total_usd: 0,
  memory: {},
  conversation: [],
  messages_total: 0,
  streams: [],
  console: [],
  console_total: 0,
  notices: [],
  wait: null,
  updated_at: null,
};
