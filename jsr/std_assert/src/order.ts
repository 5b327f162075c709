// Assertions about the order of two values and about numbers that are nearly equal.

import { AssertionError, withNote } from "./assertion_error.ts";
import { format } from "./diff.ts";

/** Passes when `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (actual > expected) return;
  throw new AssertionError(withNote(`Expect ${format(actual)} > ${format(expected)}.`, msg));
}

/** Passes when `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (actual >= expected) return;
  throw new AssertionError(withNote(`Expect ${format(actual)} >= ${format(expected)}.`, msg));
}

/** Passes when `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (actual < expected) return;
  throw new AssertionError(withNote(`Expect ${format(actual)} < ${format(expected)}.`, msg));
}

/** Passes when `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (actual <= expected) return;
  throw new AssertionError(withNote(`Expect ${format(actual)} <= ${format(expected)}.`, msg));
}

/** Passes when two numbers differ by no more than `tolerance`. */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ??
    (isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (Math.abs(expected - actual) <= allowed) return;
  const text = `Expected actual: "${actual}" to be close to "${expected}": delta "${Math.abs(expected - actual)}" ` +
    `is greater than "${allowed}".`;
  throw new AssertionError(withNote(text, msg));
}
