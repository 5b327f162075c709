// REST bodies and answers, version 1: the schemas that server, browser, command line and tests share.
//
// Owns the shapes; leaves to lib/http how a request is read, and to lib/protocol/routes.ts which path takes which.
import * as z from "zod";
import { ApprovalAsk, ApprovalType, OnTimeout, Verb } from "../model/approval.ts";
import { Cost } from "../model/cost.ts";
import { ApprovalId, Name, RunId, SessionId, Timestamp } from "../model/ids.ts";
import { BlobRef, Json, JsonObject } from "../model/json.ts";
import { UserId, UserName, UserRef } from "../model/principal.ts";
import { CancelStage, RunError, RunStatus } from "../model/run.ts";
import { Progress, SessionStatus, Wait } from "../model/session.ts";
import { EventEnvelope } from "../model/event.ts";
import { SessionGrant } from "../model/right.ts";
import { GrantsManifest } from "../model/workflow.ts";

/** Cost of a session or run as clients see it. */
export const WireCost = Cost;

/** A session as lists show it. */
export const Session = z.strictObject({
  session_id: SessionId,
  name: Name,
  mode: z.string(),
  status: SessionStatus,
  owner: UserRef,
  pinned: z.boolean(),
  current_phase: z.string().nullable(),
  current_step: z.string().nullable(),
  progress: Progress,
  activity: z.string().nullable(),
  pending_approvals: z.int(),
  cost: WireCost,
  created_at: Timestamp,
  updated_at: Timestamp,
  last_active_at: Timestamp,
  expires_at: Timestamp.nullable(),
  head_seq: z.int(),
  version: z.int(),
  wait: Wait,
  /** Status of the last run, null before the first. */
  run_status: RunStatus.nullable(),
  /** First line of the last task, at most 200 characters. */
  task_line: z.string(),
});
/** A session as lists show it. */
export type Session = z.infer<typeof Session>;

/** A run. `result` stands when completed, `error` when failed. */
export const Run = z.strictObject({
  run_id: RunId,
  session_id: SessionId,
  task: z.union([z.string(), BlobRef]),
  task_truncated: z.boolean().optional(),
  mode: z.string(),
  status: RunStatus,
  attempt: z.int(),
  created_at: Timestamp,
  started_at: Timestamp.nullable(),
  ended_at: Timestamp.nullable(),
  result: Json.optional(),
  error: RunError.optional(),
  cost: WireCost,
  cancel: z.strictObject({ stage: CancelStage, at: Timestamp }).optional(),
  /** A pause that was asked and is not in force yet: it comes at the end of the step at work, with `now` at once. */
  pause: z.strictObject({ now: z.boolean(), at: Timestamp }).optional(),
  retry_of: z.string().optional(),
});
/** A run. */
export type Run = z.infer<typeof Run>;

/** An approval with what was asked. */
export const Approval = z.strictObject({
  approval_id: ApprovalId,
  session_id: SessionId,
  run_id: RunId,
  step_id: z.string(),
  approval_type: ApprovalType,
  ...ApprovalAsk.shape,
  allowed: z.array(Verb),
  digest: z.string(),
  status: z.enum(["pending", "resolved", "expired", "cancelled"]),
  resolution: Verb.nullable(),
  /** Feedback and value of the answer, null while pending. */
  result: Json,
  resolved_by: z.union([UserRef, z.literal("timeout")]).nullable(),
  created_at: Timestamp,
  expires_at: Timestamp,
  resolved_at: Timestamp.nullable(),
  on_timeout: OnTimeout,
});
/** An approval with what was asked. */
export type Approval = z.infer<typeof Approval>;

/** One message of a session's conversation. */
export const HistoryMessage = z.strictObject({
  role: z.string(),
  agent: z.string(),
  content: z.string(),
  timestamp: Timestamp,
});
/** One message of a session's conversation. */
export type HistoryMessage = z.infer<typeof HistoryMessage>;

/** A session with everything that its page shows. */
export const SessionDetail = z.strictObject({
  ...Session.shape,
  conversation_history: z.array(HistoryMessage),
  context_variables: JsonObject,
  plan_data: Json,
  config: JsonObject,
  runs: z.array(Run),
  approvals: z.array(Approval),
  /** Standing answers of people: what is not asked again in this session. */
  grants: z.array(SessionGrant),
  context: z.strictObject({ used_tokens: z.int(), limit_tokens: z.int().nullable() }),
  as_of_seq: z.int(),
}).omit({ approvals: true, pending_approvals: true }).extend({
  /** In the detail: the approvals themselves. */
  pending_approvals: z.array(Approval),
});
/** A session with everything that its page shows. */
export type SessionDetail = z.infer<typeof SessionDetail>;

/** A mode and what it will be allowed to do. */
export const Mode = z.strictObject({
  id: z.string(),
  label: z.string(),
  description: z.string(),
  supports_resume: z.boolean(),
  supports_hitl: z.boolean(),
  config_schema: JsonObject,
  grants: GrantsManifest,
});
/** A mode and what it will be allowed to do. */
export type Mode = z.infer<typeof Mode>;

/** Counts over what the caller may see. */
export const Pulse = z.strictObject({
  needs_you: z.int(),
  running: z.int(),
  queued: z.int(),
  free_slots: z.int(),
  cost_today_usd: z.number(),
  by_status: z.record(z.string(), z.int()),
});
/** Counts over what the caller may see. */
export type Pulse = z.infer<typeof Pulse>;

