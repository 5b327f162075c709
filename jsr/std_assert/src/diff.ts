// Turns two values into the text of a failed comparison: each printed over many lines, then the
// lines of both merged, with `-` for what only the actual value has and `+` for what only the
// expected one has.
//
// Long runs of equal lines are folded, so that one wrong field in a big record stays readable.

import { AssertionError, withNote } from "./assertion_error.ts";

type Line = { sign: " " | "-" | "+"; text: string };

const CONTEXT = 5;
// The table of the longest common subsequence has one cell for each pair of lines.
const MAX_CELLS = 4_000_000;

/** Prints a value completely, with sorted keys, one entry on a line. */
export function format(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    strAbbreviateSize: Infinity,
    getters: true,
  });
}

/** Makes the error of a comparison that failed, with the differing lines marked. */
export function differenceError(actual: unknown, expected: unknown, options: { title: string; note?: string }) {
  const texts = typeof actual === "string" && typeof expected === "string";
  const show = (value: unknown) => texts && isLong(actual, expected) ? String(value) : format(value);
  const lines = merge(show(actual).split("\n"), show(expected).split("\n"));
  const body = fold(lines).map(paint).join("\n");
  const title = withNote(options.title, options.note);
  return new AssertionError(`${title}\n\n    [Diff] - Actual / + Expected\n\n${body}\n`);
}

function isLong(actual: string, expected: string): boolean {
  return actual.includes("\n") || expected.includes("\n");
}

function merge(actual: string[], expected: string[]): Line[] {
  let start = 0;
  while (start < actual.length && start < expected.length && actual[start] === expected[start]) start++;
  let end = 0;
  const most = Math.min(actual.length, expected.length) - start;
  while (end < most && actual[actual.length - 1 - end] === expected[expected.length - 1 - end]) end++;
  const before = actual.slice(0, start).map(kept);
  const after = end === 0 ? [] : actual.slice(-end).map(kept);
  const middle = changes(actual.slice(start, actual.length - end), expected.slice(start, expected.length - end));
  return [...before, ...middle, ...after];
}

function kept(text: string): Line {
  return { sign: " ", text };
}

function changes(actual: string[], expected: string[]): Line[] {
  const minus = (text: string): Line => ({ sign: "-", text });
  const plus = (text: string): Line => ({ sign: "+", text });
  if (actual.length * expected.length > MAX_CELLS) {
    return [...actual.map(minus), ...expected.map(plus)];
  }
  const common = commonLengths(actual, expected);
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < actual.length || j < expected.length) {
    const a = actual[i];
    const b = expected[j];
    if (a !== undefined && a === b) {
      lines.push(kept(a));
      i++;
      j++;
    } else if (a !== undefined && (b === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(minus(a));
      i++;
    } else if (b !== undefined) {
      lines.push(plus(b));
      j++;
    }
  }
  return lines;
}

// Cell (i, j) is the length of the longest common subsequence of the lines from i and from j on.
function commonLengths(actual: string[], expected: string[]): Uint32Array[] {
  const rows = Array.from({ length: actual.length + 1 }, () => new Uint32Array(expected.length + 1));
  for (let i = actual.length - 1; i >= 0; i--) {
    const row = rows[i] ?? new Uint32Array(0);
    const below = rows[i + 1] ?? new Uint32Array(0);
    for (let j = expected.length - 1; j >= 0; j--) {
      row[j] = actual[i] === expected[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return rows;
}

function fold(lines: Line[]): Line[] {
  const near = (index: number) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some((line) => line.sign !== " ");
  const folded: Line[] = [];
  let hidden = 0;
  lines.forEach((line, index) => {
    if (line.sign !== " " || near(index)) {
      if (hidden > 0) folded.push(kept(`... ${hidden} equal lines ...`));
      hidden = 0;
      folded.push(line);
    } else {
      hidden++;
    }
  });
  if (hidden > 0) folded.push(kept(`... ${hidden} equal lines ...`));
  return folded;
}

function paint(line: Line): string {
  const text = `${line.sign}   ${line.text}`;
  if (Deno.noColor || line.sign === " ") return text;
  return line.sign === "-" ? `\x1b[31m${text}\x1b[39m` : `\x1b[32m${text}\x1b[39m`;
}
