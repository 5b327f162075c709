// Money and tokens: counted per run and session, warned of once at 80 %, refused when used up.
//
//   B1. A budget that is used up ends no run: before the next model turn a person is asked for more (gates.ts), and a no
//       fails the turn. A budget of 0 lets models answer that cost nothing.
//   B2. A yes raises a limit as was asked, or to the sum that the person typed; never does it lower one.
import * as z from "zod";
import type { Cost, Usage } from "../../model/cost.ts";
import type { JournalEntry } from "../../model/journal.ts";
import type { Right } from "../../model/right.ts";
import type { RunRecord } from "../../model/run.ts";
import { WARN_AT } from "../limits.ts";
import { stepOfLeaf } from "../steps.ts";
import { emit, isRefusal, type Of, openRun, type Outcome, setRun, setSession, type Work } from "./work.ts";

/** One limit of a run and how much of it is used. */
export interface Budget {
  used: number;
  limit: number;
  unit: "usd" | "tokens";
}

/** A model turn has cost something. */
export function recordCost(work: Work, command: Of<"record_cost">): Outcome {
  const run = openRun(work, work.state.run?.run_id ?? "", "charge");
  if (isRefusal(run)) return run;
  const { usage, cost_usd, model, agent } = command;
  const before = budgets(run);
  const charged = { ...run, cost: add(run.cost, usage, cost_usd) };
  setRun(work, charged);
  setSession(work, { cost: { ...add(work.state.session.cost, usage, cost_usd), limit_usd: charged.cost.limit_usd } });
  const step = stepOfLeaf(work.state, command.key);
  const where = step === null ? {} : { step_id: step.step_id, attempt: step.attempt };
  emit(work, "cost_update", { model, agent, ...usage, cost_usd, total_cost_usd: charged.cost.usd, ...where });
  const after = budgets(charged);
  for (const [at, budget] of after.entries()) {
    const warn = budget.limit * WARN_AT;
    if ((before[at]?.used ?? 0) < warn && budget.used >= warn) emit(work, "budget_warning", { ...budget });
  }
  return { reply: { used_up: after.some(isUsedUp) } };
}

/** The budget of a run that is used up, or null. */
export function usedUp(run: RunRecord): Budget | null {
  return budgets(run).find(isUsedUp) ?? null;
}

/**
 * What a limit becomes when a person allows more: twice as much, and again until the next call may begin. A limit of
 * nothing becomes a dollar, or 100,000 tokens.
 */
export function raisedLimit(budget: Budget, next: number): number {
  const { unit, limit, used } = budget;
  let raised = limit > 0 ? limit * 2 : unit === "usd" ? 1 : 100_000;
  while (raised <= used || raised < used + next) raised *= 2;
  return unit === "usd" ? Math.ceil(raised * 10_000 - 1e-6) / 10_000 : Math.ceil(raised);
}

/** The least limit with which the next call may begin: whole cents, or tokens. */
export function leastLimit({ unit, used }: Budget, next: number): number {
  if (unit === "tokens") return Math.floor(used + Math.max(next, 1));
  return (Math.floor((used + next) * 100 + 1e-6) + 1) / 100;
}

/** Raises the limit that a gate asked about; one that is higher by now stays. */
export function raiseBudget(work: Work, gate: JournalEntry): void {
  const { run } = work.state;
  if (run === null || gate.right === undefined) return;
  const { unit, limit } = { ...wished(gate.right.what), ...typed(gate) };
  if ((budgets(run).find((one) => one.unit === unit)?.limit ?? Infinity) >= limit) return;
  if (unit === "tokens") return setRun(work, { ...run, config: { ...run.config, maxTokens: limit } });
  setRun(work, { ...run, cost: { ...run.cost, limit_usd: limit } });
  setSession(work, { cost: { ...work.state.session.cost, limit_usd: limit } });
}

/** The sum that the person put in the place of the one that was asked for. */
function typed(gate: JournalEntry): { limit?: number } {
  const answer = gate.status === "done" ? Typed.safeParse(gate.value) : null;
  return answer?.success ? { limit: answer.data.value.raise_to } : {};
}
const Typed = z.looseObject({ edited: z.literal(true), value: z.looseObject({ raise_to: z.number() }) });

/** Tells whether the limit was raised since it was asked about: what was asked is out of date. */
export function isRaised(run: RunRecord, right: Right): boolean {
  const { unit, limit } = wished(right.what);
  const budget = budgets(run).find((one) => one.unit === unit);
  return budget === undefined || (right.from === undefined ? budget.limit >= limit : budget.limit > right.from);
}

function wished(what: string): { unit: string; limit: number } {
  const [unit = "", to = ""] = what.split(" ");
  return { unit, limit: Number(to) };
}

/** The limits of a run with what is used of them. */
export function budgets(run: RunRecord): Budget[] {
  const { usd, limit_usd, input_tokens, output_tokens } = run.cost;
  const tokens = run.config["maxTokens"];
  const found: Budget[] = [];
  if (limit_usd !== null) found.push({ used: usd, limit: limit_usd, unit: "usd" });
  if (typeof tokens === "number") found.push({ used: input_tokens + output_tokens, limit: tokens, unit: "tokens" });
  return found;
}

function isUsedUp(budget: Budget): boolean {
  return budget.used > 0 && budget.used >= budget.limit;
}

function add(cost: Cost, usage: Usage, usd: number): Cost {
  return {
    ...cost,
    usd: cost.usd + usd,
    input_tokens: cost.input_tokens + usage.input_tokens,
    output_tokens: cost.output_tokens + usage.output_tokens,
    cached_input_tokens: cost.cached_input_tokens + usage.cached_input_tokens,
  };
}
