// The one write path: principal and command in, policy, the engine's decision, one commit, the answer.
//
//   X1. Nothing is answered that is not durable; what is refused rests on durable state too.
//   X2. Secrets are replaced before the decision, so that neither events nor records ever hold one.
//   X3. Every key outside the session that a decision reads is named, checked by the commit and reserved meanwhile.
// Leaves to lib/engine: what a command does; to lib/store: queues, batches, commits in doubt.
import { decide } from "../engine/decide.ts";
import { may } from "../engine/policy.ts";
import type { DecideContext, Decision, EngineSettings, SessionState } from "../engine/state.ts";
import type { Command } from "../model/command.ts";
import { AppError } from "../model/error.ts";
import type { Json } from "../model/json.ts";
import type { Principal } from "../model/principal.ts";
import { type Entry, type Key, type Mutation } from "../store/mutation.ts";
import { dropEarlyCancel } from "../store/runs.ts";
import type { Verdict, Writer } from "../store/writer/types.ts";
import { StaleRead } from "./outside.ts";
import { answeredTwice, heardAs } from "./planted.ts";
import { redactCommand } from "./redact_command.ts";
import type { Redactor } from "./redact.ts";

/** What a decision reads outside rests on. */
export interface OutsideInput {
  readonly entries: readonly Entry[];
  readonly now: number;
  readonly state: SessionState;
}
/** What a decision reads outside its session, and what it writes there. */
export interface Outside {
  readonly keys: readonly Key[];
  /** Reads the entries of `keys`; called again when a check was lost. May throw, as a refusal. */
  read(from: OutsideInput): DecideContext["outside"];
  /** An answer that was given before: the command is not decided at all. May throw AppError. */
  answered?(from: OutsideInput): { reply: Json } | null;
  /** Rows of its own beside the decision's, in the same commit. */
  rows?(reply: Json, now: number): readonly Mutation[];
}
/** How a command is handed over. */
export interface SubmitOptions {
  readonly outside?: Outside;
  readonly urgent?: boolean;
  readonly signal?: AbortSignal;
  readonly size_bytes?: number;
}
/** What a command came to. */
export interface Submitted {
  readonly reply: Json;
  /** The state that the command left, or found when it changed nothing. */
  readonly state: SessionState;
}
/** Hands a command over; rejects with AppError. */
export type Submit = (
  principal: Principal,
  session_id: string,
  command: Command,
  options?: SubmitOptions,
) => Promise<Submitted>;

/** Makes the write path. */
export function createSubmit(parts: {
  writer: Writer<SessionState>;
  settings: EngineSettings;
  redactor: Redactor;
}): Submit {
  return async (principal, session_id, said, options = {}) => {
    const command = redactCommand(said, parts.redactor);
    const { outside } = options;
    const done = await parts.writer.submit<Submitted>({
      session_id,
      outside: outside?.keys ?? [],
      urgent: options.urgent ?? true,
      owner: principal.kind === "run" ? "run" : "person",
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.size_bytes === undefined ? {} : { size_bytes: options.size_bytes }),
      decide(input) {
        const from = { entries: input.outside, now: input.now, state: input.state };
        const before = outside?.answered?.(from) ?? null;
        if (before !== null) return { commit: false, reply: { reply: before.reply, state: input.state } };
        authorise(principal, command, input.state);
        const read = outside?.read(from) ?? {};
        const context = { now: input.now, settings: parts.settings, outside: read };
        const decision = decide(input.state, heardAs(principal, input.state), command, context);
        return verdictOf(answeredTwice(decision, input.state, command), { ...input, principal }, outside);
      },
    });
    return done.reply;
  };
}

function authorise(principal: Principal, command: Command, state: SessionState): void {
  const allowed = may(principal, command.type, state.session);
  if (allowed === true) return;
  if (allowed === "hidden") throw new AppError("not_found", "Cannot find it: unknown, or not visible to you");
  throw new AppError("forbidden", `Cannot ${command.type.replaceAll("_", " ")}: you may not`);
}

function verdictOf(
  decision: Decision,
  input: { state: SessionState; now: number; principal: Principal },
  outside: Outside | undefined,
): Verdict<SessionState, Submitted> {
  if (!decision.ok) throw new AppError(decision.code, decision.message, decision.details);
  const own = outside?.rows?.(decision.reply, input.now) ?? [];
  if ("same" in decision) {
    // It was done in another session, and what is kept of it belongs there: nothing may be written in this one.
    if (own.length > 0 && input.state.session === null) throw new StaleRead();
    const reply = { reply: decision.reply, state: input.state };
    // A first answer that changed nothing is kept for its key all the same.
    return own.length === 0
      ? { commit: false, reply }
      : { commit: true, state: input.state, events: [], rows: own, reply };
  }
  return {
    commit: true,
    state: decision.state,
    events: decision.events,
    rows: [...own, ...earlyCancelRows(decision, input.principal)],
    ...(decision.asks === undefined ? {} : { asks: decision.asks }),
    reply: { reply: decision.reply, state: decision.state },
  };
}

/** The store writes the index of a new run by itself; an early cancel that was obeyed is dropped here. */
function earlyCancelRows(decision: Extract<Decision, { events: unknown }>, principal: Principal): readonly Mutation[] {
  const run_id = decision.claims?.drop_early_cancel;
  return run_id === undefined || principal.kind !== "user" ? [] : [dropEarlyCancel(run_id, principal.id)];
}
