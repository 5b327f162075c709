// Answers: an approval is answered once, by a person or by its deadline.
//
//   A1. Status alone decides, never the clock: an answer after the deadline counts until the expiry is committed.
//   A2. One commit: the row, approval_received (or approval_expired), wait_ended, the journal entry done with the Answer,
//       and a waiting run goes to the queue. A paused run stays paused and uses the answer on resume.
//   A3. The same answer again is the first one's; another is `already_resolved`; after expiry or cancel, `wrong_state`.
import * as z from "zod";
import type { Answer, ApprovalAsk, ApprovalRow, PendingApproval, Verb } from "../../model/approval.ts";
import { YES } from "../../model/approval.ts";
import type { Json } from "../../model/json.ts";
import { TOLERANCE_MS } from "../limits.ts";
import { asJson, presentApproval } from "../present.ts";
import type { Refusal } from "../state.ts";
import { verbAtTimeout } from "../timeout_verb.ts";
import { keepAnswer } from "./grants.ts";
import { settleWait } from "./waits.ts";
import { actor, emit, isRefusal, type Of, type Outcome, refuse, setApproval, type Work } from "./work.ts";

type Resolve = Of<"resolve_approval">;

/** A person answers. */
export function resolveApproval(work: Work, command: Resolve): Outcome {
  const held = work.state.approvals.get(command.approval_id);
  const row = held ?? oldApproval(work, command.approval_id);
  const { ask } = work.ctx.outside;
  if (row === null) {
    return refuse("not_found", `Cannot answer approval "${command.approval_id}": there is no such approval`);
  }
  if (ask === undefined || ask === null) return unread(row.approval_id);
  if (row.status !== "pending") return answeredBefore(work, command, { row, ask });
  const answer = answerOf(work, command, { row, ask });
  if (isRefusal(answer)) return answer;
  const { principal } = work;
  const resolved_by = principal.kind === "user" ? { id: principal.id, name: principal.name } : SERVER;
  const { resolution, feedback, answer_digest } = command;
  const done = { resolution, feedback, answer_digest, resolved_by, resolved_at: work.now };
  const resolved: ApprovalRow = { ...row, status: "resolved", ...done };
  setApproval(work, resolved);
  const { approval_id } = row;
  emit(work, "approval_received", { approval_id, approved: YES.has(resolution), resolution, feedback, resolved_by });
  keepAnswer(work, { row, ask, verb: resolution });
  settleBy(work, row, answer);
  return { reply: asJson(presentApproval(resolved, ask, { ...answer })) };
}
const SERVER = { id: "server", name: "the server" };

/** The service reads what was asked before it lets an answer be decided. */
function unread(approval_id: string): Refusal {
  return refuse("internal", `Cannot answer approval "${approval_id}": what was asked was not read`);
}

function settleBy(work: Work, row: PendingApproval, answer: Answer): void {
  const entry = work.state.entries.get(row.step_id);
  if (entry?.status === "open") settleWait(work, entry, { value: { ...answer }, told: true });
}

function oldApproval(work: Work, approval_id: string): ApprovalRow | null {
  const old = work.ctx.outside.approval?.row;
  if (old === undefined || old.approval_id !== approval_id) return null;
  // A pending row can only be one of the state: outside it, its run is over and it was closed with it.
  return old.session_id === work.state.session.session_id && old.status !== "pending" ? old : null;
}

function answeredBefore(work: Work, command: Resolve, was: { row: ApprovalRow; ask: ApprovalAsk }): Outcome {
  const { row, ask } = was;
  const entry = work.state.entries.get(row.step_id);
  const stored = entry?.status === "done" ? entry.value : work.ctx.outside.approval?.result ?? null;
  const current = asJson(presentApproval(row, ask, stored));
  if (row.status !== "resolved") {
    return refuse("wrong_state", `Cannot answer approval "${row.approval_id}": it is ${row.status}`, { current });
  }
  if (row.answer_digest === command.answer_digest) return { same: current };
  const who = row.resolved_by.name;
  return refuse("already_resolved", `Cannot answer approval "${row.approval_id}": ${who} said ${row.resolution}`, {
    current,
  });
}

