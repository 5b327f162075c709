import { assertEquals, assertThrows } from "@std/assert";
import { readJson } from "@/lib/protocol/read_json.ts";

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

Deno.test("[RJS1] JSON is read up to its depth, and refused beyond it", () => {
  assertEquals(JSON.stringify(readJson(nested(100))), nested(100));
  assertThrows(() => readJson(nested(101)), Error, "nested deeper than 100 levels");
  assertThrows(() => readJson(nested(500_000), { max_depth: 200 }), Error, "nested deeper than 200 levels");
  assertThrows(() => readJson(`{"a":${nested(150)}}`), Error, "nested deeper");
});

Deno.test("[RJS2] brackets in strings are no depth, however the strings are escaped", () => {
  for (const piece of ["[[[[", "\\", '\\"[', "{\\\\", '"', '""[', '\\\\\\"[[', "\u2028["]) {
    const value = [piece.repeat(300), { [piece.repeat(300)]: piece }];
    assertEquals(readJson(JSON.stringify(value)), value);
  }
  assertThrows(() => readJson(`"${"[".repeat(1000)}`), Error, "not valid JSON");
});

Deno.test("[RJS4] a text of a client holds a bounded number of values; commas in strings are none", () => {
  const max_values = 1000;
  const list = (n: number) => `[${"0,".repeat(n - 1)}0]`;
  assertEquals(Array.isArray(readJson(list(1000), { max_values })), true);
  assertThrows(() => readJson(list(1001), { max_values }), Error, "more than 1000 values");
  assertThrows(() => readJson(`{"a":${list(500)},"b":[${list(501)}]}`, { max_values }), Error, "more than 1000 values");
  assertEquals(readJson(`["${",".repeat(5000)}"]`, { max_values }), [",".repeat(5000)]);
  assertEquals(Array.isArray(readJson(list(5000))), true);
});
