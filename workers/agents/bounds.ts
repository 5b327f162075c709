// Sizes of what agents are told and what a run ends with: counted as the bytes of JSON that they become.
//
//   B1. A run must not fail at its end, or in its middle, for how much its steps printed: what is too long is cut, and the
//       log has it whole.
import { utf8Length } from "../../lib/model/utf8.ts";
import type { StepResult } from "../../lib/model/turn.ts";

/** Bytes of all summaries, prints and names of files in the result of a run: a value may take 1 MB. */
const RESULT = { summary: 150_000, summaries: 150_000, printed: 400_000, files: 100_000 };

/** Bytes that a text takes in JSON. */
export function jsonBytes(text: string): number {
  return utf8Length(JSON.stringify(text));
}

/** Cuts a text in its middle, where the least is lost. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  return `${text.slice(0, half)}\n… (${text.length - 2 * half} characters left out) …\n${text.slice(-half)}`;
}

/** Cuts a text in its middle until it takes about so many bytes. */
export function within(text: string, bytes: number): string {
  const size = jsonBytes(text);
  return size <= bytes ? text : shortened(text, Math.floor(text.length * bytes / size));
}

/** The last part of a text that takes about so many bytes. */
export function tailWithin(text: string, bytes: number): string {
  const size = jsonBytes(text);
  return size <= bytes ? text : text.slice(-Math.max(1, Math.floor(text.length * bytes / size)));
}

/** The first names that fit. */
export function firstWithin(names: readonly string[], bytes: number): string[] {
  let left = bytes;
  return names.filter((name) => (left -= jsonBytes(name) + 1) >= 0);
}

/** Results of steps that together take no more than a share of bytes each. */
export function resultsWithin(
  results: readonly StepResult[],
  most: { summaries: number; printed: number; files: number },
): StepResult[] {
  const share = (bytes: number) => Math.floor(bytes / Math.max(1, results.length));
  return results.map((result) => ({
    ...result,
    summary: within(result.summary, share(most.summaries)),
    printed: tailWithin(result.printed, share(most.printed)),
    files: firstWithin(result.files, share(most.files)),
  }));
}

/** What a run ends with: a report, its steps, its files. */
export function finalResult(summary: string, results: readonly StepResult[]) {
  const files = [...new Set(results.flatMap((result) => result.files))].sort();
  return {
    summary: within(summary, RESULT.summary),
    steps: resultsWithin(results, RESULT),
    files: firstWithin(files, RESULT.files),
  };
}
