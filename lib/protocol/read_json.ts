// JSON text from a stranger: read whole or refused, never trusted deeper than the checks that follow can walk.
//
// Owns the limits of nesting and number: recursive readers (schemas, digests) would run out of stack on a megabyte of
// brackets, and a megabyte of commas is half a million values to check and to complain about.
// Leaves to the schemas what the value must look like.
import { AppError } from "../model/error.ts";

/** Deepest nesting of arrays and objects in a body or message. */
export const MAX_DEPTH = 100;
/** Most values in a body or message of a client: checking them one by one must not hold the server. */
export const MAX_VALUES = 50_000;

/** How much of a text is read; what is left out is not bounded, but for MAX_DEPTH. */
export interface JsonBounds {
  max_depth?: number;
  max_values?: number;
}

/** Reads JSON text. Throws AppError `bad_json`, also for text nested too deeply; `invalid` for too many values. */
export function readJson(text: string, bounds: JsonBounds = {}): unknown {
  const { max_depth = MAX_DEPTH, max_values = Infinity } = bounds;
  // What is shorter than its brackets would be cannot be too deep: most frames are.
  const { depth, values } = text.length > max_depth ? measure(text, max_depth) : { depth: 0, values: 0 };
  if (depth > max_depth) {
    throw new AppError("bad_json", `Cannot read the JSON: it is nested deeper than ${max_depth} levels`);
  }
  if (values > max_values) {
    const errors = [{ path: "", message: `more than ${max_values} values` }];
    throw new AppError("invalid", `Cannot accept the JSON: it holds more than ${max_values} values`, { errors });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("bad_json", `Cannot read the JSON: ${reasonOf(cause)}`, { cause });
  }
}

/** The parser's reason, without the quoted text that V8 puts into it: it may hold secrets and would go into logs. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : "";
  return message.includes("end of JSON") ? "it ends too early" : "it is not valid JSON";
}

/** Looks at brackets and commas outside strings only, so that it costs one pass and no stack; stops where it is too deep. */
function measure(text: string, max_depth: number): { depth: number; values: number } {
  let depth = 0;
  let deepest = 0;
  let values = 1;
  for (let at = 0; at < text.length && deepest <= max_depth; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at + 1);
    else if (code === 0x2c) values++;
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x5d || code === 0x7d) depth--;
  }
  return { depth: deepest, values };
}

/** Place of the quote that ends a string. Most of a large text is strings: they are passed over, not walked through. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (end - escapes > from && text.charCodeAt(end - escapes - 1) === 0x5c) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}
