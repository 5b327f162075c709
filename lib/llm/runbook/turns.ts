// The steps of a runbook as the turns of an engineer: each block, approve and ask in its order, then done.
//
// Pure: the same runbook gives the same turns. Code is handed on as it is written, with the runbook's own attempts and
// time; a step without code says what a model would be asked.
import type { Plan, PlanStep } from "../../model/plan.ts";
import type { Runbook, RunbookItem, RunbookStep } from "../../model/runbook.ts";
import type { Act, Turn } from "../../model/turn.ts";

/** How the runbook model calls itself where a person reads it. */
export const NO_MODEL = "runbook, no model configured";

function act(item: RunbookItem, book: Runbook, title: string): Act {
  switch (item.kind) {
    case "approve":
      return { kind: "approve", why: item.why };
    case "ask":
      return { kind: "ask", question: item.question };
    case "code": {
      const { attempts, timeout } = book.front;
      return {
        kind: "code",
        code: item.code,
        language: item.language,
        title,
        ...(Object.keys(item.files).length > 0 ? { files: item.files } : {}),
        as_written: { attempts, ...(timeout === undefined ? {} : { timeout_s: timeout }) },
      };
    }
    default:
      return item satisfies never;
  }
}

function says(item: RunbookItem): string {
  switch (item.kind) {
    case "approve":
      return `The runbook asks for a yes here (line ${item.line}).`;
    case "ask":
      return `The runbook asks a person here (line ${item.line}).`;
    case "code":
      return item.code.trim() === ""
        ? `Writes the files of line ${item.line}.`
        : `Runs the block of line ${item.line} as it is written.`;
    default:
      return item satisfies never;
  }
}

/** What a step without code comes to: what a model would have been asked. */
function unanswered(step: { title: string; prose: string }): string {
  const text = step.prose === "" || step.prose === step.title ? step.title : `${step.title}\n\n${step.prose}`;
  const quoted = text.slice(0, 20_000).split("\n").map((line) => `> ${line}`.trimEnd()).join("\n");
  return `Recorded, not answered (${NO_MODEL}). A model would be asked:\n\n${quoted}`;
}

/** All turns of one step. */
export function turnsOf(step: RunbookStep, book: Runbook): Turn[] {
  const codes = step.items.filter((item) => item.kind === "code");
  const turns = step.items.map((item): Turn => {
    const n = item.kind === "code" ? codes.indexOf(item) + 1 : 0;
    const title = codes.length > 1 ? `${step.title.slice(0, 180)} (${n} of ${codes.length})` : step.title;
    return { say: says(item), act: act(item, book, title) };
  });
  const ran = codes.length === 1 ? "Its block ran." : `Its ${codes.length} blocks ran.`;
  const summary = codes.length > 0 ? ran : step.items.length > 0 ? "Answered." : unanswered(step);
  return [...turns, { say: "", act: { kind: "done", summary } }];
}

/** All turns of a whole runbook, each with its step; the last one has nothing more after it. */
export function allTurns(book: Runbook): Turn[] {
  const last = book.steps.length - 1;
  const turns = book.steps.flatMap((step, index) =>
    turnsOf(step, book).map((turn): Turn => ({
      ...turn,
      step: { id: step.id, title: step.title },
      act: turn.act.kind === "done" && index < last ? { ...turn.act, more: true } : turn.act,
    }))
  );
  const [first, ...rest] = turns;
  return first ? [{ ...first, say: `${NO_MODEL}: the steps are those of the task. ${first.say}`.trim() }, ...rest] : [];
}

/** The turns of a step that a person added to the plan: there is no block for it. */
export function turnsOfAdded(step: Pick<PlanStep, "title" | "description">): Turn[] {
  const summary = unanswered({ title: step.title, prose: step.description });
  return [{ say: "The runbook has no block for this step.", act: { kind: "done", summary } }];
}

/** The steps of a runbook as a plan: those with something to do are the engineer's, prose is the researcher's. */
export function planOf(book: Runbook): Plan {
  return {
    steps: book.steps.map((step): PlanStep => ({
      id: step.id,
      title: step.title,
      description: step.prose,
      agent: step.items.length > 0 ? "engineer" : "researcher",
    })),
  };
}
