// What an agent's act leads to: code is run, a person is asked, an answer is kept.
//
//   C1. An act is told back to the agent as a sentence; only what ends the step or the run is thrown.
//   C2. Code that the task's author wrote is repeated as it is; code of an agent comes back to it with its error.
//   C3. A person's no ends the run, unless the agent can do something with the reason given.
import type { Act, CodeAct } from "../../lib/model/turn.ts";
import { type ExecResult, Failure, z } from "../sdk/mod.ts";
import type { Desk } from "./desk.ts";
import { shortened } from "./bounds.ts";

/** Characters of what a program printed that are kept for the report, and told to the agent. */
const MAX_KEPT = 16_000;
const MAX_TOLD = 8000;
const Answer = z.string().trim().min(1).max(10_000);

/** What came of the acts of one step so far. */
export interface Tally {
  printed: string;
  readonly files: Set<string>;
  /** Programs that failed. */
  failures: number;
}
/** Starts the tally of a step. */
export function newTally(): Tally {
  return { printed: "", files: new Set(), failures: 0 };
}

/** Where an act stands. */
export interface Place {
  /** Title of the step. */
  title: string;
  tally: Tally;
  /** Whether the agent can mend what failed and heed advice. */
  mends: boolean;
  /** Programs that may fail before the step does. */
  attempts: number;
}

type Doing = Exclude<Act, { kind: "done" }>;

/** Does what an agent wants done; gives what the agent is told about it. Throws Failure when the step has failed. */
export async function perform(desk: Desk, act: Doing, place: Place): Promise<string> {
  switch (act.kind) {
    case "code":
      return act.code.trim() === "" ? await write(desk, act, place) : await run(desk, act, place);
    case "approve":
      return await approve(desk, act.why, place);
    case "ask":
      return await ask(desk, act.question);
    default:
      return act satisfies never;
  }
}

async function write(desk: Desk, act: CodeAct, { tally }: Place): Promise<string> {
  const files = Object.entries(act.files ?? {});
  for (const [path, content] of files) {
    await desk.ctx.tool("files_write", { path, content });
    tally.files.add(path);
  }
  return files.length === 0
    ? "There was neither code nor a file to write."
    : `Written: ${files.map(([p]) => p).join(", ")}`;
}

/** The files that lie there before a program starts: its own, and the answers of people. */
function filesFor(desk: Desk, act: CodeAct): { files?: Record<string, string> } {
  const answers = desk.answers.size === 0
    ? {}
    : { "answers.json": JSON.stringify(Object.fromEntries(desk.answers), null, 2) + "\n" };
  const files = { ...act.files, ...answers };
  return Object.keys(files).length === 0 ? {} : { files };
}

async function run(desk: Desk, act: CodeAct, place: Place): Promise<string> {
  const { tally } = place;
  const title = (act.title ?? place.title).slice(0, 200);
  const { as_written } = act;
  const result = await desk.ctx.exec("run", {
    code: act.code,
    language: act.language,
    label: title,
    ...filesFor(desk, act),
    ...(as_written ? { attempts: as_written.attempts } : {}),
    ...(as_written?.timeout_s === undefined ? {} : { timeout_s: as_written.timeout_s }),
  });
  for (const file of result.files) tally.files.add(file);
  tally.printed = (tally.printed + result.stdout).slice(-MAX_KEPT);
  if (result.ok) return outcome("The program ran to its end.", result);
  tally.failures++;
  const how = howItEnded(result);
  const final = as_written !== undefined || !place.mends;
  if (final || tally.failures >= place.attempts) {
    const often = final || tally.failures === 1 ? "" : `, after ${tally.failures} attempts`;
    throw new Failure("step_failed", `"${title}" failed${often}: ${how}`, {
      ended: result.ended,
      exit_code: result.exit_code,
    });
  }
  return outcome(`The program failed: ${how}`, result);
}

/** One line that says why a program failed: the last thing that it said of its error. */
function howItEnded(result: ExecResult): string {
  if (result.ended !== "exit") return result.message ?? `it was ended (${result.ended})`;
  const lines = result.stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const named = lines.find((line) => /^(error: |Uncaught |thread '.*panicked|([A-Z]\w*)?(Error|Capable)\b)/.test(line));
  const error = named ?? lines.findLast((line) => !/^(at |\^+$)/.test(line)) ?? lines.at(-1);
  const code = `exit code ${result.exit_code}`;
  const how = result.message?.includes(code)
    ? result.message
    : [code, ...(result.message ? [result.message] : [])].join(", ");
  return error === undefined ? how : `${how}: ${error.slice(0, 500)}`;
}

function outcome(head: string, result: ExecResult): string {
  const part = (name: string, text: string) =>
    text.trim() === "" ? [] : [`${name}:\n${shortened(text.trimEnd(), MAX_TOLD)}`];
  const files = result.files.length === 0 ? [] : [`Files made or changed: ${result.files.join(", ")}`];
  return [head, ...part("stdout", result.stdout), ...part("stderr", result.stderr), ...files].join("\n\n");
}

async function approve(desk: Desk, why: string, place: Place): Promise<string> {
  const line = why.split("\n")[0]?.trim() || "Go on?";
  const title = shorter(line, 300);
  const answer = await desk.ctx.approve("approve", {
    type: "step_approval",
    title,
    description: why === title ? "" : why,
    subject: { step: place.title, why },
    allowed: place.mends ? ["approved", "rejected"] : ["approved"],
  });
  if (answer.verb === "approved") return answer.feedback ? `Approved: ${answer.feedback}` : "Approved.";
  if (answer.feedback) return `Not approved: ${answer.feedback}\nDo it differently, and ask again where you must.`;
  throw new Failure("rejected", `"${title}" was rejected by ${answer.by}`);
}

function shorter(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

async function ask(desk: Desk, question: string): Promise<string> {
  const answer = await desk.ctx.ask("ask", { question, answer: Answer });
  desk.answers.set(question, answer);
  return `Answer: ${answer}`;
}
