import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Piece, pieces } from "@/lib/ui/session/prose_pieces.ts";

const brief = (text: string) =>
  pieces(text).map((piece) =>
    piece.kind === "code" ? `code:${piece.text}` : piece.spans.map((span) => `${span.tone}:${span.text}`).join("|")
  );

Deno.test("[PR1] fences are blocks of code, emphasis and code of a line are spans, all else is text as it is", () => {
  assertEquals(brief("Runs **the block** of `a.ts`.\n\n```ts\nconst a = 1;\n\nrun();\n```\nDone."), [
    "plain:Runs |strong:the block|plain: of |code:a.ts|plain:.",
    "code:const a = 1;\n\nrun();",
    "plain:Done.",
  ]);
  assertEquals(brief("~~~\n```\n~~~"), ["code:```"]);
  assertEquals(brief("a ** b ` c\n```ts\nnever closed"), ["plain:a ** b ` c\n```ts\nnever closed"]);
  assertEquals(brief("<b>no HTML</b>"), ["plain:<b>no HTML</b>"]);
  assertEquals(brief(" \n"), []);
});

Deno.test("[PR1] nothing of a text is lost but marks and blank lines", () => {
  const part = fc.constantFrom("a", "**", "`", "\n```\n", "\n~~~~\n", "\n", " ", "x y", "*");
  const bare = (text: string) => text.replace(/[*`~\s]/g, "");
  const said = (piece: Piece) => piece.kind === "code" ? piece.text : piece.spans.map((span) => span.text).join("");
  const all = fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
    const text = parts.join("");
    assertEquals(bare(pieces(text).map(said).join("")), bare(text), text);
  });
  fc.assert(all, { seed: 7, numRuns: 500 });
});
