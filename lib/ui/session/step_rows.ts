// The steps of a run as rows of a tree: what came in its order, then what the plan still holds.
import type { SessionView, StepView } from "../../engine/view.ts";
import { Plan } from "../../model/plan.ts";
import type { Look } from "../words.ts";

/** A row of the tree. `step_id` is null for a question, `until` says where a running duration counts from. */
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

/** How deep a step stands: its ancestors by `parent`. */
function depthOf(step: StepView, byId: ReadonlyMap<string, StepView>): number {
  let depth = 0;
  for (let at = step.parent; at !== null && depth < 8; at = byId.get(at)?.parent ?? null) depth++;
  return depth;
}

/** Tells whether a key stands in a step: it is the step's own, or one below it, in any of its attempts. */
const inside = (key: string, step_id: string) =>
  key === step_id || key.startsWith(`${step_id}/`) || key.startsWith(`${step_id}#`);

function rowOf(view: SessionView, step: StepView, depth: number): StepRow {
  const last = step.attempts.at(-1);
  const asks = view.pending.some((one) => inside(one.step_id, step.step_id));
  const done = step.status === "completed" && step.reused ? "reused" : step.status;
  const attempts = last === undefined ? 1 : last.attempt;
  return {
    key: step.step_id,
    depth,
    name: step.name,
    look: asks ? "needs" : done,
    sub: step.status === "skipped" ? step.reason ?? "" : attempts > 1 ? `${attempts} attempts` : "",
    duration_ms: last?.duration_ms ?? null,
    started_at: last === undefined || last.ended_at !== null ? null : last.started_at,
    error: step.error,
  };
}

/** The rows of the last run of a view. */
export function stepRows(view: SessionView): StepRow[] {
  const run_id = view.runs.at(-1)?.run_id;
  const steps = view.steps.filter((step) => step.run_id === run_id);
  const byId = new Map(steps.map((step) => [step.step_id, step]));
  const rows = steps.map((step) => rowOf(view, step, depthOf(step, byId)));
  const known = new Set(steps.map((step) => step.step_id.split("/").at(-1)));
  const plan = Plan.safeParse(view.plan?.plan);
  for (const step of plan.success ? plan.data.steps : []) {
    if (known.has(step.id)) continue;
    const none = { sub: "", duration_ms: null, started_at: null, error: null };
    rows.push({ key: `plan-${step.id}`, depth: 0, name: step.title, look: "planned", ...none });
  }
  return rows;
}

/** The name of the step in which a line of output stands: the longest step whose key begins its own. */
export function stepNameOf(view: SessionView, step_id: string | null): { key: string; name: string } | null {
  if (step_id === null) return null;
  let best: { key: string; name: string } | null = null;
  for (const step of view.steps) {
    if (inside(step_id, step.step_id) && step.step_id.length > (best?.key.length ?? -1)) {
      best = { key: step.step_id, name: step.name };
    }
  }
  return best;
}
