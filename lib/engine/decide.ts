// The one function that changes sessions: state, principal and command in, new state and events out.
//
//   Owns the order of checks (there is such a session, the principal may, its fence stands), the table of rules, and what
//   goes with every change: version, times, the head. Leaves to rules/ what each command does.
//   I1. Whatever a rule changed comes out here as one decision, for one commit.
//   I2. `version` moves with name, status, config and owner; `updated_at` with these and with the status of run and
//       approvals; `last_active_at` with every event.
import type { Command, CommandType } from "../model/command.ts";
import { NO_COST } from "../model/cost.ts";
import { timestamp } from "../model/ids.ts";
import type { Principal } from "../model/principal.ts";
import type { SessionRecord } from "../model/session.ts";
import { ACTIVE_STEP_MS } from "./limits.ts";
import { may } from "./policy.ts";
import { asJson, presentSession } from "./present.ts";
import { expireApproval, resolveApproval } from "./rules/approvals.ts";
import { cancelProgress, cancelRun, settleRun } from "./rules/cancels.ts";
import { beginRun, claimRun, keepConfig, requeueRun } from "./rules/claims.ts";
import { recordCost } from "./rules/costs.ts";
import { failRun, finishRun } from "./rules/ends.ts";
import { checkFence } from "./rules/fences.ts";
import { gateLeaf } from "./rules/gates.ts";
import { takeBackAnswer } from "./rules/grants.ts";
import { endLeaf, retryLeaf } from "./rules/leaf_ends.ts";
import { beginLeaf } from "./rules/leaves.ts";
import { sendMessage } from "./rules/messages.ts";
import { atBoundary, pauseRun, resumeRun } from "./rules/pauses.ts";
import { report, say } from "./rules/says.ts";
import { beginScope, endScope } from "./rules/scopes.ts";
import { deletedState, expireSession, resumeSession, suspendSession, updateSession } from "./rules/sessions.ts";
import { createSession, sameStart, startRun } from "./rules/starts.ts";
import { fireTimer } from "./rules/timers.ts";
import { allWaiting } from "./rules/waits.ts";
import {
  beginWork,
  isRefusal,
  type LiveState,
  type Of,
  type Outcome,
  refuse,
  type Rule,
  type Work,
} from "./rules/work.ts";
import type { DecideContext, Decision, SessionState } from "./state.ts";

/** What each command does to a session that exists; making and deleting one are decided apart. */
const RULES = {
  start_run: startRun,
  update_session: updateSession,
  suspend_session: suspendSession,
  resume_session: resumeSession,
  take_back_answer: takeBackAnswer,
  cancel_run: cancelRun,
  pause_run: pauseRun,
  resume_run: resumeRun,
  send_message: sendMessage,
  resolve_approval: resolveApproval,
  claim_run: claimRun,
  requeue_run: requeueRun,
  settle_run: settleRun,
  fail_run: failRun,
  cancel_progress: cancelProgress,
  expire_approval: expireApproval,
  fire_timer: fireTimer,
  expire_session: expireSession,
  begin_run: beginRun,
  begin_leaf: beginLeaf,
  end_leaf: endLeaf,
  retry_leaf: retryLeaf,
  gate_leaf: gateLeaf,
  keep_config: keepConfig,
  begin_scope: beginScope,
  end_scope: endScope,
  say,
  report,
  record_cost: recordCost,
  all_waiting: allWaiting,
  at_boundary: atBoundary,
  finish_run: finishRun,
} satisfies { [T in Exclude<CommandType, "create_session" | "delete_session">]: Rule<T> };

/** Decides what a command of a principal does to a session. Pure. */
export function decide(state: SessionState, principal: Principal, command: Command, ctx: DecideContext): Decision {
  if (command.type === "create_session") return create(state, principal, { command, ctx });
  if (state.session === null) return refuse("not_found", `Cannot ${words(command)}: there is no such session`);
  const allowed = may(principal, command.type, state.session);
  if (allowed === "hidden") return refuse("not_found", `Cannot ${words(command)}: there is no such session`);
  if (!allowed) return refuse("forbidden", `Cannot ${words(command)}: a ${principal.kind} principal may not`);
  if (command.type === "delete_session") return remove(state);
  const fenced = principal.kind === "run" ? checkFence(state, principal, command) : null;
  if (fenced !== null) return fenced;
  const live: LiveState = { ...state, session: state.session };
  const work = beginWork(live, principal, ctx);
  // The table holds the rule for exactly this type; the compiler cannot follow the two of them together.
  const rule = RULES[command.type] as (work: Work, command: Command) => Outcome;
  return finish(state, work, rule(work, command));
}

