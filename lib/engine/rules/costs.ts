// Money and tokens: counted per run and session, warned of once at 80 %, refused when used up.
//
//   B1. A budget that is used up ends no run: the next model turn fails with code `budget`, which the workflow may catch.
//       A budget of 0 lets models answer that cost nothing.
import type { FailureData } from "../../model/journal.ts";
import type { Cost, Usage } from "../../model/cost.ts";
import type { RunRecord } from "../../model/run.ts";
import { WARN_AT } from "../limits.ts";
import { stepOfLeaf } from "../steps.ts";
import { emit, isRefusal, type Of, openRun, type Outcome, setRun, setSession, type Work } from "./work.ts";

interface Budget {
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

/** Why a model turn may not begin: a budget that is used up; null when it may. */
export function refuseBudget(run: RunRecord): FailureData | null {
  const gone = budgets(run).find(isUsedUp);
  if (gone === undefined) return null;
  const { used, limit, unit } = gone;
  return { code: "budget", message: `The budget is used up: ${used} of ${limit} ${unit}`, data: { used, limit, unit } };
}

function budgets(run: RunRecord): Budget[] {
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
