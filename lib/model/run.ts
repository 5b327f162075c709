// A run: one task carried out in a session. A discriminated union on status; a field stands only on the arms that have it.
//
//   queued -> running -> waiting -> queued ...    paused -> queued
//   completed, failed, cancelled are final and never change.
import * as z from "zod";
import { BlobRef, Json, JsonObject } from "./json.ts";
import { RunId, SessionId, Timestamp } from "./ids.ts";
import { Cost } from "./cost.ts";

/** Status of a run; the last three are final. */
export const RunStatus = z.enum(["queued", "running", "waiting", "paused", "completed", "failed", "cancelled"]);
/** Status of a run. */
export type RunStatus = z.infer<typeof RunStatus>;

/** Why a run ended `failed`; `type` is a Failure's code, or `rejected`, `nondeterministic`, `memory`, `lost`, ... */
export const RunError = z.strictObject({
  type: z.string(),
  message: z.string(),
  traceback: z.string().optional(),
});
/** Why a run ended `failed`. */
export type RunError = z.infer<typeof RunError>;

/** How far a cancel has come. */
export const CancelStage = z.enum(["asked", "told", "terminated", "killed"]);
/** How far a cancel has come. */
export type CancelStage = z.infer<typeof CancelStage>;

/** Why a run is in the queue; `start` is the first time. */
export const QueueReason = z.enum(["start", "wake", "takeover", "resume", "drain"]);
/** Why a run is in the queue. */
export type QueueReason = z.infer<typeof QueueReason>;

/** Status of a step of the plan. */
export const NodeStatus = z.enum(["pending", "running", "completed", "failed", "skipped"]);
/** Status of a step of the plan. */
export type NodeStatus = z.infer<typeof NodeStatus>;

/** Who executes the run: an instance and the fence of its sandbox. */
export const Lease = z.strictObject({ instance: z.string(), fence: z.int() });
/** Who executes the run. */
export type Lease = z.infer<typeof Lease>;

const base = {
  run_id: RunId,
  session_id: SessionId,
  task: z.union([z.string(), BlobRef]),
  /** SHA-256 of the whole task, session config and run config: the key of the start. */
  start_digest: z.string(),
  mode: z.string(),
  config: JsonObject,
  /** What the workflow's schema made of the config at the first start; true: nothing else than it was. */
  parsed_config: z.union([z.literal(true), JsonObject]).optional(),
  /** Starts of a sandbox so far. */
  attempt: z.int().nonnegative(),
  created_at: Timestamp,
  created_by: z.string(),
  cost: Cost,
  retry_of: z.string().optional(),
  /** Where a retry begins: entries of `retry_of` up to this step are kept. */
  retry_from: z.string().optional(),
  /** Version and source digest of the workflow this run began with; set at the first start. */
  workflow_version: z.int().optional(),
  source_digest: z.string().optional(),
  /** Losses of a sandbox or an instance since the last entry finished. */
  takeovers: z.int().nonnegative(),
  /** Milliseconds of executing before the present stretch. */
  executed_ms: z.number().nonnegative(),
  /** The plan in force: its revision and the status of its steps, in order. */
  plan: z.strictObject({
    revision: z.int().min(1),
    nodes: z.array(z.strictObject({ id: z.string(), status: NodeStatus })),
  }).optional(),
  entries: z.int().nonnegative(),
  journal_bytes: z.int().nonnegative(),
  output_bytes: z.int().nonnegative(),
  cancel: z.strictObject({ stage: CancelStage, at: Timestamp, by: z.string() }).optional(),
  pause: z.strictObject({ now: z.boolean(), at: Timestamp, by: z.string() }).optional(),
} as const;
const begun = { ...base, started_at: Timestamp } as const;
const ended = { ...base, started_at: Timestamp.optional(), ended_at: Timestamp } as const;

/** A run that waits in the queue for a slot. */
export const QueuedRun = z.strictObject({
  ...base,
  status: z.literal("queued"),
  started_at: Timestamp.optional(),
  queued_at: Timestamp,
  reason: QueueReason,
});
/** A run that a sandbox executes. */
export const RunningRun = z.strictObject({
  ...begun,
  status: z.literal("running"),
  lease: Lease,
  running_since: Timestamp,
  /** Why it was queued; gone once its sandbox has begun. */
  reason: QueueReason.optional(),
  /** The source is another than the one the run began with, and its version is not above: a mismatch pauses the run. */
  source_changed: z.literal(true).optional(),
});
/** A run of which every branch stands in a wait; it holds no slot and no lease. */
export const WaitingRun = z.strictObject({ ...begun, status: z.literal("waiting"), waiting_since: Timestamp });
/** A run that a person stopped; resume puts it into the queue. */
export const PausedRun = z.strictObject({
  ...base,
  status: z.literal("paused"),
  started_at: Timestamp.optional(),
  paused_at: Timestamp,
  /** Why it stands when no person paused it: the source of its workflow changed. */
  paused_why: z.string().optional(),
});
/** A run that ended with a result. */
export const CompletedRun = z.strictObject({ ...ended, status: z.literal("completed"), result: Json });
/** A run that ended with an error. */
export const FailedRun = z.strictObject({ ...ended, status: z.literal("failed"), error: RunError });
/** A run that a person cancelled. */
export const CancelledRun = z.strictObject({ ...ended, status: z.literal("cancelled") });

/** The run as it is stored. */
export const RunRecord = z.discriminatedUnion("status", [
  QueuedRun,
  RunningRun,
  WaitingRun,
  PausedRun,
  CompletedRun,
  FailedRun,
  CancelledRun,
]);
/** The run as it is stored. */
export type RunRecord = z.infer<typeof RunRecord>;
/** A run that is not over. */
export type OpenRun = Extract<RunRecord, { status: "queued" | "running" | "waiting" | "paused" }>;
/** A run that is over. */
export type EndedRun = Exclude<RunRecord, OpenRun>;

/** Tells whether a run is over. */
export function isFinal(run: RunRecord): run is EndedRun {
  return run.status === "completed" || run.status === "failed" || run.status === "cancelled";
}
