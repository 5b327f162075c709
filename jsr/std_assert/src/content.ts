// Assertions about what a text or a list contains.

import { AssertionError, withNote } from "./assertion_error.ts";
import { format } from "./diff.ts";
import { equal } from "./equal.ts";

/** Passes when the text includes the other one. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(withNote(`Expected actual: "${actual}" to contain: "${expected}".`, msg));
}

/** Passes when the text matches the pattern. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (actual.match(expected)) return;
  throw new AssertionError(withNote(`Expected actual: "${actual}" to match: "${expected}".`, msg));
}

/** Passes when the text does not match the pattern. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!actual.match(expected)) return;
  throw new AssertionError(withNote(`Expected actual: "${actual}" to not match: "${expected}".`, msg));
}

/** Passes when each expected member has its equal in the list. */
export function assertArrayIncludes<T>(actual: ArrayLike<T>, expected: ArrayLike<T>, msg?: string): void {
  const members = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) => !members.some((member) => equal(member, wanted)));
  if (missing.length === 0) return;
  const text = `Expected actual: "${format(actual)}" to include: "${format(expected)}".\nmissing: ${format(missing)}`;
  throw new AssertionError(withNote(text, msg));
}
