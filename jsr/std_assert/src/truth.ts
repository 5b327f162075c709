// Assertions about one value, and the two ways to say that a line must never be reached.

import { AssertionError, withNote } from "./assertion_error.ts";
import { format } from "./diff.ts";

/** What counts as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

type AnyClass<T> = abstract new (...args: never[]) => T;

/** Passes when the value is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Passes when the value is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Passes when the value is neither `null` nor `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw new AssertionError(withNote(`Expected actual: "${actual}" to not be null or undefined.`, msg));
}

/** Passes when the value is an instance of the class. */
export function assertInstanceOf<T>(actual: unknown, expectedType: AnyClass<T>, msg = ""): asserts actual is T {
  if (actual instanceof expectedType) return;
  const text = `Expected object to be an instance of "${expectedType.name}" but was ${kindOf(actual)}.`;
  throw new AssertionError(withNote(text, msg));
}

/** Passes when the value is not an instance of the class. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: AnyClass<T>,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (!(actual instanceof unexpectedType)) return;
  throw new AssertionError(withNote(`Expected object to not be an instance of "${unexpectedType.name}".`, msg));
}

function kindOf(value: unknown): string {
  if (typeof value === "function") return `"Function"`;
  if (typeof value === "object" && value !== null) {
    return `"${value.constructor?.name ?? "Object"}"`;
  }
  return `"${typeof value}" (${format(value)})`;
}

/** Fails always. */
export function fail(msg?: string): never {
  throw new AssertionError(withNote("Failed assertion.", msg));
}

/** Fails for something that is not written yet. */
export function unimplemented(msg?: string): never {
  throw new AssertionError(withNote("Unimplemented.", msg));
}

/** Fails when a line runs that never should. */
export function unreachable(reason?: string): never {
  throw new AssertionError(withNote("Unreachable.", reason));
}
