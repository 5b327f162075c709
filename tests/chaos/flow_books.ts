// Tasks for the harness's own workflows (tests/chaos/flows): branches, everything that people are asked, a model's words.
//
//   FB1. What such a run gives back follows from its book and from what people did: it is compared when it has ended.
import { type Block, block, code } from "./blocks.ts";
import type { Book } from "./books.ts";
import type { Chance } from "./chance.ts";
import type { Known } from "./memory.ts";
import { spoken } from "./speaker.ts";

/** The harness's own workflows. */
export const FLOWS = new URL("./flows", import.meta.url).pathname;
/** A file outside of every session that people may be asked for; every system has it, and it is no secret. */
export const OUTSIDE = "/etc/group";
const NAMES = ["Ada", "Bo", "Cleo", "Dan", "Eve", "Fay", "Gil", "Hal"];

/** Branches at once, some of which run a block. */
function branches(chance: Chance): Book {
  const names = NAMES.slice(0, chance.between(3, NAMES.length));
  const blocks: Block[] = names.map((name) => ({
    ...block(name, chance.between(2, 20), chance.pick([0, 3])),
    lane: name,
  }));
  // A process a branch: few of them, or the machine does nothing else.
  const running = new Set(chance.shuffled(names).slice(0, 2));
  const items = blocks.map((one) => ({ name: one.name, code: running.has(one.name) ? code(one) : null }));
  const steps = names.map((name) => ({ ...block(`${name}step`, 0, 0, name), lane: `${name}step` }));
  return {
    kind: "branches",
    task: "branches",
    config: { mode: "chaos-branches", limit: chance.pick([2, 3, 8]), items },
    blocks: [...steps, ...blocks.filter(({ name }) => running.has(name))],
    ends: "completed",
    resultBreach({ result, marks }) {
      const tokens = (result as { tokens: string[] }).tokens;
      const found = tokens.findIndex((token, i) =>
        !marks.some(({ block, id }) => block === `${names[i]}step` && id === token)
      );
      return found < 0 ? null : `gives back ${tokens[found]} of ${names[found]}, which no attempt of it made`;
    },
  };
}

/** What a talk gives back. */
interface TalkResult {
  readonly name: unknown;
  readonly plan: { steps: unknown[] };
  readonly heard: unknown[];
  readonly printed: string;
}

/** Asks for everything that people can be asked. */
function talks(chance: Chance): Book {
  const edit = chance.yes(0.5) ? { steps: ["one", "two"] } : null;
  return {
    kind: "talks",
    task: "talks",
    // Over 10 s it gives its process back.
    config: { mode: "chaos-talks", outside: OUTSIDE, nap_s: chance.yes(0.1) ? 10.5 : chance.between(1, 6) / 10 },
    blocks: [],
    ends: "completed",
    edit,
    resultBreach({ result, known }) {
      const { name, plan, heard, printed } = result as TalkResult;
      if (!printed.includes("read true")) return `read nothing outside: ${printed}`;
      if (name !== "a name") return `heard the name ${JSON.stringify(name)}`;
      if (known.edited && plan.steps.length !== 2) return `its plan was changed, and is ${JSON.stringify(plan)}`;
      return heard.length > 0 ? null : "heard no message";
    },
  };
}

/** A model speaks, a block prints. */
function speaks(chance: Chance): Book {
  const says = Array.from(
    { length: chance.between(1, 3) },
    (_, n) => `say-k${chance.between(0, 1e6)}n${n}-${chance.between(20, 150)}`,
  );
  return spokenBook("speaks", says, [block("Print", chance.between(2, 20), 2)]);
}

/** Blocks that take long enough to be seen at work, without a runbook. */
function prints(chance: Chance): Book {
  return spokenBook("long", [], [
    block("Slow", chance.between(80, 120), 30),
    block("Quick", chance.between(5, 20), 10),
  ]);
}

function spokenBook(kind: string, says: readonly string[], blocks: readonly Block[]): Book {
  return {
    kind,
    task: kind,
    config: {
      mode: "chaos-speaks",
      says: [...says],
      blocks: blocks.map((one) => ({ name: one.name, code: code(one) })),
    },
    blocks,
    ends: "completed",
    says,
    resultBreach({ result }) {
      const { said } = result as { said: string[] };
      const wrong = says.findIndex((say, i) => said[i] !== spoken(say));
      return wrong < 0 ? null : `gives back other words for ${says[wrong]}: ${said[wrong]?.slice(0, 200)}`;
    },
  };
}

/** Makers by kind. */
export const FLOW_MAKERS: Readonly<Record<string, (chance: Chance) => Book>> = { branches, talks, speaks, prints };
/** What a book's result is compared with. */
export interface ResultParts {
  readonly result: unknown;
  readonly known: Known;
  readonly marks: readonly { block: string; id: string }[];
}
