// Editing a plan before it is approved: pure operations on a draft, what changed, and whether it can be sent.
//
//   PE1. A step keeps its id through every edit; an added one gets an id that no other step has or had.
//   PE2. `changesOf` counts each step once: added, removed, changed, or moved. Where it counts none, `diffOf` shows none.
import { Plan, PlanStep } from "../model/plan.ts";
import type { Json } from "../model/json.ts";

/** A plan being edited. */
export interface PlanDraft {
  original: readonly PlanStep[];
  steps: readonly PlanStep[];
  /** Steps that were added so far, also those that were removed again. */
  added: number;
}
/** What an edit changed. */
export interface PlanChanges {
  changed: string[];
  moved: Map<string, number>;
  added: string[];
  removed: PlanStep[];
  total: number;
}

/** Reads a plan from an approval's subject; null when it is not one, or when two of its steps have one id. */
export function draftOf(subject: Json): PlanDraft | null {
  const plan = Plan.safeParse(subject);
  if (!plan.success) return null;
  const { steps } = plan.data;
  const ids = new Set(steps.map((step) => step.id));
  return ids.size === steps.length ? { original: steps, steps, added: 0 } : null;
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
  let added = draft.added + 1;
  while (taken.has(`added-${added}`)) added++;
  const step: PlanStep = { id: `added-${added}`, title: "", description: "", agent: "researcher" };
  return { ...draft, steps: [...draft.steps, step], added };
}

/** Takes a step out. */
export function removeStep(draft: PlanDraft, id: string): PlanDraft {
  return { ...draft, steps: draft.steps.filter((step) => step.id !== id) };
}

/** Puts a removed step back as it was, behind the step that it followed (or the one before that, if it is gone too). */
export function putBack(draft: PlanDraft, id: string): PlanDraft {
  const at = draft.original.findIndex((step) => step.id === id);
  const step = draft.original[at];
  if (step === undefined || draft.steps.some((one) => one.id === id)) return draft;
  const place = new Map(draft.steps.map((one, i) => [one.id, i]));
  const before = draft.original.slice(0, at).findLast((one) => place.has(one.id));
  const steps = [...draft.steps];
  steps.splice(before === undefined ? 0 : (place.get(before.id) ?? 0) + 1, 0, step);
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
  for (const [i, step] of draft.steps.entries()) {
    if (step.title.trim() === "") return `Step ${i + 1} needs a title.`;
    const issue = PlanStep.safeParse(step).error?.issues[0];
    if (issue === undefined) continue;
    const field = issue.path.join(".");
    if (issue.code !== "too_big") return `Step ${i + 1}, ${field}: ${issue.message}.`;
    return `The ${field} of step ${i + 1} is longer than ${issue.maximum} characters.`;
  }
  const issue = Plan.safeParse({ steps: draft.steps }).error?.issues[0];
  if (issue === undefined) return null;
  return issue.code === "too_big"
    ? `A plan has at most ${issue.maximum} steps.`
    : `The plan does not fit: ${issue.message}.`;
}

/** A line of "what you send": kept, removed or added. */
export interface DiffLine {
  sign: " " | "-" | "+";
  before: number | null;
  after: number | null;
  text: string;
}

/** Lines times lines above which a difference is not looked for line by line: it would hang the page. */
const MOST_CELLS = 4_000_000;

const does = (step: PlanStep) => `${step.agent}${step.asks ? ", asks you first" : ""}`;

/** A plan as lines; who does a step is named for those of `named`. */
function linesOf(steps: readonly PlanStep[], named: (step: PlanStep) => boolean): string[] {
  return steps.flatMap((step, i) => [
    `${i + 1} ${step.title}${named(step) ? ` (${does(step)})` : ""}`,
    ...(step.description === "" ? [] : step.description.split("\n").map((line) => `  ${line}`)),
  ]);
}

/** Both plans as lines: who does a step stands there where that has changed, and where a step is new. */
function bothOf({ original, steps }: PlanDraft): [string[], string[]] {
  const before = new Map(original.map((step) => [step.id, does(step)]));
  const after = new Map(steps.map((step) => [step.id, does(step)]));
  return [
    linesOf(original, (step) => (after.get(step.id) ?? does(step)) !== does(step)),
    linesOf(steps, (step) => before.get(step.id) !== does(step)),
  ];
}

/** The difference of the two plans as lines, by a longest common subsequence. */
export function diffOf(draft: PlanDraft): DiffLine[] {
  const [a, b] = bothOf(draft);
  const least = Math.min(a.length, b.length);
  let head = 0, tail = 0;
  while (head < least && a[head] === b[head]) head++;
  while (tail < least - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const lines: DiffLine[] = [];
  let i = 0, j = 0;
  const say = (sign: DiffLine["sign"]) => {
    const text = (sign === "+" ? b[j] : a[i]) ?? "";
    lines.push({ sign, before: sign === "+" ? null : ++i, after: sign === "-" ? null : ++j, text });
  };
  while (i < head) say(" ");
  for (const sign of signsOf(a.slice(head, a.length - tail), b.slice(head, b.length - tail))) say(sign);
  while (i < a.length) say(" ");
  return lines;
}

/** The signs that lead from one list of lines to the other, removed lines first where both would do. */
function signsOf(a: readonly string[], b: readonly string[]): DiffLine["sign"][] {
  if (a.length * b.length > MOST_CELLS) return [...a.map(() => "-" as const), ...b.map(() => "+" as const)];
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
  const signs: DiffLine["sign"][] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const at = i * width + j;
    const left = i < a.length, right = j < b.length;
    if (left && right && a[i] === b[j]) signs.push(" "), i++, j++;
    else if (!right || (left && (longest[at + width] ?? 0) >= (longest[at + 1] ?? 0))) signs.push("-"), i++;
    else signs.push("+"), j++;
  }
  return signs;
}
