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
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === 0x5c) at++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > max_depth) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}
