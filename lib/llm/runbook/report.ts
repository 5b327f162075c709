// The runbook model's report: what each step printed and wrote, and nothing that nobody said.
import type { Json } from "../../model/json.ts";
import { StepResult } from "../../model/turn.ts";
import { NO_MODEL } from "./turns.ts";

const MAX_PRINTED = 4000;

/** A fence that no line of the text can close. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((found) => found[0].length));
  const mark = "`".repeat(longest + 1);
  return `${mark}text\n${text}\n${mark}`;
}

function printedPart(text: string): string[] {
  const trimmed = text.trimEnd();
  if (trimmed === "") return [];
  const end = trimmed.length > MAX_PRINTED ? `…\n${trimmed.slice(-MAX_PRINTED)}` : trimmed;
  return [`It printed:\n\n${fenced(end)}`];
}

function stepPart(step: StepResult, index: number): string {
  const state = step.status === "done" ? "" : ` (${step.status})`;
  const files = step.files.length > 0 ? [`It wrote ${step.files.map((f) => `\`${f}\``).join(", ")}.`] : [];
  const said = step.summary.trim() === "" ? [] : [step.summary.trim()];
  return [`## ${index + 1}. ${step.title}${state}`, ...said, ...printedPart(step.printed), ...files].join("\n\n");
}

/** Writes the report of a run from the results of its steps. */
export function report(title: string, results: readonly Json[]): string {
  const steps = results.map((value) => StepResult.safeParse(value)).filter((r) => r.success).map((r) => r.data);
  const done = steps.filter(({ status }) => status === "done").length;
  const head = `# ${title}\n\n${done} of ${steps.length} ${steps.length === 1 ? "step" : "steps"} done.`;
  const tail = `*${NO_MODEL}: this report repeats what the steps said, printed and wrote.*`;
  return [head, ...steps.map(stepPart), tail].join("\n\n");
}
