// A decision while it is made: the state so far, its events, and the small moves that all rules are written in.
//
//   W1. A rule changes `work.state` only by these functions and returns an Outcome; decide.ts finishes versions, times and
//       the head. A rule that refuses, or finds nothing to do, has changed nothing.
//   W2. Events stand in the order in which they are emitted.
import type { ApprovalAsk, ApprovalRow } from "../../model/approval.ts";
import type { Command, CommandType } from "../../model/command.ts";
import type { ErrorCode, ErrorDetails } from "../../model/error.ts";
import { draft, type EventData, type EventDraft, type EventType } from "../../model/event.ts";
import { timestamp } from "../../model/ids.ts";
import type { JournalEntry, ScopeRow } from "../../model/journal.ts";
import type { Json } from "../../model/json.ts";
import type { Principal } from "../../model/principal.ts";
import { isFinal, type OpenRun, type RunRecord } from "../../model/run.ts";
import type { SessionRecord } from "../../model/session.ts";
import { patch } from "../layered.ts";
import { asJson, presentRun } from "../present.ts";
import type { DecideContext, Decision, Refusal, SessionState } from "../state.ts";

/** The state of a session that exists. */
export type LiveState = SessionState & { readonly session: SessionRecord };
type Changed = Extract<Decision, { state: SessionState }>;

/** A decision while it is made. */
export interface Work {
  state: LiveState;
  readonly events: EventDraft[];
  readonly asks: Map<string, ApprovalAsk>;
  claims: NonNullable<Changed["claims"]> | undefined;
  readonly principal: Principal;
  readonly ctx: DecideContext;
  /** `ctx.now` as a timestamp. */
  readonly now: string;
}

/** What a rule answers: something changed (`presented`: the reply is the session as it is then), nothing to do, or a refusal. */
export type Outcome = { reply: Json } | { presented: true } | { same: Json } | Refusal;
/** The command of one type. */
export type Of<T extends CommandType> = Extract<Command, { type: T }>;
/** A rule: what a command of one type does to a session that exists. */
export type Rule<T extends CommandType> = (work: Work, command: Of<T>) => Outcome;

/** Begins a decision. */
export function beginWork(state: LiveState, principal: Principal, ctx: DecideContext): Work {
  return { state, events: [], asks: new Map(), claims: undefined, principal, ctx, now: timestamp(ctx.now) };
}

/** Makes a refusal. */
export function refuse(code: ErrorCode, message: string, details?: ErrorDetails): Refusal {
  return details === undefined ? { ok: false, code, message } : { ok: false, code, message, details };
}

/** Tells whether something is a refusal. */
export function isRefusal(value: object): value is Refusal {
  return "ok" in value && value.ok === false;
}

/** Emits an event of the run. */
export function emit<T extends EventType>(work: Work, type: T, data: EventData<T>): void {
  work.events.push(draft(type, work.state.run?.run_id ?? null, data));
}

/** Emits an event that belongs to the session. */
export function tell<T extends EventType>(work: Work, type: T, data: EventData<T>): void {
  work.events.push(draft(type, null, data));
}

/** Changes fields of the session. */
export function setSession(work: Work, change: Partial<SessionRecord>): void {
  work.state = { ...work.state, session: { ...work.state.session, ...change } };
}

/** Moves the session to a status, with its event; the same status changes nothing. */
export function moveSession(work: Work, status: SessionRecord["status"]): void {
  const previous = work.state.session.status;
  if (previous === status) return;
  setSession(work, { status });
  tell(work, "workflow_state_changed", { subject: "session", status, previous });
}

/** Replaces the run without a word. */
export function setRun(work: Work, run: RunRecord): void {
  work.state = { ...work.state, run };
}

/** Moves the run to another status, with its event. */
export function moveRun(work: Work, run: RunRecord): void {
  const previous = work.state.run?.status ?? null;
  setRun(work, run);
  emit(work, "workflow_state_changed", { subject: "run", status: run.status, previous });
}

/** Writes one entry of the journal. */
export function setEntry(work: Work, entry: JournalEntry): void {
  work.state = { ...work.state, entries: patch(work.state.entries, entry.key, entry) };
}

/** Writes one scope. */
export function setScope(work: Work, scope: ScopeRow): void {
  work.state = { ...work.state, scopes: patch(work.state.scopes, scope.key, scope) };
}

/** Writes one approval. */
export function setApproval(work: Work, row: ApprovalRow): void {
  work.state = { ...work.state, approvals: patch(work.state.approvals, row.approval_id, row) };
}

/** Takes the number of the entry that finishes now. */
export function takeEntryNumber(work: Work): number {
  const n = work.state.head.entry_n + 1;
  work.state = { ...work.state, head: { ...work.state.head, entry_n: n } };
  return n;
}

/** Name of the acting person, or of the machinery. */
export function actor(principal: Principal): string {
  return principal.kind === "user" ? principal.name : principal.kind === "run" ? "the run" : "the server";
}

/** The run named, when it is the last one and not over; a refusal that shows what is the case else. */
export function openRun(work: Work, run_id: string, verb: string): OpenRun | Refusal {
  const run = namedRun(work, run_id);
  if (run === null) return refuse("not_found", `Cannot ${verb} run "${run_id}": there is no such run`);
  if (!isFinal(run)) return run;
  return refuse("wrong_state", `Cannot ${verb} run "${run_id}": it is ${run.status}`, {
    current: asJson(presentRun(run)),
  });
}

/** The run named, final or not. */
export function namedRun(work: Work, run_id: string): RunRecord | null {
  if (work.state.run?.run_id === run_id) return work.state.run;
  const other = work.ctx.outside.run ?? null;
  return other?.run_id === run_id && other.session_id === work.state.session.session_id ? other : null;
}
