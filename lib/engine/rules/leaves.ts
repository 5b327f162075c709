// Leaves begin: step, model, exec and tool here, waits in waits.ts.
//
//   L1. What is finished never begins again. What was begun and not finished begins with a higher attempt.
//   L2. Only leaves outside any group are steps of their own; repeats are told for every leaf, under its step.
//   L3. While a pause is asked no leaf begins; without one at work that is the boundary, and the run pauses.
import type { OpenEntry } from "../../model/journal.ts";
import type { OpenRun } from "../../model/run.ts";
import { isDropped } from "../open.ts";
import { doing } from "./activity.ts";
import { refuseBudget } from "./costs.ts";
import { addEntry, refuseEntry } from "./entries.ts";
import { ownStep, retryRef, settleLeaf } from "./leaf_ends.ts";
import { atWork, pauseNow } from "./pauses.ts";
import { beginWait } from "./waits.ts";
import { emit, isRefusal, type Of, openRun, type Outcome, refuse, setEntry, setSession, type Work } from "./work.ts";

/** A leaf begins, for the first time or again. */
export function beginLeaf(work: Work, command: Of<"begin_leaf">): Outcome {
  const run = openRun(work, work.state.run?.run_id ?? "", "go on with");
  if (isRefusal(run)) return run;
  const known = work.state.entries.get(command.key);
  if (known !== undefined && known.status !== "open") return { same: { began: false, settled: true, n: known.n } };
  if (run.cancel !== undefined) return { same: { began: false, cancelled: true } };
  if (run.pause !== undefined) return hold(work, run);
  const scope = work.state.scopes.get(command.scope);
  if (scope?.status !== "open" || isDropped(work.state, command.scope)) {
    return refuse("conflict", `Cannot begin "${command.key}": its scope is not open`);
  }
  if (known !== undefined && known.kind !== command.kind) {
    return refuse("conflict", `Cannot begin "${command.key}": it is a ${known.kind} in the journal`);
  }
  const full = known === undefined ? refuseEntry(work, run) : null;
  if (full !== null) return full;
  if (command.wait !== undefined) return beginWait(work, command, { wait: command.wait, known });
  return known === undefined ? beginFirst(work, run, command) : beginAgain(work, known, command);
}

function hold(work: Work, run: OpenRun): Outcome {
  if (atWork(work)) return { same: { began: false, held: true } };
  pauseNow(work, run);
  return { reply: { began: false, paused: true } };
}

function beginFirst(work: Work, run: OpenRun, command: Of<"begin_leaf">): Outcome {
  const entry = addEntry(work, run, command);
  const step = ownStep(work, entry);
  if (step !== null) emit(work, "step_started", step);
  const refused = command.kind === "model" ? refuseBudget(run) : null;
  if (refused !== null) return settleLeaf(work, entry, { ok: false, failure: refused });
  setSession(work, { activity: doing(entry.kind, entry.name) });
  return { reply: { began: true, attempt: 1, at_ms: work.ctx.now } };
}

function beginAgain(work: Work, known: OpenEntry, command: Of<"begin_leaf">): Outcome {
  const entry: OpenEntry = { ...known, attempt: known.attempt + 1, at: work.now, digest: command.digest };
  setEntry(work, entry);
  const step = ownStep(work, entry);
  if (entry.failures.length > 0) {
    const max = command.policy.attempts === undefined ? {} : { max_attempts: command.policy.attempts };
    emit(work, "step_retry_started", { ...retryRef(work, entry), attempt_number: entry.failures.length + 1, ...max });
  } else if (step !== null) {
    emit(work, "step_restarted", { ...step, reason: "interrupted" });
  }
  setSession(work, { activity: doing(entry.kind, entry.name) });
  return { reply: { began: true, attempt: entry.attempt, at_ms: work.ctx.now } };
}