function words(command: Command): string {
  return command.type.replaceAll("_", " ");
}

function create(
  state: SessionState,
  principal: Principal,
  asked: { command: Of<"create_session">; ctx: DecideContext },
): Decision {
  const { command, ctx } = asked;
  if (principal.kind !== "user") {
    return refuse("forbidden", `Cannot create session: a ${principal.kind} principal may not`);
  }
  const again = command.run === undefined ? null : sameStart({ state, principal, ctx }, command.run);
  if (again !== null) return "same" in again ? { ok: true, same: true, reply: again.same } : again;
  if (state.session !== null || state.head.deleted === true) {
    return refuse("conflict", `Cannot create session "${command.session.session_id}": there is or was one`);
  }
  const session = newSession(command, { id: principal.id, name: principal.name }, timestamp(ctx.now));
  const work = beginWork({ ...state, session }, principal, ctx);
  return finish(state, work, createSession(work, command));
}

function newSession(command: Of<"create_session">, owner: SessionRecord["owner"], now: string): SessionRecord {
  const { session_id, mode, config, name } = command.session;
  const { mode: _mode, ...own } = config;
  const limit = own["maxCostUsd"];
  return {
    session_id,
    name,
    mode,
    status: "active",
    config: own,
    owner,
    pinned: false,
    created_at: now,
    updated_at: now,
    last_active_at: now,
    version: 1,
    current_phase: null,
    current_step: null,
    progress: null,
    activity: null,
    cost: { ...NO_COST, limit_usd: typeof limit === "number" ? limit : null },
    memory: {},
    task_line: "",
    run_count: 0,
  };
}

function remove(state: SessionState): Decision {
  const { run, session } = state;
  const reply = { deleted: true, session_id: session?.session_id ?? null, run_id: run?.run_id ?? null };
  return { ok: true, state: deletedState(state), events: [], reply };
}

function finish(before: SessionState, work: Work, outcome: Outcome): Decision {
  if (isRefusal(outcome)) return outcome;
  if ("same" in outcome) return { ok: true, same: true, reply: outcome.same };
  const state = finished(before, work);
  const reply = "reply" in outcome ? outcome.reply : asJson(presentSession(state, work.ctx.settings));
  const asks = work.asks.size === 0 ? {} : { asks: work.asks };
  const claims = work.claims === undefined ? {} : { claims: work.claims };
  return { ok: true, state, events: work.events, ...asks, ...claims, reply };
}

function finished(before: SessionState, work: Work): LiveState {
  const { state, now, events } = work;
  const was = before.session;
  const is = state.session;
  const changed = was !== null &&
    (is.name !== was.name || is.status !== was.status || is.config !== was.config || is.owner !== was.owner);
  const moved = changed || state.run?.status !== before.run?.status || state.run?.run_id !== before.run?.run_id ||
    state.approvals !== before.approvals;
  const quiet = Date.parse(now) - Date.parse(is.last_active_at) < ACTIVE_STEP_MS;
  const active = events.length > 0 && (moved || !quiet);
  const times = {
    ...(changed ? { version: is.version + 1 } : {}),
    ...(moved ? { updated_at: later(is.updated_at, now) } : {}),
    ...(active ? { last_active_at: later(is.last_active_at, now) } : {}),
  };
  const session = Object.keys(times).length === 0 ? is : { ...is, ...times };
  const head = events.length === 0 ? state.head : { ...state.head, head_seq: state.head.head_seq + events.length };
  return { ...state, session, head };
}

/** A wall clock may go back; the times of a session do not. */
function later(a: string, b: string): string {
  return a > b ? a : b;
}
