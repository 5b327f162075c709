// Carries out the leaves of the host for one run: which port serves which kind, under which limits.
import type { SessionState } from "../../engine/state.ts";
import { stepOfLeaf } from "../../engine/steps.ts";
import { NO_COST } from "../../model/cost.ts";
import type { OpenEntry } from "../../model/journal.ts";
import type { RunRecord } from "../../model/run.ts";
import type { BeginFrame } from "../../protocol/sandbox.ts";
import type { RunCore } from "../core.ts";
import { limitsOf, timeLeftMs } from "../limits.ts";
import type { Executor } from "../ports.ts";
import { Budget, type Spend } from "./budget.ts";
import { runExec } from "./exec_leaf.ts";
import { runFetch } from "./fetch_leaf.ts";
import { budgetWish } from "./gate_asks.ts";
import { type Attempt, type Outcome, toJson } from "./leaf.ts";
import type { Grants, Rights } from "./rights.ts";
import { runModel } from "./model_leaf.ts";
import { runTool } from "./tool_leaf.ts";
import type { Voice } from "./voice.ts";

/** What the leaves of one run rest on. */
export interface HostLeavesParts {
  readonly core: RunCore;
  readonly session_id: string;
  readonly voice: Voice;
  readonly executor: Executor;
  readonly rights: Rights;
  /** The state as the driver has seen it last. */
  state(): SessionState;
  report: Attempt["report"];
}
/** The leaves that the host carries out. */
export interface HostLeaves {
  /** Carries out one attempt. */
  attempt(frame: BeginFrame, entry: OpenEntry, signal: AbortSignal): Promise<Outcome>;
  /** What one more call of a model may take. */
  readonly next: Spend;
}

/** Makes what carries out the leaves of a run. */
export function createHostLeaves(parts: HostLeavesParts, started: RunRecord): HostLeaves {
  const now = () => parts.state().run ?? started;
  const budget = new Budget(() => ({ usd: now().cost.limit_usd, tokens: numberIn(now(), "maxTokens") }));
  return {
    get next() {
      return budget.next;
    },
    attempt(frame, entry, signal) {
      const attempt = attemptOf(parts, { run: started, frame, entry, signal });
      switch (frame.kind) {
        case "model":
          return runModel(modelParts(parts, { budget, key: entry.key, now }), frame.args, attempt);
        case "exec":
          return fetched(parts, () => runExec(execParts(parts, started), frame.args, attempt));
        case "tool":
          return fetched(parts, () => runToolLeaf(parts, frame, attempt));
        default:
          return Promise.reject(new TypeError(`The host carries out no ${frame.kind}`));
      }
    },
  };
}

/** A leaf that may use files sees what people uploaded on other instances meanwhile. */
async function fetched(parts: HostLeavesParts, work: () => Promise<Outcome>): Promise<Outcome> {
  await parts.core.shared?.fetch(parts.session_id);
  return await work();
}

/** A tool with the arguments that count: a person may have changed them. */
async function runToolLeaf(parts: HostLeavesParts, frame: ToolFrame, attempt: Attempt): Promise<Outcome> {
  const { core, rights, session_id } = parts;
  let given: Awaited<ReturnType<Rights["argsOf"]>>;
  try {
    given = await rights.argsOf(frame.key, frame.args);
  } catch (error) {
    attempt.signal.throwIfAborted();
    return {
      ok: false,
      failure: { code: "bad_args", message: `What stands for the arguments does not fit: ${error}` },
    };
  }
  const { args, allowed: open } = given;
  const { timeout_s } = frame.policy;
  const outcome = args.tool === "fetch"
    ? await runFetch(
      { rights, reach: core.reach, folders: core.folders, clock: core.clock },
      { args, open, timeout_s },
      attempt,
    )
    : await runTool(core.folders, session_id, { args, signal: attempt.signal });
  if (!outcome.ok || frame.with_args !== true) return outcome;
  const { tool: _tool, ...told } = args;
  return { ok: true, value: { value: outcome.value, args: toJson(told) } };
}
type ToolFrame = Extract<BeginFrame, { kind: "tool" }>;

function attemptOf(
  parts: HostLeavesParts,
  of: { run: RunRecord; frame: BeginFrame; entry: OpenEntry; signal: AbortSignal },
): Attempt {
  const { entry, frame, signal } = of;
  const state = parts.state();
  const left_s = Math.max(1, Math.ceil(timeLeftMs(state.run ?? of.run, parts.core) / 1000));
  const step = stepOfLeaf(state, entry.key);
  return {
    place: {
      session_id: parts.session_id,
      run_id: of.run.run_id,
      key: entry.key,
      name: entry.name,
      step_id: step?.step_id ?? entry.key,
      attempt: step?.attempt ?? entry.attempt,
    },
    signal,
    timeout_s: Math.min(frame.policy.timeout_s ?? left_s, left_s),
    report: parts.report,
  };
}

function modelParts(
  parts: HostLeavesParts,
  of: { budget: Budget; key: string; now: () => RunRecord },
): Parameters<typeof runModel>[0] {
  const { models, clock, ids, redactor } = parts.core;
  const { budget, key, now } = of;
  return {
    models,
    clock,
    ids,
    redactor,
    budget,
    wish: (next) => budgetWish(now(), next),
    used: () => parts.state().run?.cost ?? NO_COST,
    record: async (cost) => void await parts.voice.say({ type: "record_cost", key, ...cost }, { urgent: false }),
  };
}

function execParts(parts: HostLeavesParts, run: RunRecord): Parameters<typeof runExec>[0] {
  const { core, executor, rights } = parts;
  return {
    executor,
    redactor: core.redactor,
    rights,
    reach: core.reach,
    limits: () => limitsOf(parts.state().run ?? run, core),
    behind: core.behind,
    mayExecute: core.mayExecute,
  };
}

const numberIn = (run: RunRecord, key: string): number | null => {
  const value = run.config[key];
  return typeof value === "number" ? value : null;
};

/** The grants of a run's config, which was checked when it was made. */
export function grantsIn(run: RunRecord): Grants {
  const grants = run.config["grants"];
  if (typeof grants !== "object" || grants === null || Array.isArray(grants)) return { read: [], net: [] };
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  return { read: texts(grants["read"]), net: texts(grants["net"]) };
}
