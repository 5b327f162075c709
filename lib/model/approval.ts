// An approval: a question to a person that waits for days and is answered once.
//
// The row (at most 1 KB) changes; what was asked is written once beside it. Status alone decides, never the clock.
import * as z from "zod";
import { Json, JsonObject } from "./json.ts";
import { ApprovalId, Digest, RunId, SessionId, Timestamp } from "./ids.ts";
import { UserRef } from "./principal.ts";

/** What kind of question it is. */
export const ApprovalType = z.enum([
  "plan_approval",
  "step_approval",
  "tool_call",
  "error_recovery",
  "permission",
  "input",
]);
/** What kind of question it is. */
export type ApprovalType = z.infer<typeof ApprovalType>;

/** An answer to an approval. */
export const Verb = z.enum([
  "approved",
  "approved_session",
  "rejected",
  "rejected_always",
  "modified",
  "answered",
  "skip",
  "retry",
  "abort",
]);
/** An answer to an approval. */
export type Verb = z.infer<typeof Verb>;

/** Verbs that let the run go on (`approved: true` on the wire). */
export const YES: ReadonlySet<Verb> = new Set([
  "approved",
  "approved_session",
  "modified",
  "answered",
  "retry",
  "skip",
]);

/** Which verbs a type may allow at most. */
export const VERBS: Readonly<Record<ApprovalType, readonly Verb[]>> = {
  plan_approval: ["approved", "rejected", "modified", "skip", "retry"],
  step_approval: ["approved", "rejected", "modified", "skip", "retry"],
  tool_call: ["approved", "approved_session", "rejected", "modified"],
  error_recovery: ["retry", "skip", "modified", "abort"],
  permission: ["approved", "approved_session", "rejected", "rejected_always"],
  input: ["answered", "rejected"],
};

/** What happens when nobody answers in time. */
export const OnTimeout = z.enum(["reject", "approve", "fail"]);
/** What happens when nobody answers in time. */
export type OnTimeout = z.infer<typeof OnTimeout>;

/** What was asked: written once, beside the row. */
export const ApprovalAsk = z.strictObject({
  action: z.string(),
  description: z.string(),
  /** The subject: what is approved (a plan, a step, arguments, a question). */
  context: Json,
  /** JSON Schema of `modifications`, where the answer may change the subject. */
  modifications_schema: JsonObject.optional(),
  estimate: z.strictObject({ cost_usd: z.number() }).optional(),
});
/** What was asked. */
export type ApprovalAsk = z.infer<typeof ApprovalAsk>;

const base = {
  approval_id: ApprovalId,
  session_id: SessionId,
  run_id: RunId,
  /** Key of the journal entry that waits. */
  step_id: z.string(),
  approval_type: ApprovalType,
  allowed: z.array(Verb).min(1),
  /** SHA-256 of type, subject and verbs. */
  digest: Digest,
  created_at: Timestamp,
  expires_at: Timestamp,
  on_timeout: OnTimeout,
} as const;

/** The row of an approval, a union on status. */
export const ApprovalRow = z.discriminatedUnion("status", [
  z.strictObject({ ...base, status: z.literal("pending") }),
  z.strictObject({
    ...base,
    status: z.literal("resolved"),
    resolution: Verb,
    feedback: z.string().nullable(),
    /** SHA-256 of the canonical answer (resolution, feedback, modifications): the same answer again is the first one's. */
    answer_digest: Digest,
    resolved_by: UserRef,
    resolved_at: Timestamp,
  }),
  z.strictObject({ ...base, status: z.literal("expired"), resolution: Verb.nullable(), resolved_at: Timestamp }),
  z.strictObject({ ...base, status: z.literal("cancelled"), resolved_at: Timestamp }),
]);
/** The row of an approval. */
export type ApprovalRow = z.infer<typeof ApprovalRow>;
/** An approval that nobody has answered yet. */
export type PendingApproval = Extract<ApprovalRow, { status: "pending" }>;

/** What the workflow gets for an answer; stored as the result of its journal entry. */
export const Answer = z.strictObject({
  verb: Verb.nullable(),
  value: Json,
  edited: z.boolean(),
  feedback: z.string().nullable(),
  by: z.string(),
});
/** What the workflow gets for an answer. */
export type Answer = z.infer<typeof Answer>;
