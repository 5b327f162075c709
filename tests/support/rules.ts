// The rules that tests name, and the rules that tests/SPEC lists: both read from the sources.
//
//   RT1. A test names its rules in front: "[ENG-K1] …" or "[A, B] …". Where names are made of data, the id stands as a
//        text of its own in a list ("SBX-ATT-2").
//   RT2. A rule is listed in the first cell of a row (or as **ID** of a point). The table of the design (design.md) lists
//        no rules of its own: it names the ids that hold each sentence, in its second cell.
import { readSource, sources } from "./source_tree.ts";

const ID = /^[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*$/;
const FOLDER = new URL("../SPEC/", import.meta.url);

/** An id with the files in which it stands. */
export type Places = Map<string, Set<string>>;

function add(places: Places, id: string, path: string): void {
  places.set(id, (places.get(id) ?? new Set()).add(path));
}

/** Ids that tests name, by the file of the test. */
export async function rulesOfTests(): Promise<Places> {
  const found: Places = new Map();
  for (const path of [...await sources("tests"), ...await sources("examples")]) {
    const source = await readSource(path);
    for (const [, ids = ""] of source.matchAll(/["'`]\[([A-Z][A-Za-z0-9_, -]*)\] /g)) {
      for (const id of idsIn(ids)) add(found, id, path);
    }
    // Names made of data: at least two parts or a number, so that no other word in capitals counts.
    for (const [, id = ""] of source.matchAll(/"([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+|[A-Z]{2,5}[0-9]+)"/g)) {
      if (ID.test(id)) add(found, id, path);
    }
  }
  return found;
}

/** Ids that a test has in its name itself. */
export async function namedInTests(): Promise<Places> {
  const found: Places = new Map();
  for (const path of [...await sources("tests"), ...await sources("examples")]) {
    if (path.startsWith("tests/support/")) continue;
    for (const [, ids = ""] of (await readSource(path)).matchAll(/["'`]\[([A-Z][A-Za-z0-9_, -]*)\] /g)) {
      for (const id of idsIn(ids)) add(found, id, path);
    }
  }
  return found;
}

/** Ids that tests/SPEC lists as rules, and those that design.md names. */
export async function rulesOfSpec(): Promise<{ listed: Places; design: DesignRow[] }> {
  const listed: Places = new Map();
  const design: DesignRow[] = [];
  for await (const { name, isFile } of Deno.readDir(FOLDER)) {
    if (!isFile || !name.endsWith(".md")) continue;
    const lines = (await Deno.readTextFile(new URL(name, FOLDER))).split("\n");
    for (const [at, line] of lines.entries()) {
      const cells = line.split("|").slice(1, -1).map((cell) => cell.trim());
      const [first = "", second = "", third = ""] = cells;
      if (name === "design.md") {
        if (cells.length !== 3 || first === "rule" || /^-+$/.test(first)) continue;
        design.push({
          rule: first,
          ids: idsIn(second),
          files: third.split(",").map((file) => file.trim()),
          line: at + 1,
        });
        continue;
      }
      const point = /^- \*\*([^*]+)\*\*/.exec(line)?.[1];
      for (const id of idsIn(point ?? first)) add(listed, id, `tests/SPEC/${name}:${at + 1}`);
    }
  }
  return { listed, design };
}

/** One sentence of the design with what holds it. */
export interface DesignRow {
  readonly rule: string;
  readonly ids: readonly string[];
  readonly files: readonly string[];
  readonly line: number;
}

function idsIn(text: string): string[] {
  const words = text.split(",").map((word) => word.trim().replace(/^`|`$/g, ""));
  return words.every((word) => ID.test(word)) ? words : [];
}
