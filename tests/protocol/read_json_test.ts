import { assertEquals, assertThrows } from "@std/assert";
import { readJson } from "@/lib/protocol/read_json.ts";

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

Deno.test("[RJS1] JSON is read up to its depth, and refused beyond it", () => {
  assertEquals(JSON.stringify(readJson(nested(100))), nested(100));
  assertThrows(() => readJson(nested(101)), Error, "nested deeper than 100 levels");
  assertThrows(() => readJson(nested(500_000), 200), Error, "nested deeper than 200 levels");
  assertThrows(() => readJson(`{"a":${nested(150)}}`), Error, "nested deeper");
});

Deno.test("[RJS2] brackets in strings are no depth, however the strings are escaped", () => {
  for (const piece of ["[[[[", "\\", '\\"[', "{\\\\", '"', '""[', '\\\\\\"[[', "\u2028["]) {
    const value = [piece.repeat(300), { [piece.repeat(300)]: piece }];
    assertEquals(readJson(JSON.stringify(value)), value);
  }
  assertThrows(() => readJson(`"${"[".repeat(1000)}`), Error, "not valid JSON");
});
