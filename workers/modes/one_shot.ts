// one-shot: one agent carries out the whole task at once, without plan, review or report.
//
// The parts that people see are those that the agent names: of a runbook its steps, each a group.
//   O1. A turn belongs to the part that it names; a turn of another part begins the next group.
//   O2. `> approve` and `> ask` of a runbook are always asked; nothing else is.
import { commonConfig } from "../../lib/model/config.ts";
import { newTally, type Tally } from "../agents/act.ts";
import { finalResult } from "../agents/bounds.ts";
import { type Desk, openDesk, takeStock } from "../agents/desk.ts";
import { forAlone } from "../agents/opening.ts";
import { beginTalk, type Talk } from "../agents/talk.ts";
import { doAct, resultOf, sayTurn, type Taken, takeTurn } from "../agents/work.ts";
import { defineWorkflow, Failure, z } from "../sdk/mod.ts";

/** Parts that one task may have. */
const MAX_PARTS = 50;

/** What one-shot can be set to. */
export const OneShotConfig = z.strictObject({
  model: z.string().min(1).max(200).optional().describe("Model to ask, where it is not the server's own"),
  instructions: z.string().max(20_000).default("").describe("What the agent should mind beside the task"),
  maxAttempts: z.int().min(1).max(20).default(3).describe("Programs that may fail in one part before the run fails"),
  maxRounds: z.int().min(1).max(200).default(25).describe("Turns that the agent may take in one part"),
  ...commonConfig,
});

interface Part {
  id: string;
  title: string;
}
interface Job {
  desk: Desk;
  talk: Talk;
  /** Turns so far, over all parts. */
  turns: number;
}

async function next(job: Job, tally: Tally): Promise<Taken> {
  return await takeTurn(job.desk, job.talk, { turn: job.turns++, tally });
}

/** Does the turns of one part; gives the first turn of the next one, or null when the task is done. */
async function doPart(job: Job, part: Part, first: Taken): Promise<Taken | null> {
  const { desk, talk } = job;
  const tally = newTally();
  const said: string[] = [];
  const close = () => desk.results.push(resultOf(part, tally, said.join("\n\n")));
  let taken = first;
  for (let round = 0; round < desk.limits.rounds; round++) {
    sayTurn(desk, talk, taken);
    const { act } = taken.turn;
    if (act.kind === "done") {
      said.push(act.summary);
      if (act.more !== true) {
        close();
        return null;
      }
    } else await doAct(desk, talk, { taken, act, title: part.title, tally, attempts: desk.limits.attempts });
    const following = await next(job, tally);
    // A turn that names no part goes on with this one.
    if (following.turn.step !== undefined && following.turn.step.id !== first.turn.step?.id) {
      close();
      return following;
    }
    taken = following;
  }
  throw new Failure("too_many_rounds", `"${part.title}" was not done after ${desk.limits.rounds} turns`);
}

/** The id of the next group: a part that comes back is a new part, not another attempt of the old one. */
function ownId(id: string, used: Set<string>): string {
  let own = id;
  for (let n = 2; used.has(own); n++) own = `${id.slice(0, 58)}-${n}`;
  used.add(own);
  return own;
}

/** one-shot: a task done at once by one agent. */
export const oneShot = defineWorkflow({
  id: "one-shot",
  label: "One-shot",
  description: "One agent does the whole task at once. A runbook is followed step by step as it is written.",
  config: OneShotConfig,
  asks: ["Where the task itself says approve: or ask:", "Where the agent needs an answer or a yes to go on"],
  async run(ctx) {
    const { config } = ctx;
    const desk = openDesk(ctx, {
      limits: { rounds: config.maxRounds, attempts: config.maxAttempts },
      model: config.model,
      grants: config.grants,
      instructions: { alone: config.instructions },
    });
    const used = new Set(["start"]);
    const { job, first } = await ctx.group("start", "Read the task", async () => {
      await takeStock(desk);
      const job: Job = { desk, talk: beginTalk(desk, "alone", forAlone(desk)), turns: 0 };
      return { job, first: await next(job, newTally()) };
    });
    let taken: Taken | null = first;
    for (let count = 0; taken !== null; count++) {
      if (count === MAX_PARTS) throw new Failure("too_many_parts", `The task has more than ${MAX_PARTS} parts`);
      const turn: Taken = taken;
      const part: Part = turn.turn.step ?? { id: "work", title: desk.title.slice(0, 200) };
      const own = { id: ownId(part.id, used), title: part.title };
      taken = await ctx.group(own.id, own.title, () => doPart(job, own, turn));
    }
    const { results } = desk;
    const summary = results.length === 1
      ? results[0]?.summary ?? ""
      : results.map(({ title, summary }) => `**${title}**: ${summary}`).join("\n\n");
    return finalResult(summary, results);
  },
});
