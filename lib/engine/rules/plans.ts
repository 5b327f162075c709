// The plan of a run: its graph, the numbers of its steps, and progress.
//
//   G1. A plan that is one (lib/model/plan.ts) gets a graph: its steps in a row. Another JSON value is only told.
//   G2. A step of the plan has its place as number; other steps outside any group are counted on.
//   G3. Progress counts steps of the plan that are completed or skipped; without a plan, branches of the open map.
import { Plan } from "../../model/plan.ts";
import type { EventData } from "../../model/event.ts";
import type { ScopeRow } from "../../model/journal.ts";
import type { NodeStatus } from "../../model/run.ts";
import { emit, setRun, setScope, setSession, type Work } from "./work.ts";

/** Tells a plan, with its revision, and makes its graph. */
export function updatePlan(work: Work, data: EventData<"plan_updated">): void {
  const { run } = work.state;
  if (run === null) return;
  const revision = (run.plan?.revision ?? 0) + 1;
  emit(work, "plan_updated", { ...data, revision });
  const parsed = Plan.safeParse(data.plan);
  if (!parsed.success) {
    setRun(work, { ...run, plan: { revision, nodes: run.plan?.nodes ?? [] } });
    return;
  }
  const known = new Map(run.plan?.nodes.map((node) => [node.id, node.status]));
  const { steps } = parsed.data;
  const nodes = steps.map((step) => ({ id: step.id, status: known.get(step.id) ?? "pending" as const }));
  setRun(work, { ...run, plan: { revision, nodes } });
  emit(work, "dag_created", {
    nodes: steps.map((step, at) => ({
      id: step.id,
      label: step.title,
      type: step.agent,
      status: nodes[at]?.status ?? "pending",
    })),
    edges: steps.slice(1).map((step, at) => ({ source: steps[at]?.id ?? "", target: step.id })),
    levels: steps.length,
  });
  const root = work.state.scopes.get("");
  if (root !== undefined && root.step_number < steps.length) setScope(work, { ...root, step_number: steps.length });
  showPlanProgress(work);
}

/** Moves a step of the plan to a status; other ids change nothing. */
export function moveNode(work: Work, id: string, change: { status: NodeStatus; error?: string | undefined }): void {
  const { run } = work.state;
  const node = run?.plan?.nodes.find((one) => one.id === id);
  if (run?.plan === undefined || node === undefined || node.status === change.status) return;
  const { status, error } = change;
  const nodes = run.plan.nodes.map((one) => one === node ? { id, status } : one);
  setRun(work, { ...run, plan: { ...run.plan, nodes } });
  const why = error === undefined ? {} : { error };
  emit(work, "dag_node_status_changed", { node_id: id, old_status: node.status, new_status: status, ...why });
  showPlanProgress(work);
}

/** The number of a step that begins: of its first attempt, of the plan, of the step around it, or the next one. */
export function takeStepNumber(work: Work, step: { step_id: string; id: string; around: number | null }): number {
  const first = work.state.scopes.get(step.step_id);
  if (first !== undefined) return first.step_number;
  if (step.around !== null) return step.around;
  const place = work.state.run?.plan?.nodes.findIndex((node) => node.id === step.id) ?? -1;
  if (place >= 0) return place + 1;
  const root = work.state.scopes.get("");
  if (root === undefined) return 0;
  setScope(work, { ...root, step_number: root.step_number + 1 });
  return root.step_number + 1;
}

/** Shows how far a map is, where there is no plan that says more. */
export function showMapProgress(work: Work, map: ScopeRow): void {
  const planned = (work.state.run?.plan?.nodes.length ?? 0) > 0;
  if (planned || map.total === undefined) return;
  setSession(work, { progress: { done: map.finished ?? 0, total: map.total, unit: "items" } });
}

function showPlanProgress(work: Work): void {
  const nodes = work.state.run?.plan?.nodes ?? [];
  const done = nodes.filter((node) => node.status === "completed" || node.status === "skipped").length;
  setSession(work, { progress: { done, total: nodes.length, unit: "steps" } });
}
