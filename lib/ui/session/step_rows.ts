// The steps of a run as rows of a tree: what came, each below its parent, then what the plan still holds.
//
//   TR1. Every step of the last run is one row; a step stands behind its parent and one deeper, brothers in their order.
//   TR2. A step of the plan that has not begun is planned; one that has begun is not shown twice.
//   TR4. While a run is paused no step of it is shown as running, and no time goes on.
import type { SessionView, StepView } from "../../engine/view.ts";
import { Plan } from "../../model/plan.ts";
import type { Look } from "../words.ts";

/** A row of the tree. `key` is the step's id; `started_at` is where the duration of what runs counts from. */
export interface StepRow {
  key: string;
  depth: number;
  name: string;
  look: Look;
  sub: string;
  duration_ms: number | null;
  started_at: string | null;
  error: string | null;
}

/** The steps with their depth, parents first; a step whose parent is not there stands at the top. */
function inTree(steps: readonly StepView[]): { step: StepView; depth: number }[] {
  const known = new Set(steps.map((step) => step.step_id));
  const below = Map.groupBy(steps, ({ parent }) => parent !== null && known.has(parent) ? parent : null);
  const rows: { step: StepView; depth: number }[] = [];
  const put = (parent: string | null, depth: number) => {
    for (const step of below.get(parent) ?? []) {
      rows.push({ step, depth });
      put(step.step_id, depth + 1);
    }
  };
  put(null, 0);
  return rows;
}

/** Tells whether a key stands in a step: it is the step's own, or one below it, in any of its attempts. */
const inside = (key: string, step_id: string) =>
  key === step_id || key.startsWith(`${step_id}/`) || key.startsWith(`${step_id}#`);

/** How a step is shown that asks nothing. */
export const lookOfStep = ({ status, reused }: StepView): Look => status === "completed" && reused ? "reused" : status;

function rowOf(view: SessionView, step: StepView, depth: number): StepRow {
  const last = step.attempts.at(-1);
  const asks = view.pending.some((one) => one.run_id === step.run_id && inside(one.step_id, step.step_id));
  const attempts = last === undefined ? 1 : last.attempt;
  const look = asks ? "needs" : lookOfStep(step);
  // A step that is at work in a run that is not goes on where it stands.
  const paused = look === "running" && view.runs.find((run) => run.run_id === step.run_id)?.status === "paused";
  return {
    key: step.step_id,
    depth,
    name: step.name,
    look: paused ? "paused" : look,
    sub: step.status === "skipped" ? step.reason ?? "" : attempts > 1 ? `${attempts} attempts` : "",
    duration_ms: last?.duration_ms ?? null,
    started_at: last === undefined || last.ended_at !== null || paused ? null : last.started_at,
    error: step.error,
  };
}

/** The rows of the last run of a view. */
export function stepRows(view: SessionView): StepRow[] {
  const run_id = view.runs.at(-1)?.run_id;
  const steps = view.steps.filter((step) => step.run_id === run_id);
  const rows = inTree(steps).map(({ step, depth }) => rowOf(view, step, depth));
  const known = new Set(steps.map((step) => step.step_id.split("/").at(-1)));
  const plan = Plan.safeParse(view.plan?.plan);
  for (const step of plan.success ? plan.data.steps : []) {
    if (known.has(step.id)) continue;
    const none = { sub: "", duration_ms: null, started_at: null, error: null };
    rows.push({ key: `plan-${step.id}`, depth: 0, name: step.title, look: "planned", ...none });
  }
  return rows;
}

/** The step in which a line of output stands: of its own run, the longest whose key begins the line's own. */
export function stepOfLine(
  view: SessionView,
  line: { run_id: string | null; step_id: string | null },
): StepView | null {
  if (line.step_id === null) return null;
  let best: StepView | null = null;
  for (const step of view.steps) {
    if (step.run_id !== line.run_id || !inside(line.step_id, step.step_id)) continue;
    if (step.step_id.length > (best?.step_id.length ?? -1)) best = step;
  }
  return best;
}
