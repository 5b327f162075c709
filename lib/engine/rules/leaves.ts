// Leaves begin: step, model, exec and tool here, waits in waits.ts.
//
//   L1. What is finished never begins again. What was begun and not finished begins with a higher attempt.
//   L2. Only leaves outside any group are steps of their own; repeats are told for every leaf, under its step.
//   L3. What a person must allow first is asked before the begin (gates.ts); a no fails the leaf without one.
//   L4. While a pause is asked no leaf begins; without one at work that is the boundary, and the run pauses.
//   L5. In a dropped branch nothing begins, and a begin there is no fault: who had to wait could not know.
import type { OpenEntry } from "../../model/journal.ts";
import type { OpenRun } from "../../model/run.ts";
import { isDropped } from "../open.ts";
import { doing } from "./activity.ts";
import { usedUp } from "./costs.ts";
import { type Passed, passGate } from "./gates.ts";
import { addEntry, refuseEntry } from "./entries.ts";
import { ownStep, retryRef, settleLeaf } from "./leaf_ends.ts";
import { atWork, pauseNow } from "./pauses.ts";
import { beginWait } from "./waits.ts";
import { emit, isRefusal, type Of, openRun, type Outcome, refuse, setEntry, setSession, type Work } from "./work.ts";

type Begin = Of<"begin_leaf">;
type LetThrough = Extract<Passed, { go: true }>;

/** A leaf begins, for the first time or again. */
export function beginLeaf(work: Work, command: Begin): Outcome {
  const run = openRun(work, work.state.run?.run_id ?? "", "go on with");
  if (isRefusal(run)) return run;
  const known = work.state.entries.get(command.key);
  if (known !== undefined && known.status !== "open") return { same: { began: false, settled: true, n: known.n } };
  if (run.cancel !== undefined) return { same: { began: false, cancelled: true } };
  if (run.pause !== undefined) return hold(work, run);
  // The host may say a begin again that had to wait (for room, for an answer), and its branch was dropped meanwhile.
  if (isDropped(work.state, command.scope)) return { same: { began: false, dropped: true } };
  if (!mayBeginIn(work, command)) return refuse("conflict", `Cannot begin "${command.key}": its scope is not open`);
  if (known !== undefined && known.kind !== command.kind) {
    return refuse("conflict", `Cannot begin "${command.key}": it is a ${known.kind} in the journal`);
  }
  const full = known === undefined ? refuseEntry(work, run) : null;
  if (full !== null) return full;
  if (command.wait !== undefined) return beginWait(work, command, { wait: command.wait, known });
  return beginWork(work, command, { known, passed: passGate(work, run, command) });
}

/** A scope that is open; a question that was only opened in one is answered elsewhere, so it may be asked when that has ended. */
function mayBeginIn(work: Work, { scope, kind }: Begin): boolean {
  const row = work.state.scopes.get(scope);
  return row !== undefined && (row.status === "open" || kind === "ask");
}

/** Begins a leaf that is no wait, once its gate has been passed. */
function beginWork(work: Work, command: Begin, how: { known: OpenEntry | undefined; passed: Passed }): Outcome {
  const { known, passed } = how;
  if (!passed.go && "outcome" in passed) return passed.outcome;
  const run = openRun(work, work.state.run?.run_id ?? "", "go on with");
  if (isRefusal(run)) return run;
  if (!passed.go) {
    return settleLeaf(work, known ?? addEntry(work, run, command), { ok: false, failure: passed.failure });
  }
  if (command.kind === "model" && usedUp(run) !== null) {
    // The host asks for more before it says this again: only it can word the question.
    const short = { began: false, budget: true };
    return passed.waited ? { reply: short } : { same: short };
  }
  return known === undefined
    ? beginFirst(work, run, { command, passed })
    : beginAgain(work, known, { command, passed });
}

function hold(work: Work, run: OpenRun): Outcome {
  if (atWork(work)) return { same: { began: false, held: true } };
  pauseNow(work, run);
  return { reply: { began: false, paused: true } };
}

/** The digest of what a person put in the place of the arguments. */
const changedArgs = ({ args_digest }: LetThrough) => args_digest === undefined ? {} : { args_digest };

function beginFirst(work: Work, run: OpenRun, how: { command: Begin; passed: LetThrough }): Outcome {
  const entry = addEntry(work, run, how.command, changedArgs(how.passed));
  const step = ownStep(work, entry);
  if (step !== null) emit(work, "step_started", step);
  setSession(work, { activity: doing(entry.kind, entry.name) });
  return { reply: { began: true, attempt: 1, at_ms: work.ctx.now } };
}

function beginAgain(work: Work, known: OpenEntry, how: { command: Begin; passed: LetThrough }): Outcome {
  const { command, passed } = how;
  const again = { attempt: known.attempt + 1, at: work.now, digest: command.digest };
  const entry: OpenEntry = { ...known, ...again, ...changedArgs(passed) };
  setEntry(work, entry);
  const step = ownStep(work, entry);
  if (entry.failures.length > 0 && !passed.waited) {
    const max = command.policy.attempts === undefined ? {} : { max_attempts: command.policy.attempts };
    emit(work, "step_retry_started", { ...retryRef(work, entry), attempt_number: entry.failures.length + 1, ...max });
  } else if (step !== null) {
    emit(work, "step_restarted", { ...step, reason: passed.waited ? "allowed" : "interrupted" });
  }
  setSession(work, { activity: doing(entry.kind, entry.name) });
  return { reply: { began: true, attempt: entry.attempt, at_ms: work.ctx.now } };
}
