// The plan carried out: each step in its order, a person asked where the mode says so or where a step has failed.
//
//   K1. A "no" ends the run; a failed step asks for retry, skip or abort, unless nobody is to be asked.
//   K2. Whatever a person changes about a step, its id stays: blocks and results are found by it.
import { PlanStep } from "../../lib/model/plan.ts";
import { Failure } from "../sdk/mod.ts";
import type { Desk } from "./desk.ts";
import type { Again } from "./opening.ts";
import { asJson } from "./planning.ts";
import { workOn } from "./work.ts";

/** When a person is asked during control. */
export interface Control {
  /** Before every step. */
  before: boolean;
  /** After the first program that fails, not after the last attempt. */
  onError: boolean;
  /** Whether a failed step asks at all. */
  recover: boolean;
}

/** Carries out the plan of the desk. */
export async function carryOut(desk: Desk, control: Control): Promise<void> {
  for (const planned of desk.plan?.steps ?? []) {
    desk.ctx.emit("phase_change", { phase: "control", step: planned.title });
    const step = control.before || planned.asks === true ? await askBefore(desk, planned) : planned;
    if (step !== null) await carryOutStep(desk, step, control);
  }
}

/** Asks before a step; null when it is skipped. */
async function askBefore(desk: Desk, step: PlanStep): Promise<PlanStep | null> {
  const answer = await desk.ctx.approve(`before ${step.id}`, {
    type: "step_approval",
    title: `Begin "${step.title}"?`,
    description: step.description,
    subject: step,
    edit: PlanStep,
    allowed: ["approved", "modified", "skip"],
  });
  if (answer.verb !== "skip") return answer.edited ? changed(desk, step, { value: answer.value, by: answer.by }) : step;
  skip(desk, step, answer.feedback);
  return null;
}

/** A step as a person changed it, in the plan too. */
function changed(desk: Desk, step: PlanStep, to: { value: PlanStep; by: string }): PlanStep {
  const next = { ...to.value, id: step.id };
  if (desk.plan !== null) {
    desk.plan = { steps: desk.plan.steps.map((one) => one.id === step.id ? next : one) };
    desk.ctx.emit("plan_updated", { plan: asJson(desk.plan), by: to.by });
  }
  return next;
}

function skip(desk: Desk, step: PlanStep, reason: string | null): void {
  const { id, title } = step;
  desk.ctx.skip(id, title, reason ?? "");
  desk.results.push({ id, title, status: "skipped", summary: reason ?? "", printed: "", files: [] });
}

/** Failures that no retry of the step can mend, or that a person has decided. */
const FINAL = new Set(["rejected", "expired", "bad_runbook"]);

async function carryOutStep(desk: Desk, planned: PlanStep, control: Control): Promise<void> {
  let step = planned;
  let again: Again | null = null;
  const attempts = control.onError ? 1 : desk.limits.attempts;
  for (;;) {
    const now = { step, again };
    try {
      desk.results.push(
        await desk.ctx.group(step.id, step.title, () => workOn(desk, now.step, { again: now.again, attempts })),
      );
      return;
    } catch (error) {
      if (!(error instanceof Failure) || FINAL.has(error.code) || !control.recover) throw error;
      const answer = await recovery(desk, step, error);
      if (answer.verb === "abort") throw error;
      if (answer.verb === "skip") return skip(desk, step, answer.feedback);
      again = { error: error.message, feedback: answer.feedback };
      if (answer.edited) step = changed(desk, step, { value: answer.value, by: answer.by });
    }
  }
}

function recovery(desk: Desk, step: PlanStep, error: Failure) {
  return desk.ctx.approve(`failed ${step.id}`, {
    type: "error_recovery",
    title: `"${step.title.slice(0, 200)}" failed: what now?`,
    description: error.message.slice(0, 20_000),
    subject: step,
    edit: PlanStep,
    allowed: ["retry", "skip", "abort"],
  });
}
