import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { harmless, painter, table } from "@/lib/cli/terminal.ts";

Deno.test("[TM1] colours are taken away, everything else that steers a terminal or forges a line is shown", () => {
  assertEquals(harmless("\x1b[31mred\x1b[0m plain"), "red plain");
  assertEquals(harmless("\x1b[2J\x1b]0;title\x07\r\0"), "␛[2J␛]0;title␇␍␀");
  assertEquals(harmless("\x7f\x9b2J"), "\\u007f\\u009b2J");
  assertEquals(harmless("a\u202eb\u2066c\u2028d"), "a\\u202eb\\u2066c\\u2028d");
  assertEquals(harmless("tab\tand\nline é 🧊"), "tab\tand\nline é 🧊");
});

Deno.test("[TM1] whatever is said, nothing that acts is left, and saying it twice changes nothing", () => {
  const acts = "\x1b \x00 \x07 \r \x7f \x9b \x85 \u2028 \u2029 \u202e \u2066 \u2069".split(" ");
  const piece = fc.constantFrom(...acts, "[", "[31m", "31", "m", ";", "x", "é", "\x1b[", "\x1b[0m");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30, size: "max" }), (pieces) => {
      const text = harmless(pieces.join(""));
      assert(acts.every((character) => !text.includes(character)));
      assertEquals(harmless(text), text);
    }),
    { seed: 7 },
  );
});

Deno.test("[TM3] paint is a colour where there are colours, and nothing else", () => {
  assertEquals(painter(true)("red", "x"), "\x1b[31mx\x1b[39m");
  assertEquals(painter(true)("bold", "x"), "\x1b[1mx\x1b[22m");
  assertEquals(painter(false)("red", "x"), "x");
});

Deno.test("[TM3] columns are as wide as their widest cell, the last one is not filled up", () => {
  assertEquals(table([["a", "bb", "c"], ["aaa", "b", "ccc"], ["", "", ""]]), [
    "a    bb  c",
    "aaa  b   ccc",
    "         ",
  ]);
  assertEquals(table([["a"], ["bb", "c"]]), ["a", "bb  c"]);
  assertEquals(table([]), []);
});
