// What blocks left outside: `ran.txt` in a session's folder, which no kill and no store can take back.
//
//   M1. Blocks of a lane begin in their order; one that has begun again was cut off, and nothing before it begins again.
//   M2. A block begins at most once more for each kill; of a step the file that each attempt leaves is its begin.
//   M3. Attempts never overlap: once a later one has begun, an earlier one says nothing.
//   M4. What the log called finished never begins again.
import type { Book } from "./books.ts";
import type { Known } from "./memory.ts";

/** One mark. */
export interface Mark {
  readonly what: "begin" | "end";
  readonly block: string;
  readonly id: string;
}

/** Where marks are. */
export interface MarkPlaces {
  /** Data folders of the servers. */
  readonly disks: readonly string[];
  /** A counter outside, where blocks leave their marks; else in the folder of the only disk. */
  readonly counter?: { marksOf(key: string): readonly Mark[] };
}

/** Reads the marks of a session; none where nothing has run. */
export async function readMarks(places: MarkPlaces, known: Pick<Known, "session_id" | "book">): Promise<Mark[]> {
  const { disks, counter } = places;
  const folders = disks.map((disk) => `${disk}/sessions/${known.session_id}`);
  const blocks = counter === undefined
    ? await Promise.all(folders.map(readBlockMarks))
    : [counter.marksOf(known.book.key ?? "")];
  // One file an attempt, on each disk that has a copy.
  const steps = (await Promise.all(folders.map(readStepMarks))).flat();
  const byId = new Map(steps.map((mark) => [mark.id, mark]));
  return [...blocks.flat(), ...byId.values()];
}

/** Steps leave a file for each attempt: NAMEstep-ID.txt. */
async function readStepMarks(folder: string): Promise<Mark[]> {
  const marks: Mark[] = [];
  try {
    for await (const { name } of Deno.readDir(`${folder}/marks`)) {
      const [, block, id] = /^([A-Za-z]+)-(.+)\.txt$/.exec(name) ?? [];
      if (block !== undefined && id !== undefined) marks.push({ what: "begin", block, id });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return marks;
}

/** Marks in the file of a folder. */
async function readBlockMarks(folder: string): Promise<Mark[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${folder}/ran.txt`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [what = "", block = "", id = ""] = line.split(" ");
    return { what: what as Mark["what"], block, id };
  });
}

/** Times that a block has begun. */
export function begun(marks: readonly Mark[], block: string): number {
  return marks.filter((mark) => mark.what === "begin" && mark.block === block).length;
}

/** Breaches of the rules; `losses` is how many kills can have cut a block of this session off. */
export function markBreaches(marks: readonly Mark[], book: Book, losses: number): string[] {
  const lanes = Map.groupBy(marks, ({ block }) => book.blocks.find(({ name }) => name === block)?.lane ?? "");
  return [...lanes.values()].flatMap((lane) => laneBreaches(lane, book, losses));
}

function laneBreaches(marks: readonly Mark[], book: Book, losses: number): string[] {
  const found: string[] = [];
  let at = -1;
  let current: Mark | null = null;
  for (const mark of marks) {
    const place = book.blocks.findIndex((block) => block.name === mark.block);
    if (place < 0) found.push(`a mark of an unknown block ${mark.block}`);
    if (mark.what === "begin") {
      if (place < at) found.push(`${mark.block} began again after ${book.blocks[at]?.name} had begun`);
      at = Math.max(at, place);
      current = mark;
    } else if (current?.id !== mark.id) {
      found.push(`attempt ${mark.id} of ${mark.block} ended after attempt ${current?.id} had begun`);
    }
  }
  const again = marks.filter((mark) => mark.what === "begin").length - new Set(marks.map((mark) => mark.block)).size;
  if (again > losses) found.push(`blocks began again ${again} times in ${losses} kills`);
  return found;
}
