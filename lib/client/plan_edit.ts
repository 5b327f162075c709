// Editing a plan before it is approved: pure operations on a draft, what changed, and whether it can be sent.
//
//   PE1. A step keeps its id through every edit; an added one gets an id that no other step has or had.
//   PE2. `changesOf` counts each step once: added, removed, changed, or moved.
import { Plan, type PlanStep } from "../model/plan.ts";
import type { Json } from "../model/json.ts";

/** A plan being edited. */
export interface PlanDraft {
  original: readonly PlanStep[];
  steps: readonly PlanStep[];
}
/** What an edit changed. */
export interface PlanChanges {
  changed: string[];
  moved: Map<string, number>;
  added: string[];
  removed: PlanStep[];
  total: number;
}

/** Reads a plan from an approval's subject; null when it is not one. */
export function draftOf(subject: Json): PlanDraft | null {
  const plan = Plan.safeParse(subject);
  return plan.success ? { original: plan.data.steps, steps: plan.data.steps } : null;
}

/** Changes a step in place. */
export function editStep(draft: PlanDraft, id: string, patch: Partial<Omit<PlanStep, "id">>): PlanDraft {
  return { ...draft, steps: draft.steps.map((step) => step.id === id ? { ...step, ...patch } : step) };
}

/** Moves a step up (-1) or down (+1); at the border nothing happens. */
export function moveStep(draft: PlanDraft, id: string, by: -1 | 1): PlanDraft {
  const from = draft.steps.findIndex((step) => step.id === id);
  return moveTo(draft, id, from + by);
}

/** Moves a step to a place. */
export function moveTo(draft: PlanDraft, id: string, to: number): PlanDraft {
  const from = draft.steps.findIndex((step) => step.id === id);
  const step = draft.steps[from];
  if (step === undefined || to < 0 || to >= draft.steps.length) return draft;
  const steps = draft.steps.filter((one) => one.id !== id);
  steps.splice(to, 0, step);
  return { ...draft, steps };
}

/** Adds an empty step at the end. */
export function addStep(draft: PlanDraft): PlanDraft {
  const taken = new Set([...draft.original, ...draft.steps].map((step) => step.id));
  let n = draft.steps.length + 1;
  while (taken.has(`added-${n}`)) n++;
  return { ...draft, steps: [...draft.steps, { id: `added-${n}`, title: "", description: "", agent: "researcher" }] };
}

/** Takes a step out. */
export function removeStep(draft: PlanDraft, id: string): PlanDraft {
  return { ...draft, steps: draft.steps.filter((step) => step.id !== id) };
}

/** Puts a removed step back where it stood, as it was. */
export function putBack(draft: PlanDraft, id: string): PlanDraft {
  const at = draft.original.findIndex((step) => step.id === id);
  const step = draft.original[at];
  if (step === undefined || draft.steps.some((one) => one.id === id)) return draft;
  const steps = [...draft.steps];
  steps.splice(Math.min(at, steps.length), 0, step);
  return { ...draft, steps };
}

const same = (a: PlanStep, b: PlanStep) =>
  a.title === b.title && a.description === b.description && a.agent === b.agent && a.asks === b.asks;

/** What differs from the plan that was asked. */
export function changesOf(draft: PlanDraft): PlanChanges {
  const before = new Map(draft.original.map((step) => [step.id, step]));
  const now = new Set(draft.steps.map((step) => step.id));
  const kept = draft.original.filter((step) => now.has(step.id)).map((step) => step.id);
  const added: string[] = [], changed: string[] = [];
  const moved = new Map<string, number>();
  for (const step of draft.steps) {
    const old = before.get(step.id);
    if (old === undefined) added.push(step.id);
    else if (!same(old, step)) changed.push(step.id);
  }
  const order = draft.steps.filter((step) => before.has(step.id)).map((step) => step.id);
  for (const id of movedOf(kept, order)) {
    if (!changed.includes(id)) {
      moved.set(
        id,
        draft.original.findIndex((step) => step.id === id) + 1,
      );
    }
  }
  const removed = draft.original.filter((step) => !now.has(step.id));
  return { changed, moved, added, removed, total: changed.length + moved.size + added.length + removed.length };
}

/** The fewest ids whose moving explains the new order: those outside a longest common run of both orders. */
function movedOf(before: readonly string[], after: readonly string[]): string[] {
  const places = after.map((id) => before.indexOf(id));
  const best: number[] = [], previous: number[] = [];
  let end = -1;
  places.forEach((place, i) => {
    best[i] = 1;
    previous[i] = -1;
    for (let j = 0; j < i; j++) {
      if ((places[j] ?? 0) < place && (best[j] ?? 0) + 1 > (best[i] ?? 0)) {
        best[i] = (best[j] ?? 0) + 1;
        previous[i] = j;
      }
    }
    if (end === -1 || (best[i] ?? 0) > (best[end] ?? 0)) end = i;
  });
  const still = new Set<number>();
  for (let i = end; i !== -1; i = previous[i] ?? -1) still.add(i);
  return after.filter((_, i) => !still.has(i));
}

/** What keeps the plan from being sent, naming the step; null when nothing does. */
export function complaintOf(draft: PlanDraft): string | null {
  if (draft.steps.length === 0) return "A plan needs at least one step.";
  const untitled = draft.steps.findIndex((step) => step.title.trim() === "");
  if (untitled !== -1) return `Step ${untitled + 1} needs a title.`;
  const parsed = Plan.safeParse({ steps: draft.steps });
  return parsed.success ? null : parsed.error.issues[0]?.message ?? "The plan does not fit.";
}

/** A line of "what you send": kept, removed or added. */
export interface DiffLine {
  sign: " " | "-" | "+";
  before: number | null;
  after: number | null;
  text: string;
}

const linesOf = (steps: readonly PlanStep[]): string[] =>
  steps.flatMap((step, i) => [
    `${i + 1} ${step.title}`,
    ...(step.description === "" ? [] : step.description.split("\n").map((line) => `  ${line}`)),
  ]);

/** The difference of the two plans as lines, by a longest common subsequence. */
export function diffOf(draft: PlanDraft): DiffLine[] {
  const a = linesOf(draft.original), b = linesOf(draft.steps);
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * width + j;
      longest[at] = a[i] === b[j]
        ? (longest[at + width + 1] ?? 0) + 1
        : Math.max(longest[at + width] ?? 0, longest[at + 1] ?? 0);
    }
  }
  const lines: DiffLine[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const at = i * width + j;
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ sign: " ", before: i + 1, after: j + 1, text: a[i++] ?? "" }), j++;
    } else if (j >= b.length || (i < a.length && (longest[at + width] ?? 0) >= (longest[at + 1] ?? 0))) {
      lines.push({ sign: "-", before: i + 1, after: null, text: a[i++] ?? "" });
    } else lines.push({ sign: "+", before: null, after: j + 1, text: b[j++] ?? "" });
  }
  return lines;
}
