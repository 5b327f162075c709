// Leaves at work end or fail an attempt. Waits are settled by what they wait for (waits.ts).
//
//   E1. The entry is numbered in the commit that finishes it, its file events before its own; then the count of
//       takeovers without progress begins anew.
//   E2. A sandbox cannot finish a wait: no answer is forged.
//   E3. A failed attempt that will be repeated stays in the open entry; interrupted attempts are not counted.
import type { OpenEntry } from "../../model/journal.ts";
import type { Json } from "../../model/json.ts";
import { isDropped, isWait } from "../open.ts";
import type { Refusal } from "../state.ts";
import { stepOfLeaf, stepOfScope, type StepRef } from "../steps.ts";
import { oneLine } from "./activity.ts";
import { countBytes } from "./entries.ts";
import {
  emit,
  isRefusal,
  type Of,
  type Outcome,
  refuse,
  setEntry,
  setRun,
  setSession,
  takeEntryNumber,
  type Work,
} from "./work.ts";

type Result = Of<"end_leaf">["result"];

/** The sandbox, or the host for it, says how a leaf ended. */
export function endLeaf(work: Work, command: Of<"end_leaf">): Outcome {
  const entry = leafAtWork(work, command.key, "end");
  if ("same" in entry || isRefusal(entry)) return entry;
  const step = stepOfLeaf(work.state, entry.key);
  const where = step === null ? {} : { step_id: step.step_id, attempt: step.attempt };
  for (const { path: file_path, file_type, size_bytes, created } of command.files) {
    emit(work, created ? "file_created" : "file_updated", { file_path, file_type, size_bytes, ...where });
  }
  return settleLeaf(work, entry, command.result);
}

/** A failed attempt that will be repeated: the host says begin_leaf again after the back-off. */
export function retryLeaf(work: Work, command: Of<"retry_leaf">): Outcome {
  const entry = leafAtWork(work, command.key, "retry");
  if ("same" in entry || isRefusal(entry)) return entry;
  const { failure, max_attempts, backoff_s } = command;
  setEntry(work, { ...entry, failures: [...entry.failures, failure] });
  const ref = retryRef(work, entry);
  const attempt = stepOfLeaf(work.state, entry.key)?.attempt ?? entry.attempt;
  emit(work, "error", { message: failure.message, error_type: failure.code, step_id: ref.step_id, attempt });
  const attempt_number = entry.failures.length + 1;
  emit(work, "step_retry_backoff", { ...ref, attempt_number, max_attempts, backoff_seconds: backoff_s });
  const next = `Attempt ${attempt_number + 1} of ${max_attempts} in ${backoff_s} s: ${failure.message}`;
  setSession(work, { activity: oneLine(next) });
  return countBytes(work, failure) ?? { reply: { retry: true } };
}

/** Finishes a leaf that is at work. */
export function settleLeaf(work: Work, entry: OpenEntry, result: Result): Outcome {
  const n = takeEntryNumber(work);
  const { status: _status, approval_id: _approval, until: _until, ...rest } = entry;
  const finished = { ...rest, at: work.now, n };
  if (result.ok) setEntry(work, { ...finished, status: "done", value: result.value });
  else setEntry(work, { ...finished, status: "failed", failure: result.failure });
  progressed(work);
  tellEnd(work, entry, result);
  setSession(work, { activity: null });
  const pause = work.state.run?.pause === undefined ? {} : { pause: true };
  const stored = result.ok ? result.value : result.failure;
  return countBytes(work, stored) ?? { reply: { settled: true, n, ...pause } };
}

/** An entry has finished: losses before it no longer count. */
export function progressed(work: Work): void {
  const { run } = work.state;
  if (run !== null && run.takeovers > 0) setRun(work, { ...run, takeovers: 0 });
}

/** A leaf as a step of its own; null inside a group. */
export function ownStep(work: Work, entry: OpenEntry): StepRef | null {
  return stepOfScope(work.state, entry.scope) === null ? stepOfLeaf(work.state, entry.key) : null;
}

/** The step under which repeats of a leaf are told. */
export function retryRef(work: Work, entry: OpenEntry): { step_id: string; step_number: number } {
  const step = stepOfLeaf(work.state, entry.key);
  return { step_id: step?.step_id ?? entry.key, step_number: step?.step_number ?? 0 };
}

/** The open leaf that a command is about; what is settled, dropped or a wait is none. */
export function leafAtWork(work: Work, key: string, verb: string): OpenEntry | { same: Json } | Refusal {
  const entry = work.state.entries.get(key);
  if (entry === undefined) return refuse("conflict", `Cannot ${verb} "${key}": it has not begun`);
  if (entry.status !== "open") return { same: { settled: true, n: entry.n } };
  if (isWait(entry)) return refuse("conflict", `Cannot ${verb} "${key}": it is a wait`);
  return isDropped(work.state, entry.scope) ? { same: { settled: false, dropped: true } } : entry;
}

function tellEnd(work: Work, entry: OpenEntry, result: Result): void {
  const error = result.ok ? undefined : result.failure.message;
  if (entry.failures.length > 0) {
    const ref = { ...retryRef(work, entry), attempt_number: entry.failures.length + 1 };
    if (error === undefined) emit(work, "step_retry_succeeded", ref);
    else emit(work, "step_retry_exhausted", { ...ref, final_error: error });
  }
  const step = ownStep(work, entry);
  if (step === null) return;
  const duration_ms = Math.max(0, work.ctx.now - Date.parse(entry.at));
  if (error === undefined) emit(work, "step_completed", { ...step, duration_ms });
  else emit(work, "step_failed", { ...step, duration_ms, error });
}
