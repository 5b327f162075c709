// Assertions that compare two values: by structure, by identity, or by a subset of properties.

import { AssertionError, withNote } from "./assertion_error.ts";
import { differenceError, format } from "./diff.ts";
import { equal } from "./equal.ts";

/** Passes when both values are equal by structure. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw differenceError(actual, expected, {
    title: "Values are not equal.",
    ...(msg ? { note: msg } : {}),
  });
}

/** Passes when the values differ by structure. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(withNote(`Expected actual: ${format(actual)} not to be: ${format(expected)}.`, msg));
}

/** Passes when both are the same value by `Object.is`. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (Object.is(actual, expected)) return;
  if (format(actual) === format(expected)) {
    const text = `Values have the same structure but are not reference-equal.\n\n    ${format(actual)}\n`;
    throw new AssertionError(withNote(text, msg));
  }
  const title = "Values are not strictly equal.";
  throw differenceError(actual, expected, {
    title,
    ...(msg ? { note: msg } : {}),
  });
}

/** Passes when the values are not the same by `Object.is`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!Object.is(actual, expected)) return;
  throw new AssertionError(withNote(`Expected "actual" to not be strictly equal to: ${format(actual)}.`, msg));
}

/** Passes when each property of `expected`, at any depth, has its equal in `actual`. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any -- only `any` lets an interface without index signature pass
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  const picked = pick(actual, expected, new Map());
  if (equal(picked, expected)) return;
  throw differenceError(picked, expected, {
    title: "Values do not match.",
    ...(msg ? { note: msg } : {}),
  });
}

// The part of `actual` that `expected` speaks about. Arrays are compared by the indexes that are
// expected; a set, a map or an instance of a class is taken whole.
function pick(actual: unknown, expected: unknown, met: Map<object, unknown>): unknown {
  if (!isStructure(actual) || !isStructure(expected) || Array.isArray(actual) !== Array.isArray(expected)) {
    return actual;
  }
  const known = met.get(expected);
  if (known !== undefined) return known;
  const part: object = Array.isArray(actual) ? [] : Object.create(Object.getPrototypeOf(expected));
  met.set(expected, part);
  for (const key of Reflect.ownKeys(expected)) {
    if (key === "length" && Array.isArray(expected)) continue;
    if (key in actual) {
      Reflect.set(part, key, pick(Reflect.get(actual, key), Reflect.get(expected, key), met));
    }
  }
  return part;
}

function isStructure(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  return !(value instanceof Map || value instanceof Set ||
    value instanceof Date || value instanceof RegExp ||
    ArrayBuffer.isView(value));
}
