// A conversation with a model, and one call of an agent in it.
//
//   T1. What is sent stays under the size of a frame: long texts are cut in the middle, old turns are left out.
//   T2. Every call carries a `brief`, which the runbook model answers to; a real model reads the messages.
import type { Json } from "../../lib/model/json.ts";
import { RUNBOOK_MODEL } from "../../lib/model/turn.ts";
import type { Message, ModelArgs } from "../../lib/protocol/sandbox.ts";
import type { ModelTurn, z } from "../sdk/mod.ts";
import { jsonBytes, resultsWithin, within } from "./bounds.ts";
import type { Desk } from "./desk.ts";
import { PROMPTS } from "./prompts.ts";

/** Bytes of one message, and of a whole conversation, as JSON: with the brief they make one call of less than 1 MB. */
const MAX_MESSAGE = 130_000;
const MAX_TALK = 450_000;
/** What a call may take; the task stands in its brief whole, and what it takes is missing elsewhere. */
const MAX_CALL = 900_000;
/** Bytes of the results of all steps that a brief carries. */
const MAX_RESULTS = { summaries: 100_000, printed: 200_000, files: 50_000 };
const ALL_RESULTS = 350_000;

/** The agents. `alone` is the engineer who has no plan. */
export type Agent = keyof typeof PROMPTS;
/** A conversation: its first two messages are always sent. */
export interface Talk {
  readonly agent: Agent;
  readonly messages: Message[];
}

/** The name under which an agent speaks in the log. */
export function nameOf(agent: Agent): string {
  return agent === "alone" ? "engineer" : agent;
}

/** Begins a conversation. */
export function beginTalk(desk: Desk, agent: Agent, opening: string): Talk {
  const wish = desk.instructions[agent]?.trim();
  const system = wish
    ? `${PROMPTS[agent]}\n\nThe person who gave the task wants you to mind this:\n${wish}`
    : PROMPTS[agent];
  return { agent, messages: [{ role: "system", content: system }, { role: "user", content: opening }] };
}

/** Adds what the agent answered and what came of it. */
export function tell(talk: Talk, answer: Json | string, outcome: string): void {
  talk.messages.push(
    { role: "assistant", content: typeof answer === "string" ? answer : JSON.stringify(answer) },
    { role: "user", content: outcome },
  );
}

/** The messages that are sent: the opening and the last ones that fit, at least one answer and what came of it. */
export function fitting(talk: Talk, share = 1): Message[] {
  const cut = talk.messages.map((m) => ({ ...m, content: within(m.content, MAX_MESSAGE * share) }));
  const opening = cut.slice(0, 2);
  const rest = cut.slice(2);
  const bytes = (message: Message | undefined) => message === undefined ? 0 : jsonBytes(message.content);
  let room = MAX_TALK * share - opening.reduce((sum, message) => sum + bytes(message), 0);
  let first = rest.length;
  // Two at a time: an answer and its outcome belong together.
  while (first >= 2) {
    const size = bytes(rest[first - 1]) + bytes(rest[first - 2]);
    if (size > room && first < rest.length) break;
    room -= size;
    first -= 2;
  }
  return [...opening, ...rest.slice(first)];
}

type Brief = NonNullable<ModelArgs["brief"]>;

/** What a call is about, beside the conversation. */
export interface About {
  step_id?: string;
  turn?: number;
  attempt?: number;
}

/** What of the usual sizes remains beside a large task. */
function shareBeside(task: string): number {
  return Math.min(1, Math.max(0.1, (MAX_CALL - jsonBytes(task)) / (MAX_TALK + ALL_RESULTS)));
}

function briefOf(desk: Desk, { step_id, turn = 0, attempt = 1 }: About): Brief {
  const share = shareBeside(desk.ctx.task);
  const { summaries, printed, files } = MAX_RESULTS;
  const most = { summaries: summaries * share, printed: printed * share, files: files * share };
  const results = resultsWithin(desk.results, most);
  return {
    task: desk.ctx.task,
    turn,
    attempt,
    ...(step_id === undefined ? {} : { step_id }),
    ...(desk.answers.size > 0 ? { answers: Object.fromEntries(desk.answers) } : {}),
    ...(results.length > 0 ? { results } : {}),
    ...(desk.plan === null ? {} : { plan: JSON.parse(JSON.stringify(desk.plan)) }),
  };
}

/** Asks an agent for its next answer. */
export async function call<S extends z.ZodType = z.ZodNull>(
  desk: Desk,
  talk: Talk,
  about: About & { output?: S },
): Promise<ModelTurn<z.output<S>>> {
  const agent = nameOf(talk.agent);
  const { output, ...rest } = about;
  return await desk.ctx.model(agent, {
    agent,
    messages: fitting(talk, shareBeside(desk.ctx.task)),
    brief: briefOf(desk, rest),
    ...(output === undefined ? {} : { output }),
    ...(desk.model === null ? {} : { model: desk.model }),
  });
}

/** Whether an answer came from the built-in model, which takes no advice. */
export function isRunbook(turn: { usage: { model: string } }): boolean {
  return turn.usage.model === RUNBOOK_MODEL;
}
