// The first message of each conversation: the task, what is known of the session, and what is wanted now.
import type { Plan, PlanStep } from "../../lib/model/plan.ts";
import type { StepResult } from "../../lib/model/turn.ts";
import type { Desk } from "./desk.ts";
import { shortened } from "./bounds.ts";

const MAX_TASK = 60_000;
const MAX_HISTORY = 12_000;
const MAX_RESULT = 6000;

function section(title: string, text: string): string[] {
  return text.trim() === "" ? [] : [`# ${title}\n\n${text.trim()}`];
}

function history(desk: Desk): string {
  const said = desk.ctx.history.slice(-20).map(({ role, agent, content }) => {
    const who = role === "user" ? "user" : agent || role;
    return `${who}: ${shortened(content, 2000)}`;
  });
  return shortened(said.join("\n\n"), MAX_HISTORY);
}

/** A plan as a numbered list. */
export function planText(plan: Plan): string {
  return plan.steps.map((step, i) => {
    const text = step.description.trim() === "" ? "" : `\n   ${step.description.trim().replaceAll("\n", "\n   ")}`;
    return `${i + 1}. **${step.title}** (${step.agent}${step.asks ? ", asks before" : ""})${text}`;
  }).join("\n");
}

function resultText(result: StepResult): string {
  const parts = [
    `## ${result.title} (${result.status})`,
    result.summary,
    result.printed.trim() === "" ? "" : `Printed:\n${shortened(result.printed.trim(), MAX_RESULT)}`,
    result.files.length === 0 ? "" : `Files: ${result.files.join(", ")}`,
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** What every agent is told of the run. */
function common(desk: Desk): string[] {
  const { ctx } = desk;
  const answers = [...desk.answers].map(([question, answer]) => `${question}\n${answer}`).join("\n\n");
  return [
    ...section("Earlier in this session", history(desk)),
    ...section("Task", shortened(ctx.task, MAX_TASK)),
    ...section("Files in the folder", desk.files.slice(0, 200).join("\n")),
    ...section("Answers of people", answers),
  ];
}

/** Opens the planner's conversation. */
export function forPlanner(desk: Desk, maxSteps: number): string {
  return [...common(desk), `Make the plan, of at most ${maxSteps} steps.`].join("\n\n");
}

/** Opens the reviewer's conversation. */
export function forReviewer(desk: Desk, plan: Plan): string {
  return [...common(desk), ...section("The plan", planText(plan)), "Review the plan."].join("\n\n");
}

/** What a person, or an earlier attempt, says about a step that is done again. */
export interface Again {
  error: string;
  feedback: string | null;
}

/** Opens the conversation about one step. */
export function forStep(desk: Desk, step: PlanStep, again: Again | null): string {
  const wish = again?.feedback ? `\nThe person who looked at it says: ${again.feedback}` : "";
  return [
    ...common(desk),
    ...section("The plan", desk.plan === null ? "" : planText(desk.plan)),
    ...section("What was done so far", desk.results.map(resultText).join("\n\n")),
    ...section("An earlier attempt of this step failed", again === null ? "" : `${again.error}${wish}`),
    `Carry out this step now: **${step.title}**\n${step.description}`.trim(),
  ].join("\n\n");
}

/** Opens the conversation of the engineer who has no plan. */
export function forAlone(desk: Desk): string {
  return [...common(desk), "Carry out the task now."].join("\n\n");
}

/** Opens the synthesis. */
export function forSynthesis(desk: Desk): string {
  return [
    ...common(desk),
    ...section("What each step said, printed and wrote", desk.results.map(resultText).join("\n\n")),
    ...section("All files", filesText(desk)),
    "Write the report.",
  ].join("\n\n");
}

function filesText(desk: Desk): string {
  return [...new Set(desk.results.flatMap(({ files }) => files))].sort().join("\n");
}
