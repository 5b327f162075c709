// Values from a stranger against a schema: fields that do not fit are named, unknown ones one by one.
//
// Owns the form of `errors` in problem documents and error frames, so that REST and WebSocket say the same.
import type { z } from "zod";
import { AppError } from "../model/error.ts";

/** One field that does not fit, as clients see it. */
export interface FieldError {
  /** Names joined by dots, `config.grants.read.0`; empty for the whole. */
  path: string;
  message: string;
}

/** Turns the issues of a schema into field errors: unknown fields are named one by one. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue) => errorsOf(issue, [])).slice(0, MAX_FIELD_ERRORS);
}

/** A body may break a schema in a million places; more than this helps nobody. */
const MAX_FIELD_ERRORS = 100;

type Issue = z.core.$ZodIssue;
function errorsOf(issue: Issue, above: PropertyKey[]): FieldError[] {
  const path = [...above, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key].map(String).join("."), message: "unknown field" }));
  }
  if (issue.code === "invalid_union") {
    // The arm with the fewest complaints that is not a wrong type altogether is most likely the one that was meant.
    const [closest] = issue.errors.filter((arm) => arm.some((one) => one.path.length > 0))
      .toSorted((a, b) => a.length - b.length);
    if (closest) return closest.flatMap((one) => errorsOf(one, path));
  }
  return [{ path: path.map(String).join("."), message: issue.message }];
}

/** Checks a value against a schema. Throws AppError `invalid` with the fields that do not fit; `what` names the value. */
export function check<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = fieldErrors(parsed.error);
  const first = errors[0];
  const where = first === undefined || first.path === "" ? "" : ` "${first.path}"`;
  throw new AppError("invalid", `Cannot accept the ${what}:${where} ${first?.message ?? "it does not fit"}`, {
    errors,
  });
}
