// A run begins: in a session that takes one, or together with a new session.
//
//   R1. run_id is the key of the start: the same principal with the same digest gets the same run again, whatever has
//       become of it; any other start with it is refused.
//   R2. A session has at most one run that is not over.
//   R3. The first event of a run is `status`.
//   R4. A cancel that came before the start ends the run in the commit that starts it.
import type { NewRun } from "../../model/command.ts";
import type { Json } from "../../model/json.ts";
import { isFinal, type QueuedRun, type RunRecord } from "../../model/run.ts";
import { NO_COST } from "../../model/cost.ts";
import { taskTitle } from "../../model/task_title.ts";
import type { z } from "zod";
import { mergeConfig } from "../config.ts";
import { EARLY_CANCEL_MS } from "../limits.ts";
import { asJson, cutTask, presentRun, presentSession } from "../present.ts";
import type { Refusal, SessionState } from "../state.ts";
import { oneLine } from "./activity.ts";
import { cancelRun } from "./cancels.ts";
import { runReply } from "./pauses.ts";
import { emit, moveSession, type Of, type Outcome, refuse, setSession, tell, type Work } from "./work.ts";

/** A person starts a run in a session. */
export function startRun(work: Work, command: Of<"start_run">): Outcome {
  const again = sameStart(work, command.run);
  if (again !== null) return again;
  const { session, run } = work.state;
  if (session.status === "suspended" || session.status === "expired") {
    const current = asJson(presentSession(work.state, work.ctx.settings));
    return refuse("wrong_state", `Cannot start a run in "${session.name}": it is ${session.status}`, { current });
  }
  if (run !== null && !isFinal(run)) {
    const current = asJson(presentRun(run));
    return refuse("session_busy", `Cannot start a run in "${session.name}": run "${run.run_id}" is not over`, {
      current,
    });
  }
  return start(work, command.run, () => moveSession(work, "active"));
}

/** A session is made, with a run of it at once where one is given. */
export function createSession(work: Work, command: Of<"create_session">): Outcome {
  const { session } = work.state;
  const created = (): void => {
    tell(work, "workflow_state_changed", { subject: "session", status: session.status, previous: null });
    tell(work, "session_updated", { name: session.name, config: session.config });
  };
  if (command.run !== undefined) return start(work, command.run, created);
  created();
  return { presented: true };
}

/** Answers a start whose run_id is known: the same run, or a refusal; null when it is new. */
export function sameStart(work: StartQuestion, run: NewRun): { same: Json } | Refusal | null {
  const { outside } = work.ctx;
  const here = work.state.run?.run_id === run.run_id ? work.state.run : null;
  const known: RunRecord | null = here ?? (outside.run?.run_id === run.run_id ? outside.run : null);
  const owner = outside.run_id_owner ?? null;
  if (known === null && owner === null) return null;
  const by = known?.created_by ?? owner?.principal;
  const digest = known?.start_digest ?? owner?.start_digest;
  const mine = work.principal.kind === "user" && by === work.principal.id && digest === run.start_digest;
  if (!mine) return refuse("run_id_taken", `Cannot start run "${run.run_id}": another start has this run_id`);
  return {
    same: known === null ? { run_id: run.run_id, session_id: owner?.session_id ?? null } : asJson(presentRun(known)),
  };
}
type StartQuestion = { state: SessionState; principal: Work["principal"]; ctx: Work["ctx"] };

function start(work: Work, made: NewRun, sayOfSession: () => void): Outcome {
  const { session } = work.state;
  const config = mergeConfig(session, made.config);
  if (config === null) {
    const errors = [{ path: "config.mode", message: `The mode of this session is ${session.mode}` }];
    return refuse("invalid", `Cannot start run "${made.run_id}": the mode of a session cannot change`, { errors });
  }
  const run = newRun(work, made, config);
  const nothing = { entries: new Map(), scopes: new Map(), approvals: new Map(), mailbox: [] };
  work.state = { ...work.state, run, ...nothing };
  const task_line = oneLine(taskTitle(made.task));
  setSession(work, { task_line, run_count: session.run_count + 1, activity: null, current_phase: null });
  setSession(work, { current_step: null, progress: null, cost: { ...session.cost, limit_usd: run.cost.limit_usd } });
  const ignored = made.ignored_config === undefined ? {} : { ignored_config: made.ignored_config };
  const message = `Queued: ${task_line}`;
  emit(work, "status", { message, session_id: session.session_id, ...ignored, ...cutTask(run.task) });
  emit(work, "workflow_state_changed", { subject: "run", status: "queued", previous: null });
  sayOfSession();
  emit(work, "run_queued", { position: (work.ctx.outside.queued ?? 0) + 1 });
  const { run_id, start_digest } = run;
  work.claims = { run_id: { run_id, start_digest, principal: run.created_by } };
  return cancelEarly(work, run_id) ?? runReply(work);
}

function newRun(work: Work, made: NewRun, config: RunRecord["config"]): z.infer<typeof QueuedRun> {
  const { session } = work.state;
  const limit = config["maxCostUsd"];
  const { run_id, task, start_digest, retry_of, retry_from } = made;
  return {
    run_id,
    session_id: session.session_id,
    task,
    start_digest,
    mode: session.mode,
    config,
    attempt: 0,
    created_at: work.now,
    created_by: work.principal.kind === "user" ? work.principal.id : work.principal.kind,
    cost: { ...NO_COST, limit_usd: typeof limit === "number" ? limit : null },
    ...(retry_of === undefined ? {} : { retry_of }),
    ...(retry_from === undefined ? {} : { retry_from }),
    takeovers: 0,
    executed_ms: 0,
    entries: 0,
    journal_bytes: 0,
    output_bytes: 0,
    status: "queued",
    queued_at: work.now,
    reason: "start",
  };
}

/** Obeys a cancel of the same person that was there before the run. */
function cancelEarly(work: Work, run_id: string): Outcome | null {
  const early = work.ctx.outside.early_cancel ?? null;
  if (early === null) return null;
  work.claims = { ...work.claims, drop_early_cancel: run_id };
  const mine = work.principal.kind === "user" && early.by === work.principal.id;
  if (!mine || work.ctx.now - Date.parse(early.at) > EARLY_CANCEL_MS) return null;
  return cancelRun(work, { type: "cancel_run", run_id });
}
