// What the command line writes: lines, colours, and text from strangers made harmless.
//
//   TM1. What a task, a file name or another server says reaches the terminal through `harmless` only.
//   TM2. A reader that goes away (`| head`) ends the command without a word.

const encoder = new TextEncoder();

/** Writes all bytes of a text. */
function write(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(EXIT.done);
    throw error;
  }
}
/** Writes a line to stdout. */
export const out = (text: string): void => write(Deno.stdout, `${text}\n`);
/** Writes a line to stderr. */
export const err = (text: string): void => write(Deno.stderr, `${text}\n`);

/** Exit codes of the command line. */
export const EXIT = { done: 0, failed: 1, usage: 2, needs_person: 3, unreachable: 4, interrupted: 130 } as const;

/** Ends a command with a text and an exit code. */
export class Exit extends Error {
  override readonly name = "Exit";
  constructor(readonly code: number, message = "") {
    super(message);
  }
}

/** Colour sequences, then control, line and direction characters: what could steer a terminal or forge a line. */
// deno-lint-ignore no-control-regex
const COLOURS = /\x1b\[[0-9;]*m/g;
// deno-lint-ignore no-control-regex
const STEERING = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;

/** Shows control characters as such, so that output of a task cannot steer the terminal. */
export function harmless(text: string): string {
  return text.replace(COLOURS, "").replace(STEERING, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Names of colours. */
export type Colour = "dim" | "bold" | "red" | "green" | "yellow" | "blue" | "cyan";
const CODES: Record<Colour, [number, number]> = {
  dim: [2, 22],
  bold: [1, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
};
/** Paints text, or leaves it as it is where there are no colours. */
export type Paint = (colour: Colour, text: string) => string;
/** A painter for a terminal with or without colours. */
export function painter(colour: boolean): Paint {
  return (name, text) => colour ? `\x1b[${CODES[name][0]}m${text}\x1b[${CODES[name][1]}m` : text;
}

/** Lays rows out as columns with two spaces between. */
export function table(rows: string[][]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  return rows.map((row) => row.map((cell, i) => i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)).join("  "));
}
