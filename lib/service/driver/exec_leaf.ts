// One attempt of an exec: code from outside in a process of its own, its raw output in the log as it comes.
//
//   E1. Code that was stopped for want of a host or a file that a person may be asked for has not failed: the attempt ends
//       with that wish. What nobody is asked for stays denied.
//   E2. No process gets the network: the host fetches for it, from hosts that are open to this leaf, and only while it
//       holds its lease.
import type { ExecArgs, ExecResult } from "../../protocol/sandbox.ts";
import type { ExecDone, ExecSpec, Executor, Reach, SandboxLimits } from "../ports.ts";
import type { Redactor } from "../redact.ts";
import { execWish } from "./gate_asks.ts";
import { type Attempt, failureOf, type Outcome, toJson, type Wish } from "./leaf.ts";
import { OutputLog } from "./output.ts";
import type { Rights } from "./rights.ts";

/** What every exec of a run shares. */
export interface ExecParts {
  readonly executor: Executor;
  readonly redactor: Redactor;
  readonly rights: Rights;
  readonly reach: Reach;
  /** Whether this instance may execute at this moment. */
  mayExecute(): boolean;
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
  const limits = { ...parts.limits(), cpu_s: Math.ceil(timeout_s) };
  const bridge = parts.rights.anyHost(place.key) ? { bridge: bridgeOf(parts, place.key) } : {};
  const spec = { args, limits, timeout_s, grants: { read: parts.rights.reads(place.key) }, ...bridge };
  try {
    const result = await parts.executor.run(spec, (lines) => {
      const told = output.reports(lines).map(({ events, bytes }) => attempt.report(events, bytes));
      // The promise stops the reading of the pipe; what cannot be committed ends the run elsewhere.
      return parts.behind() ? Promise.allSettled(told).then(() => undefined) : undefined;
    }, signal);
    for (const { events, bytes } of output.end()) void attempt.report(events, bytes);
    signal.throwIfAborted();
    const { wants, ...done } = result;
    const outcome = outcomeOf(done, parts.redactor);
    const wish = wants === undefined ? null : await wishOf(parts, wants, { key: place.key, source: source.source });
    return wish === null || outcome.ok ? outcome : { ...outcome, wants: wish };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, failure: failureOf(error) };
  }
}

/** Most bytes of an answer that code is given. */
const MAX_BRIDGED = 5_000_000;

/** Fetches for code. */
function bridgeOf({ rights, reach, redactor, mayExecute }: ExecParts, key: string): NonNullable<ExecSpec["bridge"]> {
  const allows = rights.hostsFor(key);
  return async (order, signal) => {
    // A process that stood still finds what its code asked for meanwhile, before it finds that its lease is over: another
    // instance may be at the same block, and what is sent cannot be taken back.
    if (!mayExecute()) return { error: "Cannot fetch: this block belongs to another instance by now" };
    const { url, method, headers } = order;
    const body = order.body === undefined ? null : Uint8Array.fromBase64(order.body);
    try {
      const got = await reach.fetch({ url, method, headers, body, max_bytes: MAX_BRIDGED, allows }, signal);
      return "wants" in got ? { denied: got.wants } : { ...got, body: got.body.toBase64() };
    } catch (error) {
      return { error: redactor.text(failureOf(error).message) };
    }
  };
}

/** What a person is asked when code wants a right; null when nobody is. */
async function wishOf(
  { rights, reach }: ExecParts,
  wants: NonNullable<ExecDone["wants"]>,
  of: { key: string; source: string },
): Promise<Wish | null> {
  const { kind, what } = wants;
  const held = kind === "net" ? rights.host(of.key, what) : rights.reads(of.key).includes(what);
  if (held) return null;
  const closed = kind === "net" ? reach.mayAskHost(what) : await reach.mayAskPath(what);
  return closed === null ? execWish(wants, of.source) : null;
}

function outcomeOf(result: ExecResult, redactor: Redactor): Outcome {
  const value = redactor.json(toJson(result));
  if (result.ok) return { ok: true, value };
  const message = result.message ?? `it ended with ${result.ended}, exit code ${result.exit_code}`;
  return { ok: false, failure: { code: result.ended === "exit" ? "exit" : result.ended, message }, value };
}
