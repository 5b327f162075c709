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
import { Budget } from "./budget.ts";
import { runExec } from "./exec_leaf.ts";
import type { Attempt, Outcome } from "./leaf.ts";
import { runModel } from "./model_leaf.ts";
import { runTool } from "./tool_leaf.ts";
import type { Voice } from "./voice.ts";

/** What the leaves of one run rest on. */
export interface HostLeavesParts {
  readonly core: RunCore;
  readonly session_id: string;
  readonly voice: Voice;
  readonly executor: Executor;
  /** The state as the driver has seen it last. */
  state(): SessionState;
  report: Attempt["report"];
}

/** Makes the function that carries out one attempt of a leaf of the host. */
export function createHostLeaves(
  parts: HostLeavesParts,
  run: RunRecord,
): (frame: BeginFrame, entry: OpenEntry, signal: AbortSignal) => Promise<Outcome> {
  const budget = new Budget({ usd: run.cost.limit_usd, tokens: numberIn(run, "maxTokens") });
  return (frame, entry, signal) => {
    const attempt = attemptOf(parts, { run, frame, entry, signal });
    switch (frame.kind) {
      case "model":
        return runModel(modelParts(parts, budget, entry.key), frame.args, attempt);
      case "exec":
        return runExec(execParts(parts, run), frame.args, attempt);
      case "tool": {
        const { folders } = parts.core;
        return runTool(folders, parts.session_id, { args: frame.args, signal });
      }
      default:
        return Promise.reject(new TypeError(`The host carries out no ${frame.kind}`));
    }
  };
}

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

function modelParts(parts: HostLeavesParts, budget: Budget, key: string): Parameters<typeof runModel>[0] {
  const { models, clock, ids, redactor } = parts.core;
  return {
    models,
    clock,
    ids,
    redactor,
    budget,
    used: () => parts.state().run?.cost ?? NO_COST,
    record: async (cost) => void await parts.voice.say({ type: "record_cost", key, ...cost }, { urgent: false }),
  };
}

function execParts(parts: HostLeavesParts, run: RunRecord): Parameters<typeof runExec>[0] {
  const { core, executor } = parts;
  return {
    executor,
    redactor: core.redactor,
    grants: grantsIn(run),
    limits: () => limitsOf(parts.state().run ?? run, core),
    behind: core.behind,
  };
}

const numberIn = (run: RunRecord, key: string): number | null => {
  const value = run.config[key];
  return typeof value === "number" ? value : null;
};

/** The grants of a run's config, which was checked when it was made. */
function grantsIn(run: RunRecord): { read: string[]; net: string[] } {
  const grants = run.config["grants"];
  if (typeof grants !== "object" || grants === null || Array.isArray(grants)) return { read: [], net: [] };
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  return { read: texts(grants["read"]), net: texts(grants["net"]) };
}