/** A file of a session. */
export const FileEntry = z.strictObject({
  path: z.string(),
  size_bytes: z.int(),
  media_type: z.string(),
  modified_at: Timestamp,
  run_id: z.string().nullable(),
  step_id: z.string().nullable(),
});
/** A file of a session. */
export type FileEntry = z.infer<typeof FileEntry>;

/** An error answer, RFC 9457. */
export const Problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  request_id: z.string(),
  errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
  current: Json.optional(),
});
/** An error answer. */
export type Problem = z.infer<typeof Problem>;

/** A token without its secret. `current` is the one that this request came in with. */
export const Token = z.strictObject({
  token_id: z.string(),
  label: z.string(),
  user: UserRef,
  role: z.enum(["admin", "user"]),
  created_at: Timestamp,
  expires_at: Timestamp.nullable(),
  /** To the minute; null: never. */
  last_used_at: Timestamp.nullable(),
  current: z.boolean(),
});
/** A token without its secret. */
export type Token = z.infer<typeof Token>;
/** POST /api/tokens; what is left out is yourself, the role user, no end. */
export const MakeToken = z.strictObject({
  label: z.string().trim().min(1).max(100),
  user: z.strictObject({ id: UserId, name: UserName.optional() }).optional(),
  role: z.enum(["admin", "user"]).optional(),
  expires_in_s: z.int().min(60).max(315_360_000).optional(),
});

/** Largest task: the body limit less the room for its config. */
const Task = z.string().min(1).max(1_000_000);

/** POST /api/sessions */
export const CreateSession = z.strictObject({
  mode: z.string(),
  config: JsonObject.optional(),
  name: Name.optional(),
});
/** POST /api/sessions/{id}/runs */
export const StartRun = z.strictObject({ task: Task, config: JsonObject.optional(), run_id: RunId.optional() });
/** POST /api/tasks; `config.session_id` or `copilotSessionId` continues that session. */
export const StartTask = z.strictObject({
  task: Task,
  config: z.object({ mode: z.string().optional() }).catchall(Json),
  run_id: RunId.optional(),
  name: Name.optional(),
});
/** PATCH /api/sessions/{id} */
export const PatchSession = z.strictObject({ name: Name.optional(), pinned: z.boolean().optional(), version: z.int() });
/** POST …/suspend, …/pause */
export const Now = z.strictObject({ now: z.boolean().optional() });
/** POST /api/sessions/bulk; an id that is named twice counts once. */
export const Bulk = z.strictObject({
  ids: z.array(SessionId).min(1).max(200),
  action: z.enum(["suspend", "resume", "cancel", "delete"]),
  /** For suspend: do not wait for the step at work. */
  now: z.boolean().optional(),
});
/** What became of one session of a bulk request; `code` is that of a refusal. */
export const BulkResult = z.strictObject({
  session_id: SessionId,
  ok: z.boolean(),
  code: z.string().optional(),
  message: z.string(),
});
/** What became of one session of a bulk request. */
export type BulkResult = z.infer<typeof BulkResult>;
/** A POST without fields. */
export const Empty = z.strictObject({});
/** POST /api/runs/{id}/retry */
export const RetryRun = z.strictObject({ from_step: z.string().max(2000).optional(), config: JsonObject.optional() });
/** POST /api/runs/{id}/messages */
export const SendMessage = z.strictObject({ content: z.string().min(1).max(200_000) });
/** POST /api/approvals/{id}/resolve */
export const ResolveApproval = z.strictObject({
  resolution: Verb,
  feedback: z.string().max(20_000).optional(),
  modifications: Json.optional(),
});
/** POST /login */
export const Login = z.strictObject({ token: z.string().optional(), link: z.string().optional() });

const limit = (max: number, fallback: number) => z.coerce.number().int().min(1).max(max).default(fallback);
const cursor = z.string().max(500).optional();
/** GET /api/sessions */
export const ListSessions = z.strictObject({
  mode: z.string().optional(),
  status: SessionStatus.optional(),
  needs_you: z.enum(["true", "false"]).optional(),
  q: z.string().max(200).optional(),
  limit: limit(200, 50),
  cursor,
});
/** GET /api/runs */
export const ListRuns = z.strictObject({
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
  limit: limit(200, 50),
  cursor,
});
/** GET /api/tokens */
export const ListTokens = z.strictObject({ limit: limit(200, 50), cursor });
/** GET /api/sessions/{id}/runs */
export const ListSessionRuns = z.strictObject({ limit: limit(200, 50), cursor });
/** GET /api/approvals */
export const ListApprovals = z.strictObject({
  status: z.enum(["pending", "resolved", "expired", "cancelled"]).optional(),
  session_id: SessionId.optional(),
  limit: limit(200, 50),
  cursor,
});
/** GET /api/sessions/{id}/history */
export const ListHistory = z.strictObject({ limit: limit(1000, 100) });
/** GET /api/sessions/{id}/events */
export const ListEvents = z.strictObject({
  after: z.coerce.number().int().min(0).optional(),
  before: z.coerce.number().int().min(1).optional(),
  limit: limit(1000, 200),
  types: z.string().max(2000).optional(),
});

/** A page of anything. */
export interface Page<T> {
  items: T[];
  total: number | null;
  next_cursor: string | null;
}
/** Answer of GET /api/sessions/{id}/events. */
export const EventsPage = z.strictObject({
  events: z.array(EventEnvelope),
  head_seq: z.int(),
  next_after: z.int(),
});
/** Answer of GET /api/sessions/{id}/events. */
export type EventsPage = z.infer<typeof EventsPage>;
