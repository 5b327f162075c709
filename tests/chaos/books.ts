// Tasks that the harness runs: real runbooks whose blocks leave marks where no kill can take them back.
//
//   B1. Each block appends `begin` and `end` with an id of its attempt to `ran.txt` in the session's folder, at once.
//   B2. Each line that a block prints names its block, its attempt and its number: a line that is missing, doubled or out
//       of order shows in the log.
//   B3. Every text that an agent says is unique in its book: said twice is seen.
import type { Json, JsonObject } from "@/lib/model/json.ts";
import { type Block, block, code, counted } from "./blocks.ts";
import type { Chance } from "./chance.ts";
import { FLOW_MAKERS, type ResultParts } from "./flow_books.ts";

/** What a book asks of people, in its order. */
export type Question = "approve" | "ask" | "plan";
/** A task with what is known of it before it runs. */
export interface Book {
  readonly kind: string;
  /** By what a counter outside knows its marks; without one they lie in the session's folder. */
  readonly key?: string;
  readonly task: string;
  readonly config: JsonObject;
  /** Names of its blocks in their order; each in a step of that name, or in the step before it (`inside`). */
  readonly blocks: readonly Block[];
  /** How its run ends when nobody says no. */
  readonly ends: "completed" | "failed";
  /** What a person makes of a plan that may be changed. */
  readonly edit?: JsonObject | null;
  /** What a model is asked to say, of which deltas are seen. */
  readonly says?: readonly string[];
  /** What is wrong with the result of a completed run. */
  resultBreach?(parts: ResultParts): string | null;
}
const fence = (text: string) => `\n\`\`\`ts\n${text}\`\`\`\n`;
/** Steps that print a stream of lines. */
function streams(chance: Chance): Book {
  const blocks = ["Alpha", "Beta", "Gamma", "Delta"].slice(0, chance.between(2, 4))
    .map((name) => block(name, chance.between(5, 40), chance.pick([0, 2, 12])));
  const task = `# Streams\n${blocks.map((one) => `\n## ${one.name}\n${fence(code(one))}`).join("")}`;
  return { kind: "streams", task, config: { mode: "one-shot" }, blocks, ends: "completed" };
}

/** Blocks that take long enough to be seen at work when their sandbox goes. */
function long(chance: Chance): Book {
  const blocks = [block("Slow", chance.between(80, 120), 30), block("Quick", chance.between(5, 20), 10)];
  const task = `# Long\n${blocks.map((one) => `\n## ${one.name}\n${fence(code(one))}`).join("")}`;
  return { kind: "long", task, config: { mode: "one-shot" }, blocks, ends: "completed" };
}

/** More lines than a view is folded from at once, without a pause. */
function floods(chance: Chance): Book {
  const blocks = [block("Flood", chance.between(1100, 2500), 0), block("Ebb", 3, 0)];
  const task = `# Floods\n${blocks.map((one) => `\n## ${one.name}\n${fence(code(one))}`).join("")}`;
  return { kind: "floods", task, config: { mode: "one-shot" }, blocks, ends: "completed" };
}

/** Steps that ask people, before and between their blocks. */
function gates(chance: Chance): Book {
  const [one, two, three] = [
    block("Before", chance.between(1, 10), 2),
    block("Inside", 5, 2, "Middle"),
    block("After", 3, 0),
  ];
  const task = `# Gates

## Before
${fence(code(one))}
> approve: Shall the middle be done?

## Middle
${fence(code(two))}
> ask: What is it called?
${fence(`console.log("answers", await Deno.readTextFile("answers.json"));\n`)}
## After
${fence(code(three))}`;
  return { kind: "gates", task, config: { mode: "one-shot" }, blocks: [one, two, three], ends: "completed" };
}

/** A plan that people approve before it is carried out. */
function plan(chance: Chance): Book {
  const blocks = ["First", "Second", "Third"].slice(0, chance.between(1, 3)).map((name) =>
    block(name, chance.between(2, 15), 2)
  );
  const task = `# A plan\n${blocks.map((one) => `\n## ${one.name}\n${fence(code(one))}`).join("")}`;
  const approvalMode = chance.pick(["after_planning", "before_each_step", "none"]);
  return {
    kind: "plan",
    task,
    config: { mode: "planning-control", approvalMode, nPlanReviews: 0 },
    blocks,
    ends: "completed",
  };
}

/** Writes files, one of them large, and lines that fill more than one chunk. */
function files(chance: Chance): Book {
  const blocks = [block("Write", 30, 0), block("Read", 3, 2)];
  const size = chance.between(10, 300);
  const write = `for (let i = 0; i < 5; i++) await Deno.writeTextFile(\`file-\${i}.txt\`, "x".repeat(${size * 100}));
for (let i = 0; i < 40; i++) console.log("Wide", id, i, "y".repeat(${chance.between(500, 3000)}));
`;
  const task = `# Files

## Write
${fence(code(blocks[0] as Block, write))}
## Read
${fence(code(blocks[1] as Block, `console.log((await Deno.readTextFile("file-4.txt")).length);\n`))}`;
  return { kind: "files", task, config: { mode: "one-shot" }, blocks, ends: "completed" };
}

/** Fails in its second step. */
function fails(chance: Chance): Book {
  const blocks = [block("Well", chance.between(1, 10), 1), block("Bad", 2, 1)];
  const task = `# Fails

## Well
${fence(code(blocks[0] as Block))}
## Bad
${fence(code(blocks[1] as Block, `await mark("end"); throw new Error("the table is empty");\n`))}`;
  return { kind: "fails", task, config: { mode: "one-shot" }, blocks, ends: "failed" };
}

const MAKERS: Readonly<Record<string, (chance: Chance) => Book>> = {
  ...{ streams, gates, plan, files, fails, long, floods },
  ...FLOW_MAKERS,
};
const RUNBOOKS = ["streams", "gates", "plan", "files", "streams", "gates", "fails", "floods"];

/** Kinds of books: those that are written for nothing in particular, those that ask, those that take long. */
export interface Shelf {
  readonly any: readonly string[];
  readonly questions: readonly string[];
  readonly long: readonly string[];
}
/** Without a model service: runbooks, and workflows that ask no model. */
export const RUNBOOK_SHELF: Shelf = {
  any: [...RUNBOOKS, "branches", "branches", "talks"],
  questions: ["gates", "plan", "talks"],
  long: ["long"],
};
/** With one: runbooks would be asked of it too. */
export const MODEL_SHELF: Shelf = {
  any: ["branches", "talks", "speaks", "speaks"],
  questions: ["talks"],
  long: ["prints"],
};

/** Makes a book of a kind. */
export function makeBook(kind: string, chance: Chance): Book {
  const make = MAKERS[kind];
  if (make === undefined) throw new RangeError(`There is no book "${kind}"`);
  return make(chance);
}

/** A book whose blocks leave their marks at a counter. */
export function countedBook(book: Book, counter: { url: string; host: string; key: string }): Book {
  const { url, host, key } = counter;
  const change = (value: Json): Json => {
    if (typeof value === "string") return counted(value, `${url}/${key}`);
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, change(one)]));
  };
  const config = { ...change(book.config) as JsonObject, grants: { net: [host] } };
  return { ...book, key, task: counted(book.task, `${url}/${key}`), config };
}
