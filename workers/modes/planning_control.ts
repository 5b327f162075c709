// planning-control: a plan is made and reviewed, a person approves it, engineer and researcher carry it out, a report ends it.
//
// Three phases: planning (a group), control (a group for each step of the plan), synthesis (a group).
import { commonConfig } from "../../lib/model/config.ts";
import { carryOut } from "../agents/control.ts";
import { finalResult } from "../agents/bounds.ts";
import { openDesk, takeStock } from "../agents/desk.ts";
import { makePlan } from "../agents/planning.ts";
import { writeReport } from "../agents/synthesis.ts";
import { defineWorkflow, z } from "../sdk/mod.ts";

const text = z.string().max(20_000).default("");

/** What planning-control can be set to. */
export const PlanningControlConfig = z.strictObject({
  approvalMode: z.enum(["after_planning", "before_each_step", "on_error", "none"]).default("after_planning").describe(
    "When a person is asked: about the plan, before each step, at the first error, or never (only where the task itself asks)",
  ),
  maxPlanSteps: z.int().min(1).max(50).default(8).describe(
    "Steps that the planner may plan; the steps of a runbook are all kept",
  ),
  nPlanReviews: z.int().min(0).max(10).default(1).describe("Reviews of the plan before a person sees it"),
  maxAttempts: z.int().min(1).max(20).default(3).describe("Programs that may fail in one step before the step fails"),
  maxRounds: z.int().min(1).max(200).default(25).describe(
    "Turns that an agent may take in one step, and rounds of planning",
  ),
  model: z.string().min(1).max(200).optional().describe("Model to ask, where it is not the server's own"),
  planInstructions: text.describe("What the planner should mind beside the task"),
  engineerInstructions: text.describe("What the engineer should mind beside the task"),
  researcherInstructions: text.describe("What the researcher should mind beside the task"),
  ...commonConfig,
});

/** planning-control: plan, approval, control, report. */
export const planningControl = defineWorkflow({
  id: "planning-control",
  label: "Plan and control",
  description:
    "A planner makes a plan, you approve it, engineer and researcher carry it out step by step, a report ends it.",
  config: PlanningControlConfig,
  asks: [
    "About the plan, before anything runs, or before each step: as chosen",
    "Before a step that says so in the plan",
    "When a step has failed: try again, skip it or stop",
    "Where the task itself says approve: or ask:, or an agent needs an answer",
  ],
  async run(ctx) {
    const { config } = ctx;
    const desk = openDesk(ctx, {
      limits: { rounds: config.maxRounds, attempts: config.maxAttempts },
      model: config.model,
      grants: config.grants,
      instructions: {
        planner: config.planInstructions,
        engineer: config.engineerInstructions,
        researcher: config.researcherInstructions,
      },
    });
    ctx.emit("phase_change", { phase: "planning" });
    desk.plan = await ctx.group("planning", "Plan", async () => {
      await takeStock(desk);
      const approval = config.approvalMode === "after_planning";
      return await makePlan(desk, { maxSteps: config.maxPlanSteps, reviews: config.nPlanReviews, approval });
    });
    await carryOut(desk, {
      before: config.approvalMode === "before_each_step",
      onError: config.approvalMode === "on_error",
      recover: config.approvalMode !== "none",
    });
    ctx.emit("phase_change", { phase: "synthesis" });
    const summary = await ctx.group("synthesis", "Report", () => writeReport(desk));
    return finalResult(summary, desk.results);
  },
});
