// JSON text from a stranger: read whole or refused, never trusted deeper than the checks that follow can walk.
//
// Owns the limit of nesting: recursive readers (schemas, digests) would run out of stack on a megabyte of brackets.
// Leaves to the schemas what the value must look like.
import { AppError } from "../model/error.ts";

/** Deepest nesting of arrays and objects in a body or message. */
export const MAX_DEPTH = 100;

/** Reads JSON text. Throws AppError `bad_json`, also for text nested deeper than `max_depth`. */
export function readJson(text: string, max_depth: number = MAX_DEPTH): unknown {
  // What is shorter than its brackets would be cannot be too deep: most frames are.
  if (text.length > max_depth && isTooDeep(text, max_depth)) {
    throw new AppError("bad_json", `Cannot read the JSON: it is nested deeper than ${max_depth} levels`);
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

/** Looks at brackets outside strings only, so that it costs one pass and no stack. */
function isTooDeep(text: string, max_depth: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at + 1);
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > max_depth) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
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
