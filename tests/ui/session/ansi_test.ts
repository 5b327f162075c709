import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ansiParts } from "@/lib/ui/session/ansi.ts";

const parts = (text: string) => ansiParts(text).map((part) => [part.text, part.tone]);

Deno.test("[AN2] a line without codes is one part, and an empty one none", () => {
  assertEquals(parts("plain\ttext\nmore"), [["plain\ttext\nmore", ""]]);
  assertEquals(parts(""), []);
  assertEquals(parts("\x1b[0m"), []);
});

Deno.test("[AN2] the colours of terminals become tones, bright ones too, and end where they end", () => {
  const tones = [31, 32, 33, 34, 35, 36, 90, 91, 92, 93, 94, 95, 96].map((code) => parts(`\x1b[${code}mx`)[0]?.[1]);
  assertEquals(tones.join(" "), "a-r a-g a-y a-b a-m a-c a-d a-r a-g a-y a-b a-m a-c");
  assertEquals(parts("a\x1b[31mred\x1b[39m b \x1b[32mgreen\x1b[mc"), [
    ["a", ""],
    ["red", "a-r"],
    [" b ", ""],
    ["green", "a-g"],
    ["c", ""],
  ]);
  assertEquals(parts("\x1b[31mred\x1b[37mwhite\x1b[33;0mplain"), [["red", "a-r"], ["white", ""], ["plain", ""]]);
});

Deno.test("[AN2] bold stands beside a colour, whichever came first, and ends alone", () => {
  assertEquals(parts("\x1b[1;31mx"), [["x", "a-r a-B"]]);
  assertEquals(parts("\x1b[31;1mx"), [["x", "a-r a-B"]]);
  assertEquals(parts("\x1b[1m\x1b[1mx"), [["x", "a-B"]]);
  assertEquals(parts("\x1b[1;32mx\x1b[22my\x1b[1m\x1b[39mz"), [["x", "a-g a-B"], ["y", "a-g"], ["z", "a-B"]]);
});

Deno.test("[AN2] the numbers of one of 256 or of all colours are no codes of their own", () => {
  assertEquals(parts("\x1b[32;38;5;31mx"), [["x", "a-g"]]);
  assertEquals(parts("\x1b[38;5;1mx"), [["x", ""]]);
  assertEquals(parts("\x1b[31;48;2;0;0;0mx"), [["x", "a-r"]]);
  assertEquals(parts("\x1b[38;2;1;31;32;33mx"), [["x", "a-y"]]);
  assertEquals(parts("\x1b[31;38mx\x1b[38;5mx"), [["x", "a-r"], ["x", "a-r"]]);
});

Deno.test("[AN1] what steers a terminal, breaks a line or turns text around can be seen", () => {
  assertEquals(parts("\x1b[2Jx\x07\r\0"), [["␛[2Jx␇␍␀", ""]]);
  assertEquals(parts("a\x1b]0;title\x07b"), [["a␛]0;title␇b", ""]]);
  assertEquals(parts("\x7f\x9b31m"), [["␦␦31m", ""]]);
  assertEquals(parts("a\u202eb\u2066c\u2028d"), [["a␦b␦c␦d", ""]]);
  assertEquals(parts("\x1b[31mred\x1b[Kx"), [["red␛[Kx", "a-r"]]);
});

Deno.test("[AN1] all of a line but its colour codes is there, in order, and nothing of it can act", () => {
  const acts = "\x1b \x00 \x07 \r \x7f \x9b \u2028 \u2029 \u202e \u2066 \u2069".split(" ");
  const codes = ["\x1b[31m", "\x1b[m", "\x1b[1;0m", "\x1b[38;5;31m", "\x1b[", "[", "m", "0;"];
  const piece = fc.constantFrom(...acts, ...codes, "x", "\n", "\t", "é", "🧊", "␛");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30, size: "max" }), (pieces) => {
      const shown = ansiParts(pieces.join("")).map((part) => part.text).join("");
      assert(acts.every((character) => !shown.includes(character)));
      // deno-lint-ignore no-control-regex
      const expected = pieces.join("").replace(/\x1b\[[0-9;]*m/g, "");
      assertEquals(shown.length, expected.length);
      for (let i = 0; i < shown.length; i++) {
        if (!acts.includes(expected.charAt(i))) assertEquals(shown[i], expected[i]);
      }
    }),
    { seed: 7 },
  );
});
