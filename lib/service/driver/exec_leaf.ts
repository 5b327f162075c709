// One attempt of an exec: code from outside in a process of its own, its raw output in the log as it comes.
import type { ExecArgs, ExecResult } from "../../protocol/sandbox.ts";
import type { Executor, SandboxLimits } from "../ports.ts";
import type { Redactor } from "../redact.ts";
import { type Attempt, failureOf, type Outcome, toJson } from "./leaf.ts";
import { OutputLog } from "./output.ts";

/** What every exec of a run shares. */
export interface ExecParts {
  readonly executor: Executor;
  readonly redactor: Redactor;
  readonly grants: { read: string[]; net: string[] };
  /** Limits of the next exec: what is left of the run's output counts. */
  limits(): SandboxLimits;
  /** Whether the writer is so far behind that reading should pause. */
  behind(): boolean;
}

/** Runs one attempt. What the code did is its value; rejects only with the signal's reason. */
export async function runExec(parts: ExecParts, args: ExecArgs, attempt: Attempt): Promise<Outcome> {
  const { place, signal, timeout_s } = attempt;
  const source = { run_id: place.run_id, source: args.label ?? place.name, step_id: place.step_id };
  const output = new OutputLog({ ...source, attempt: place.attempt }, parts.redactor);
  const spec = { args, limits: { ...parts.limits(), cpu_s: Math.ceil(timeout_s) }, timeout_s, grants: parts.grants };
  try {
    const result = await parts.executor.run(spec, (lines) => {
      const told = output.reports(lines).map(({ events, bytes }) => attempt.report(events, bytes));
      // The promise stops the reading of the pipe; what cannot be committed ends the run elsewhere.
      return parts.behind() ? Promise.allSettled(told).then(() => undefined) : undefined;
    }, signal);
    for (const { events, bytes } of output.end()) void attempt.report(events, bytes);
    signal.throwIfAborted();
    return outcomeOf(result, parts.redactor);
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, failure: failureOf(error) };
  }
}

function outcomeOf(result: ExecResult, redactor: Redactor): Outcome {
  const value = redactor.json(toJson(result));
  if (result.ok) return { ok: true, value };
  const message = result.message ?? `it ended with ${result.ended}, exit code ${result.exit_code}`;
  return { ok: false, failure: { code: result.ended === "exit" ? "exit" : result.ended, message }, value };
}
