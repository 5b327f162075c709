// Assertions about code that must fail: by throwing, or by rejecting.
//
// An `ErrorClass` may be abstract; a message is checked by inclusion, colours removed.

import { AssertionError, withNote } from "./assertion_error.ts";

// Written out, because `node:util` would bring Node's types for timers into every test.
// deno-lint-ignore no-control-regex -- the escape character is what begins a colour code
const COLOURS = /\x1b\[[0-9;]*m/g;

type ErrorClassOf<E> = abstract new (...args: never[]) => E;
type Expectation = {
  ErrorClass?: ErrorClassOf<Error>;
  includes?: string;
  note?: string;
};

/** Passes when the value is an error of the class whose message includes the text. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorClassOf<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(withNote(`Expected "error" to be an Error object.`, msg));
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    const text = `Expected error to be instance of "${ErrorClass.name}", but was "${error.constructor.name}"`;
    throw new AssertionError(withNote(`${text}: ${error.message}`, msg), {
      cause: error,
    });
  }
  if (msgMatches === undefined) return;
  const said = error.message.replace(COLOURS, "");
  const fits = typeof msgMatches === "string" ? said.includes(msgMatches.replace(COLOURS, "")) : msgMatches.test(said);
  if (fits) return;
  const text = `Expected error message to ${typeof msgMatches === "string" ? "include" : "match"} ${
    typeof msgMatches === "string" ? JSON.stringify(msgMatches) : msgMatches
  }, but got ${JSON.stringify(said)}.`;
  throw new AssertionError(withNote(text, msg), { cause: error });
}

function expectation(first?: unknown, second?: string, third?: string): Expectation {
  if (typeof first === "string") return { note: first };
  return {
    ...(isErrorClass(first) ? { ErrorClass: first } : {}),
    ...(second !== undefined ? { includes: second } : {}),
    ...(third !== undefined ? { note: third } : {}),
  };
}

function isErrorClass(value: unknown): value is ErrorClassOf<Error> {
  return typeof value === "function";
}

function check(error: unknown, expected: Expectation): void {
  if (!expected.ErrorClass) return;
  if (!(error instanceof Error)) {
    throw new AssertionError(withNote("A non-Error object was thrown.", expected.note));
  }
  assertIsError(error, expected.ErrorClass, expected.includes, expected.note);
}

/** Passes when the function throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClassOf<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(fn: () => unknown, first?: unknown, second?: string, third?: string): unknown {
  const expected = expectation(first, second, third);
  try {
    fn();
  } catch (error) {
    check(error, expected);
    return error;
  }
  throw new AssertionError(withNote("Expected function to throw.", expected.note));
}

/** Passes when the promise that the function returns is rejected; gives the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClassOf<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  first?: unknown,
  second?: string,
  third?: string,
): Promise<unknown> {
  const expected = expectation(first, second, third);
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
    await promise;
  } catch (error) {
    if (promise === undefined) {
      throw new AssertionError(withNote("Function throws when expected to reject.", expected.note), { cause: error });
    }
    check(error, expected);
    return error;
  }
  throw new AssertionError(withNote("Expected function to reject.", expected.note));
}
