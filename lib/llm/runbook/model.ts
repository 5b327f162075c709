// The built-in model: it reads the task itself, deterministically, and says so. No network, no tokens, no money.
//
// It answers to `brief`, never to `messages`: planner -> the runbook's steps; reviewer -> nothing to add; engineer and
// researcher -> the turns of a step, or of the whole runbook where no step is named; synthesis -> a report.
//   M1. A runbook that cannot be followed is refused before anything of it runs (`bad_runbook`, with the lines).
//   M2. Steps of an edited plan are found by their id; one that the runbook does not have is prose.
import { Json } from "../../model/json.ts";
import { Plan } from "../../model/plan.ts";
import { problemText, readRunbook, type Runbook } from "../../model/runbook.ts";
import { type Review, RUNBOOK_MODEL, type Turn } from "../../model/turn.ts";
import type { ModelArgs, ModelResult } from "../../protocol/sandbox.ts";
import type { Models } from "../../service/ports.ts";
import { FailureError } from "../failure.ts";
import { report } from "./report.ts";
import { allTurns, NO_MODEL, planOf, turnsOf, turnsOfAdded } from "./turns.ts";

type Brief = NonNullable<ModelArgs["brief"]>;
interface Reply {
  text: string;
  output: Plan | Turn | Review | null;
}

function read(task: string): Runbook {
  const book = readRunbook(task);
  if (book.problems.length === 0) return book;
  throw new FailureError(
    "bad_runbook",
    `Cannot follow the runbook "${book.title}":\n${problemText(book.problems)}`,
    { problems: book.problems.map(({ line, message }) => ({ line, message })) },
  );
}

/** The step as it stands in the plan, which a person may have changed. */
function plannedStep(brief: Brief, step_id: string): { title: string; description: string } {
  const plan = Plan.safeParse(brief.plan);
  const found = plan.success ? plan.data.steps.find(({ id }) => id === step_id) : undefined;
  return found ?? { title: step_id, description: "" };
}

function turnsFor(book: Runbook, brief: Brief): Turn[] {
  if (brief.step_id === undefined) return allTurns(book);
  const step = book.steps.find(({ id }) => id === brief.step_id);
  return step ? turnsOf(step, book) : turnsOfAdded(plannedStep(brief, brief.step_id));
}

function work(brief: Brief): Reply {
  const turns = turnsFor(read(brief.task), brief);
  const turn = turns[brief.turn] ?? turns.at(-1);
  if (!turn) throw new FailureError("bad_runbook", "The runbook has no steps");
  return { text: turn.say, output: turn };
}

function plan(brief: Brief): Reply {
  const book = read(brief.task);
  const many = book.steps.length === 1 ? "one step" : `${book.steps.length} steps`;
  return { text: `${NO_MODEL}: the plan is the task's own ${many}, in its order.`, output: planOf(book) };
}

function answer(args: ModelArgs): Reply {
  const { brief } = args;
  if (!brief) {
    if (args.output) throw new FailureError("no_model", `Cannot answer for "${args.agent}" (${NO_MODEL})`);
    const asked = args.messages.findLast(({ role }) => role === "user")?.content ?? "";
    return { text: `${NO_MODEL}. A model would be asked:\n\n${asked.slice(0, 4000)}`, output: null };
  }
  switch (args.agent) {
    case "planner":
      return plan(brief);
    case "reviewer": {
      const review: Review = { verdict: "nothing_to_add", remarks: "" };
      return { text: `${NO_MODEL}: nothing to add.`, output: review };
    }
    case "engineer":
    case "researcher":
      return work(brief);
    case "synthesis":
      return { text: report(readRunbook(brief.task).title, brief.results ?? []), output: null };
    default:
      throw new FailureError("no_model", `Cannot answer for the agent "${args.agent}" (${NO_MODEL})`);
  }
}

/** Makes the built-in model. */
export function createRunbookModel(): Models {
  return {
    model: RUNBOOK_MODEL,
    // deno-lint-ignore require-await -- a refusal must be a rejection, as it is with a real model
    async turn(args, sink, signal): Promise<ModelResult> {
      signal.throwIfAborted();
      const { text, output } = answer(args);
      if (text !== "" && (args.show ?? args.output === undefined)) sink.delta(text);
      return {
        text,
        calls: [],
        finish: "stop",
        output: args.output ? Json.parse(output) : null,
        usage: {
          input_tokens: 0,
          output_tokens: 0,
          cached_input_tokens: 0,
          cost_usd: 0,
          limit_tokens: null,
          model: RUNBOOK_MODEL,
        },
      };
    },
  };
}
