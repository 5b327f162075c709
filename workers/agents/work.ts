// One step carried out by an engineer or a researcher: turn after turn until it is done.
//
//   W1. An agent has at most `rounds` turns in a step, and at most `attempts` of its programs may fail.
//   W2. What an agent says and does stands in the log before the next thing happens.
import type { PlanStep } from "../../lib/model/plan.ts";
import { type Act, type StepResult, Turn } from "../../lib/model/turn.ts";
import { Failure } from "../sdk/mod.ts";
import { newTally, perform, type Tally } from "./act.ts";
import type { Desk } from "./desk.ts";
import { type Again, forStep } from "./opening.ts";
import { shortened } from "./bounds.ts";
import { type Agent, beginTalk, call, isRunbook, nameOf, type Talk, tell } from "./talk.ts";

/** Characters of code that are shown with what an agent says. */
const MAX_SHOWN = 8000;

/** An agent's turn, and whether the agent can mend and heed. */
export interface Taken {
  turn: Turn;
  mends: boolean;
}

/** Asks for the next turn. */
export async function takeTurn(
  desk: Desk,
  talk: Talk,
  about: { step_id?: string; turn: number; tally: Tally },
): Promise<Taken> {
  const { tally, ...rest } = about;
  const answer = await call(desk, talk, { ...rest, attempt: tally.failures + 1, output: Turn });
  return { turn: answer.output, mends: !isRunbook(answer) };
}

/** Says a turn in the log, in the step to which it belongs. */
export function sayTurn(desk: Desk, talk: Talk, { turn }: Taken): void {
  const message = shown(turn);
  if (message !== "") desk.ctx.emit("agent_message", { agent: nameOf(talk.agent), message });
}

/** What people read of a turn. */
function shown({ say, act }: Turn): string {
  const parts = [say.trim()];
  if (act.kind === "code" && act.code.trim() !== "") {
    const mark = "`".repeat(Math.max(3, longestTicks(act.code) + 1));
    parts.push(`${mark}${act.language}\n${shortened(act.code, MAX_SHOWN)}\n${mark}`);
  } else if (act.kind === "done") parts.push(act.summary.trim());
  return parts.filter((part) => part !== "").join("\n\n");
}

function longestTicks(text: string): number {
  let longest = 0;
  for (const found of text.matchAll(/`+/g)) longest = Math.max(longest, found[0].length);
  return longest;
}

/** Makes the result of a step that is done. */
export function resultOf(step: { id: string; title: string }, tally: Tally, summary: string): StepResult {
  const { id, title } = step;
  return { id, title, status: "done", summary, printed: tally.printed, files: [...tally.files].sort() };
}

/** Does one act and tells the agent. */
export async function doAct(
  desk: Desk,
  talk: Talk,
  what: { taken: Taken; act: Exclude<Act, { kind: "done" }>; title: string; tally: Tally; attempts: number },
): Promise<void> {
  const { taken, act, title, tally, attempts } = what;
  const told = await perform(desk, act, { title, tally, mends: taken.mends, attempts });
  tell(talk, JSON.stringify(taken.turn), told);
}

/** Carries out one step of the plan. Throws Failure `step_failed`, `rejected`, `too_many_rounds`. */
export async function workOn(
  desk: Desk,
  step: PlanStep,
  options: { again: Again | null; attempts: number },
): Promise<StepResult> {
  const agent: Agent = step.agent;
  const talk = beginTalk(desk, agent, forStep(desk, step, options.again));
  const tally = newTally();
  for (let turn = 0; turn < desk.limits.rounds; turn++) {
    const taken = await takeTurn(desk, talk, { step_id: step.id, turn, tally });
    sayTurn(desk, talk, taken);
    const { act } = taken.turn;
    if (act.kind === "done") return resultOf(step, tally, act.summary);
    await doAct(desk, talk, { taken, act, title: step.title, tally, attempts: options.attempts });
  }
  throw new Failure(
    "too_many_rounds",
    `"${step.title}" was not done after ${desk.limits.rounds} turns of the ${agent}`,
  );
}
