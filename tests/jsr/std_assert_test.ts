// What the stand-in of @std/assert promises. A failing assertion is caught by hand here, because
// the functions under test are the ones that would otherwise judge.

import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unimplemented,
  unreachable,
} from "@std/assert";

function failure(fn: () => unknown): AssertionError {
  try {
    fn();
  } catch (error) {
    if (error instanceof AssertionError) return error;
    throw error;
  }
  throw new Error("Cannot test the assertion: it passed where it had to fail");
}

function expect(fact: boolean): void {
  if (!fact) throw new Error("Cannot confirm what the test says");
}

class Point {
  constructor(public x: number) {}
}

Deno.test("[STD-A1] equality goes by structure, class and presence of keys", () => {
  const cycle: Record<string, unknown> = { a: 1 };
  cycle.self = cycle;
  const other: Record<string, unknown> = { a: 1 };
  other.self = other;
  const same: [unknown, unknown][] = [
    [NaN, NaN],
    [0, -0],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }],
    [new Map([[{ k: 1 }, "v"]]), new Map([[{ k: 1 }, "v"]])],
    [new Set([1, { a: 1 }]), new Set([{ a: 1 }, 1])],
    [new Date(5), new Date(5)],
    [/a/g, /a/g],
    [new URL("http://a/b"), new URL("http://a/b")],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [new Error("x"), new Error("x")],
    [cycle, other],
    [1n, 1n],
  ];
  const different: [unknown, unknown][] = [
    [{ a: undefined }, {}],
    [{ a: undefined }, { b: undefined }],
    [[1], [1, 2]],
    [[1, 2], { 0: 1, 1: 2 }],
    [new Point(1), { x: 1 }],
    [new Set([1]), new Set([2])],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Date(5), new Date(6)],
    [/a/g, /a/i],
    [new Error("x"), new Error("y")],
    [new Uint8Array([1]), new Uint8Array([2])],
    [null, {}],
    ["1", 1],
    [{ [Symbol.for("s")]: 1 }, { [Symbol.for("s")]: 2 }],
  ];
  for (const [a, b] of same) {
    assertEquals(a, b);
    expect(equal(b, a));
    failure(() => assertNotEquals(a, b));
  }
  for (const [a, b] of different) {
    assertNotEquals(a, b);
    expect(!equal(b, a));
    failure(() => assertEquals(a, b));
  }
});

Deno.test("[STD-A2] a failed comparison shows the differing lines and folds the equal ones", () => {
  const rows = Array.from({ length: 40 }, (_, index) => `row ${index}`);
  const changed = rows.with(20, "another row");
  const { message } = failure(() => assertEquals(changed, rows, "the rows"));
  // deno-lint-ignore no-control-regex -- colours stand between the sign and the text
  const plain = message.replace(/\x1b\[[0-9;]*m/g, "");
  for (const part of ["Values are not equal: the rows", `-     "another row",`, `+     "row 20",`, "equal lines"]) {
    assertStringIncludes(plain, part);
  }
  assertFalse(plain.includes("row 5"));
});

Deno.test("[STD-A3] identity, truth and presence", () => {
  const list = [1];
  assertStrictEquals(list, list);
  assertNotStrictEquals(list, [1]);
  failure(() => assertNotStrictEquals(list, list));
  assertStringIncludes(failure(() => assertStrictEquals([1], [1])).message, "not reference-equal");
  failure(() => assertStrictEquals(1, 2));
  assert("x");
  assertFalse(0);
  assertExists(0);
  failure(() => assert("", "why"));
  failure(() => assertFalse("x"));
  failure(() => assertExists(null));
  failure(() => assertExists(undefined));
});

Deno.test("[STD-A4] a subset of properties matches at any depth", () => {
  const actual = { a: 1, b: { c: [1, 2, { d: 3, e: 4 }], f: new Date(1) }, g: new Set([1]) };
  assertObjectMatch(actual, { b: { c: [1, 2, { d: 3 }] }, g: new Set([1]) });
  failure(() => assertObjectMatch(actual, { b: { c: [1, 2, { d: 4 }] } }));
  failure(() => assertObjectMatch(actual, { a: 1, missing: undefined }));
  failure(() => assertObjectMatch(actual, { b: { f: new Date(2) } }));
});

Deno.test("[STD-A5] assertThrows and assertRejects check class and message and give the error", async () => {
  const boom = () => {
    throw new RangeError("out of range");
  };
  assertEquals(assertThrows(boom, RangeError, "of range").message, "out of range");
  assertInstanceOf(assertThrows(boom), RangeError);
  failure(() => assertThrows(boom, TypeError));
  failure(() => assertThrows(boom, RangeError, "another text"));
  failure(() => assertThrows(() => 1));
  const rejected = () => Promise.reject(new RangeError("late"));
  assertEquals((await assertRejects(rejected, RangeError, "late")).message, "late");
  for (
    const wrong of [
      () => assertRejects(rejected, TypeError),
      () => assertRejects(() => Promise.resolve(1)),
      () => assertRejects(boom as never, RangeError),
    ]
  ) {
    const error: unknown = await wrong().then(() => undefined, (reason) => reason);
    assertInstanceOf(error, AssertionError);
  }
});

Deno.test("[STD-A6] class, order, closeness and content", () => {
  assertInstanceOf(new Point(1), Point);
  assertNotInstanceOf(new Date(), Point);
  assertIsError(new TypeError("abc"), TypeError, /b/);
  assertGreater(2, 1);
  assertGreaterOrEqual(2, 2);
  assertLess(1, 2);
  assertLessOrEqual(2, 2);
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertStringIncludes("abc", "b");
  assertMatch("abc", /^a/);
  assertNotMatch("abc", /^b/);
  assertArrayIncludes([1, { a: 1 }], [{ a: 1 }]);
  const failing = [
    () => assertInstanceOf({}, Point),
    () => assertNotInstanceOf(new Point(1), Point),
    () => assertIsError(new TypeError("abc"), RangeError),
    () => assertIsError("abc"),
    () => assertGreater(1, 1),
    () => assertGreaterOrEqual(1, 2),
    () => assertLess(1, 1),
    () => assertLessOrEqual(2, 1),
    () => assertAlmostEquals(1, 1.1),
    () => assertStringIncludes("abc", "d"),
    () => assertMatch("abc", /d/),
    () => assertNotMatch("abc", /a/),
    () => assertArrayIncludes([1], [2]),
    () => fail("here"),
    () => unreachable("there"),
    () => unimplemented(),
  ];
  for (const fn of failing) failure(fn);
});
