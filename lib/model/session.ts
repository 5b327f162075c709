// A session: the durable thing that people name, watch and own.
//
// The record as it is stored. What clients see (activity, wait, counts) is computed from it and from its run by
// lib/engine/present.ts and lib/engine/wait.ts; nothing here is a copy of something else.
import * as z from "zod";
import { JsonObject } from "./json.ts";
import { Name, SessionId, Timestamp } from "./ids.ts";
import { Cost } from "./cost.ts";
import { UserRef } from "./principal.ts";
import { SessionGrant } from "./right.ts";

/** Status of a session; completed, failed and expired are rests, not ends. */
export const SessionStatus = z.enum(["active", "suspended", "completed", "failed", "expired"]);
/** Status of a session. */
export type SessionStatus = z.infer<typeof SessionStatus>;

/** Progress of the plan, or null where it is not known. */
export const Progress = z.strictObject({ done: z.int(), total: z.int(), unit: z.string() }).nullable();
/** Progress of the plan. */
export type Progress = z.infer<typeof Progress>;

/** The session as it is stored. `version` moves with name, status, config and owner only. */
export const SessionRecord = z.strictObject({
  session_id: SessionId,
  name: Name,
  mode: z.string(),
  status: SessionStatus,
  config: JsonObject,
  owner: UserRef,
  pinned: z.boolean(),
  created_at: Timestamp,
  updated_at: Timestamp,
  last_active_at: Timestamp,
  version: z.int(),
  current_phase: z.string().nullable(),
  current_step: z.string().nullable(),
  progress: Progress,
  activity: z.string().nullable(),
  cost: Cost,
  memory: JsonObject,
  /** First line of the last task, for search; at most 200 characters. */
  task_line: z.string(),
  /** Number of runs so far. */
  run_count: z.int(),
  /** Standing answers: what people granted or refused for the whole session. */
  grants: z.array(SessionGrant).optional(),
});
/** The session as it is stored. */
export type SessionRecord = z.infer<typeof SessionRecord>;

/** What a session waits for: always exactly one thing, or null at rest. */
export const Wait = z.strictObject({
  on: z.enum(["run", "resume", "queue", "recovery", "approval", "message", "timer", "task"]),
  id: z.string().optional(),
  since: Timestamp.optional(),
  until: Timestamp.optional(),
  count: z.int().optional(),
  position: z.int().optional(),
  estimate_s: z.number().optional(),
  /** `run` only: what was asked of it and is not in force yet. */
  asked: z.enum(["pause", "cancel"]).optional(),
}).nullable();
/** What a session waits for. */
export type Wait = z.infer<typeof Wait>;

/** The one row of a session that every commit checks and writes: gaplessness, fencing and deletion at once. */
export const Head = z.strictObject({
  head_seq: z.int().nonnegative(),
  /** The fence of the last sandbox start; a `run` command with another one is refused. */
  fence: z.int().nonnegative(),
  /** The number of the last finished journal entry. */
  entry_n: z.int().nonnegative(),
  deleted: z.literal(true).optional(),
});
/** The one row of a session that every commit checks and writes. */
export type Head = z.infer<typeof Head>;
