// Arguments of the host's tools, looked at before they have a place in the journal: the host ends a sandbox for a frame
// that does not fit, and a name and arguments that a model chose may be anything.
//
// Written out, because building the model's schemas costs each start of a sandbox 10 ms; a test holds them to the model's.
import { checkArgs } from "./policy.ts";

type Check = (value: unknown) => boolean;

const text = (max: number): Check => (value) => typeof value === "string" && value.length <= max;
const maybe = (check: Check): Check => (value) => value === undefined || check(value);
const whole: Check = (value) => typeof value === "number" && Number.isSafeInteger(value);
const headers: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length <= 50 &&
  Object.values(value).every(text(8000));

const ANY = 1_900_000;
const SHAPES: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  files_list: {},
  files_read: { path: text(ANY), max_bytes: maybe(whole) },
  files_write: { path: text(ANY), content: text(ANY) },
  fetch: {
    url: text(8000),
    method: maybe((value) => value === "GET" || value === "POST"),
    headers: maybe(headers),
    body: maybe(text(1_000_000)),
    save_as: maybe(text(1000)),
  },
};

/** Throws Failure `bad_args` naming what does not fit. */
export function checkToolArgs(tool: string, args: object): void {
  const shape = SHAPES[tool] ?? {};
  const given = new Map(Object.entries(args));
  for (const name of given.keys()) {
    checkArgs(Object.hasOwn(shape, name) || given.get(name) === undefined, tool, `it takes no "${name}"`);
  }
  for (const [name, fits] of Object.entries(shape)) checkArgs(fits(given.get(name)), tool, `"${name}" does not fit`);
}
