import { assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import fc from "fast-check";
import { MAX_PART, type Piece, Splitter } from "@/lib/sandbox/splitter.ts";

const NONCE = "n".repeat(22);
const MARK = `\x1e${NONCE}`;
const bytes = (text: string) => new TextEncoder().encode(text);

function split(chunks: Uint8Array[], frames?: { nonce: string; max_frame: number }): Piece[] {
  const splitter = new Splitter(frames);
  return singly([...chunks.flatMap((chunk) => [...splitter.push(chunk)]), ...splitter.end()]);
}
/** Lines that came as one piece, each as a piece of its own. */
const singly = (pieces: Piece[]) =>
  pieces.flatMap((piece) => piece.kind === "lines" ? piece.messages.map(line) : piece);
const framed = (...texts: string[]) => split(texts.map(bytes), { nonce: NONCE, max_frame: 1000 });
const line = (message: string): Piece => ({ kind: "text", message, partial: false });
const part = (message: string): Piece => ({ kind: "text", message, partial: true });
const frame = (json: string): Piece => ({ kind: "frame", json });

Deno.test("[SBX-SPLIT-1] a line behind the marker is a frame, every other line is text", () => {
  assertEquals(framed(`a\n${MARK}{"x":1}\nb\n`), [line("a"), frame('{"x":1}'), line("b")]);
  assertEquals(framed(`\x1e{"x":1}\n{"x":2}\n`), [line('\x1e{"x":1}'), line('{"x":2}')]);
});

Deno.test("[SBX-SPLIT-2] a print without an end does not swallow the frame after it", () => {
  assertEquals(framed(`50%${MARK}{}\nrest\n`), [line("50%"), frame("{}"), line("rest")]);
});

Deno.test("[SBX-SPLIT-3] a frame may begin with a line feed; an empty line of output stays", () => {
  assertEquals(framed(`\n${MARK}1\n\n${MARK}2\n`), [frame("1"), frame("2")]);
  assertEquals(framed("a\n\nb\n"), [line("a"), line(""), line("b")]);
});

Deno.test("[SBX-SPLIT-4] a frame beyond its bound is reported and not kept", () => {
  const splitter = new Splitter({ nonce: NONCE, max_frame: 100 });
  const pieces = [...splitter.push(bytes(MARK)), ...splitter.push(bytes("x".repeat(101)))];
  assertEquals(pieces, [{ kind: "too_long" }]);
});

Deno.test("[SBX-SPLIT-5] a long line goes on in parts of at most 16 KB, and its end is said", () => {
  const pieces = split([bytes("x".repeat(40_000) + "\n")]);
  assertEquals(pieces.map((p) => p.kind === "text" ? [p.message.length, p.partial] : p), [
    [MAX_PART, true],
    [MAX_PART, true],
    [40_000 - 2 * MAX_PART, false],
  ]);
});

Deno.test("[SBX-SPLIT-6] bytes that are no UTF-8 become U+FFFD, and no part ends inside a character", () => {
  assertEquals(split([new Uint8Array([0x61, 0xff, 0x62, 0x0a])]), [line("a\ufffdb")]);
  const euro = bytes("€");
  const splitter = new Splitter();
  const pieces = [
    ...splitter.push(bytes("a")),
    ...splitter.push(euro.subarray(0, 2)),
    ...splitter.flush(),
    ...splitter.push(euro.subarray(2)),
    ...splitter.end(),
  ];
  assertEquals(pieces, [part("a"), line("€")]);
});

Deno.test("[SBX-SPLIT-7] a carriage return before the line feed belongs to the line's end, also in two chunks", () => {
  assertEquals(split([bytes("a\r\nb\r"), bytes("\nc\rd\n")]), [line("a"), line("b"), line("c\rd")]);
});

Deno.test("[SBX-SPLIT-8] a flush hands on what is held as a part; the rest of the line follows", () => {
  const splitter = new Splitter();
  assertEquals([...splitter.push(bytes("name? "))], []);
  assertEquals(splitter.holding, true);
  assertEquals([...splitter.flush()], [part("name? ")]);
  assertEquals(splitter.holding, false);
  assertEquals([...splitter.push(bytes("Ada\n"))], [line("Ada")]);
});

Deno.test("[SBX-SPLIT-9] half a frame at the end of the stream is none, half a line is the last line", () => {
  assertEquals(framed(`${MARK}{"x"`), []);
  assertEquals(framed("no end"), [line("no end")]);
  assertEquals(framed(MARK.slice(0, 5)), [line(MARK.slice(0, 5))]);
});

Deno.test("[SBX-SPLIT-12] whole lines of one chunk come as one piece; a line too long for a part is cut all the same", () => {
  const whole = (text: string) => [...new Splitter().push(bytes(text))];
  assertEquals(whole("a\n\nb\r\nrest"), [{ kind: "lines", messages: ["a", "", "b"] }]);
  const long = whole(`a\n${"x".repeat(MAX_PART)}\nb\n`);
  assertEquals(long, [line("a"), part("x".repeat(MAX_PART)), line(""), line("b")]);
  const splitter = new Splitter({ nonce: NONCE, max_frame: 1000 });
  assertEquals([...splitter.push(bytes(`a\nb\n\n${MARK}1\nc\nd\n\n\n`))], [
    { kind: "lines", messages: ["a", "b"] },
    frame("1"),
    { kind: "lines", messages: ["c", "d"] },
  ]);
  assertEquals([...splitter.push(bytes("e\n"))], [line(""), line(""), line("e")]);
  assertEquals(splitter.text_bytes, 13);
});

Deno.test("[SBX-SPLIT-10] pieces do not depend on where the chunks are cut", () => {
  const token = fc.constantFrom("a", "€", "\n", "\r\n", "\x1e", MARK, `${MARK}{"k":1}\n`, `\n${MARK}[]\n`, "\r", "💥x");
  fc.assert(
    fc.property(fc.array(token, { maxLength: 30 }), fc.array(fc.nat(400), { maxLength: 8 }), (tokens, cuts) => {
      const all = bytes(tokens.join(""));
      const at = [0, ...cuts.map((cut) => cut % (all.length + 1)).sort((a, b) => a - b), all.length];
      const chunks = at.slice(1).map((end, i) => all.subarray(at[i], end));
      const frames = { nonce: NONCE, max_frame: 1000 };
      assertEquals(split(chunks, frames), split([all], frames));
    }),
    { seed: 7, numRuns: 300 },
  );
});

Deno.test("[SBX-SPLIT-11] what is held stays bounded whatever comes", () => {
  const splitter = new Splitter({ nonce: NONCE, max_frame: 1000 });
  let longest = 0;
  let total = 0;
  for (let i = 0; i < 200; i++) {
    for (const piece of splitter.push(new Uint8Array(65_536).fill(0x80))) {
      if (piece.kind === "text") {
        longest = Math.max(longest, piece.message.length);
        total += piece.message.length;
      }
    }
  }
  assertLess(longest, MAX_PART + 1);
  assertGreaterOrEqual(total, 200 * 65_536 - MAX_PART);
});
