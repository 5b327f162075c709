// What was thrown, as plain data that fits a frame. Anything can be thrown, so reading it may throw as well.
import type { FailureData } from "../../lib/model/journal.ts";
import type { Json } from "../../lib/model/json.ts";
import { Failure } from "../sdk/failure.ts";
import { exactJson } from "./json.ts";
import { authorTrace } from "./trace.ts";

const MAX_TEXT = 20_000;
const MAX_CODE = 200;

const cut = (text: string) => text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;

/** Makes plain data of what was thrown: a Failure keeps its code, anything else is `error`. */
export function failureData(thrown: unknown): FailureData {
  try {
    if (thrown instanceof Failure) {
      const data = jsonOrNothing(thrown.data);
      const failure = { code: String(thrown.code).slice(0, MAX_CODE), message: cut(String(thrown.message)) };
      return data === undefined ? failure : { ...failure, data };
    }
    if (thrown instanceof Error) return { code: "error", message: cut(`${thrown.name}: ${thrown.message}`) };
    return { code: "error", message: cut(String(thrown)) };
  } catch {
    return { code: "error", message: "Something was thrown that cannot be read" };
  }
}

/** Data that JSON would change, or that is too large, is left out: the code and the message must arrive. */
function jsonOrNothing(data: unknown): Json | undefined {
  if (data === undefined) return undefined;
  try {
    return exactJson(data, "the data of a failure");
  } catch {
    return undefined;
  }
}

/** Where it was thrown, for the author; `folder` is the address of the folder of own workflows. */
export function traceOf(thrown: unknown, folder: string | null): string | undefined {
  try {
    const stack: unknown = thrown instanceof Error ? thrown.stack : undefined;
    return typeof stack === "string" ? cut(authorTrace(stack, folder)) : undefined;
  } catch {
    return undefined;
  }
}