/** The answer as the workflow gets it: the subject, or what the person made of it. */
function answerOf(work: Work, command: Resolve, on: { row: ApprovalRow; ask: ApprovalAsk }): Answer | Refusal {
  const { resolution: verb, feedback } = command;
  if (!on.row.allowed.includes(verb)) {
    const allowed = on.row.allowed.join(", ");
    return refuse("not_allowed_verb", `Cannot answer "${verb}": this approval allows ${allowed}`);
  }
  const change = meant(command.modifications);
  const edited = verb === "modified" || verb === "answered" || (change !== undefined && isTyped(verb, on));
  const base = { verb, feedback, by: actor(work.principal), edited };
  if (!edited) return change === undefined ? { ...base, value: on.ask.context } : misfit("modifications", TAKES_NONE);
  if (change === undefined) return misfit("modifications", `"${verb}" needs modifications`);
  const wrong = misfits(on.ask, change);
  if (wrong !== null) return wrong;
  if (verb !== "answered") return { ...base, value: change };
  if (typeof change !== "object" || change === null || Array.isArray(change) || change["answer"] === undefined) {
    return misfit("modifications.answer", "An answer is { answer: … }");
  }
  return { ...base, value: change["answer"] };
}

/** A permission with a schema (a budget) is approved as it was asked, or with what a person typed in its place. */
function isTyped(verb: Verb, { row, ask }: { row: ApprovalRow; ask: ApprovalAsk }): boolean {
  return verb === "approved" && row.approval_type === "permission" && ask.modifications_schema !== undefined;
}
const TAKES_NONE = "Only modified and answered take modifications";

/** Clients send null or {} for no modifications. */
function meant(modifications: Json | undefined): Json | undefined {
  if (modifications === null || modifications === undefined) return undefined;
  const empty = typeof modifications === "object" && Object.keys(modifications).length === 0;
  return empty ? undefined : modifications;
}

function misfit(path: string, message: string): Refusal {
  return refuse("invalid", `Cannot answer: ${message}`, { errors: [{ path, message }] });
}

function misfits(ask: ApprovalAsk, change: Json): Refusal | null {
  if (ask.modifications_schema === undefined) return null;
  const schema = schemaOf(ask.modifications_schema);
  if (schema === null) {
    return misfit("modifications", "The schema of this approval cannot be read; answer without an edit");
  }
  const parsed = schema.safeParse(change);
  if (parsed.success) return null;
  const errors = parsed.error.issues.map((issue) => ({
    path: ["modifications", ...issue.path.map(String)].join("."),
    message: issue.message,
  }));
  return refuse("invalid", "Cannot answer: the modifications do not fit", { errors });
}

/** The schema comes from a workflow, so it may be one that cannot be read. */
function schemaOf(schema: NonNullable<ApprovalAsk["modifications_schema"]>): z.ZodType | null {
  try {
    return z.fromJSONSchema(schema);
  } catch {
    return null;
  }
}

/** The deadline of an approval has come. */
export function expireApproval(work: Work, command: Of<"expire_approval">): Outcome {
  const row = work.state.approvals.get(command.approval_id);
  if (row?.status !== "pending") return { same: { expired: false, status: row?.status ?? null } };
  if (Date.parse(row.expires_at) > work.ctx.now + TOLERANCE_MS) {
    return { same: { expired: false, status: row.status, expires_at: row.expires_at } };
  }
  const { ask } = work.ctx.outside;
  if (ask === undefined || ask === null) return unread(row.approval_id);
  const resolution = verbAtTimeout(row.on_timeout, row.allowed);
  setApproval(work, { ...row, status: "expired", resolution, resolved_at: work.now });
  emit(work, "approval_expired", { approval_id: row.approval_id });
  settleBy(work, row, { verb: resolution, value: ask.context, edited: false, feedback: null, by: "timeout" });
  return { reply: { expired: true, resolution } };
}
