// Messages over WebSockets, version 1: what clients say on both doors, and the connection frames that are never logged.
//
// Session events go out as their stored lines (lib/model/event.ts); `{"topic":"…",` is put before the line without its
// `{`. Owns the shapes; leaves to lib/live the order and the bounds.
import * as z from "zod";
import { ApprovalId, RunId, SessionId } from "../model/ids.ts";
import { Json, JsonObject } from "../model/json.ts";
import { Verb } from "../model/approval.ts";
import { UserRef } from "../model/principal.ts";

/** Largest message from a client, bytes. */
export const MAX_MESSAGE_BYTES = 1_048_576;
/** What a subscription is to. */
export const Topic = z.union([
  z.templateLiteral(["session:", SessionId]),
  z.enum(["sessions", "approvals", "pulse"]),
]);
/** What a subscription is to. */
export type Topic = z.infer<typeof Topic>;
const after = z.int().nonnegative().optional();

const Answer = z.strictObject({
  type: z.enum(["resolve_approval", "approval_response"]),
  approval_id: ApprovalId,
  resolution: Verb.optional(),
  approved: z.boolean().optional(),
  feedback: z.string().max(20_000).optional(),
  modifications: Json.optional(),
}).refine((m) => (m.resolution === undefined) !== (m.approved === undefined), "resolution or approved, one of them");

/** Messages that both doors take. */
const common = [
  z.strictObject({ type: z.literal("ping") }),
  Answer,
  z.strictObject({ type: z.literal("pause"), run_id: RunId.optional() }),
  z.strictObject({ type: z.literal("resume"), run_id: RunId.optional() }),
  z.strictObject({ type: z.literal("cancel"), run_id: RunId.optional() }),
  z.strictObject({ type: z.literal("message"), content: z.string().min(1).max(200_000), run_id: RunId.optional() }),
  z.strictObject({ type: z.literal("request_state"), after }),
] as const;
/** A client's message on the general door, /ws. */
export const ClientMessage = z.discriminatedUnion("type", [
  ...common,
  z.strictObject({ type: z.literal("subscribe"), topic: Topic, after, batch: z.boolean().optional() }),
  z.strictObject({ type: z.literal("unsubscribe"), topic: Topic }),
]);
/** A client's message on the general door. */
export type ClientMessage = z.infer<typeof ClientMessage>;
/** The first message on MARS's door, /ws/{run_id}. */
export const FirstMessage = z.union([
  z.strictObject({ type: z.literal("ping") }),
  z.strictObject({ type: z.literal("attach"), after }),
  z.strictObject({ task: z.string().min(1).max(1_000_000), config: JsonObject.optional() }),
]);
/** A later message on MARS's door. */
export const RunDoorMessage = z.discriminatedUnion("type", [
  ...common,
  z.strictObject({ type: z.literal("attach"), after }),
]);
/** A later message on MARS's door. */
export type RunDoorMessage = z.infer<typeof RunDoorMessage>;

/** A frame about the connection itself, never in the log. */
export const ConnectionFrame = z.looseObject({
  event_type: z.enum([
    "connected",
    "pong",
    "heartbeat",
    "caught_up",
    "reset",
    "snapshot",
    "upsert",
    "remove",
    "presence",
    "error",
  ]),
  timestamp: z.string(),
  topic: z.string().optional(),
  data: JsonObject.optional(),
});
/** A frame about the connection itself. */
export type ConnectionFrame = z.infer<typeof ConnectionFrame>;

/** Data of `snapshot`: the first page of a topic (`pulse`: one item, the Pulse). */
export const SnapshotData = z.looseObject({ items: z.array(Json), next_cursor: z.string().nullable() });
/** Data of `upsert`: the item as it is now (a Session, a pending Approval, the Pulse). */
export const UpsertData = z.looseObject({ item: Json });
/** Data of `remove`: the id of what left the topic (a session deleted, an approval no longer pending). */
export const RemoveData = z.looseObject({ id: z.string() });
/** Data of `presence`: who watches the session. */
export const PresenceData = z.looseObject({ viewers: z.array(UserRef) });
/** Data of `error`: a code of the error table and its text. */
export const ErrorData = z.looseObject({ code: z.string(), message: z.string() });
/** Data of `reset`: the cursor was beyond the log; events from `from_seq` on follow, what came before them is void. */
export const ResetData = z.looseObject({ reason: z.string(), from_seq: z.int() });
/** Data of `caught_up` and `heartbeat`. */
export const HeadData = z.looseObject({ head_seq: z.int().nullable() });
