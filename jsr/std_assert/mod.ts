// Assertions for tests: the functions of `@std/assert` that this project uses, with the same
// names, signatures and meaning.
//
// The real package is published on JSR only. While `links` in the root `deno.json` points here,
// `import ... from "@std/assert"` means this folder; without `links` it means the real one, and a
// test must pass with both. So nothing is exported that the real package lacks.

export { AssertionError } from "./src/assertion_error.ts";
export { equal } from "./src/equal.ts";
export {
  assertEquals,
  assertNotEquals,
  assertNotStrictEquals,
  assertObjectMatch,
  assertStrictEquals,
} from "./src/equality.ts";
export { assertIsError, assertRejects, assertThrows } from "./src/failures.ts";
export { assertAlmostEquals, assertGreater, assertGreaterOrEqual, assertLess, assertLessOrEqual } from "./src/order.ts";
export { assertArrayIncludes, assertMatch, assertNotMatch, assertStringIncludes } from "./src/content.ts";
export {
  assert,
  assertExists,
  assertFalse,
  assertInstanceOf,
  assertNotInstanceOf,
  fail,
  type Falsy,
  unimplemented,
  unreachable,
} from "./src/truth.ts";
