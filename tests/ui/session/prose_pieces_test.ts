import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { pieces } from "@/lib/ui/session/prose_pieces.ts";

const plain = (text: string) => ({ tone: "plain" as const, text });

Deno.test("[PP1] emphasis and code are spans, fences are blocks, and the rest is as it was", () => {
  assertEquals(pieces("Fit **the trend** with `a.ts`.\n\n```ts\nconst a = 1;\n```\n\nDone."), [
    {
      kind: "prose",
      spans: [
        plain("Fit "),
        { tone: "strong", text: "the trend" },
        plain(" with "),
        { tone: "code", text: "a.ts" },
        plain("."),
      ],
    },
    { kind: "code", text: "const a = 1;" },
    { kind: "prose", spans: [plain("Done.")] },
  ]);
  assertEquals(pieces(""), []);
  assertEquals(pieces("a * b ** c ` d"), [{ kind: "prose", spans: [plain("a * b ** c ` d")] }]);
  assertEquals(pieces("```ts\nnever closed"), [{ kind: "prose", spans: [plain("```ts\nnever closed")] }]);
  assertEquals(pieces("~~~\n```\n**x**\n~~~"), [{ kind: "code", text: "```\n**x**" }]);
});

Deno.test("[PP1] nothing of a text is lost but its marks and blank lines", () => {
  const unit = fc.constantFrom("**", "`b`", "```\n", "~~~\n", "```ts\n", "\n", "\n\n", "a", "b c", "# x", "<b>", "*");
  fc.assert(fc.property(fc.array(unit, { maxLength: 20, size: "max" }), (parts) => {
    const text = parts.join("");
    const shown = pieces(text).map((one) =>
      one.kind === "code" ? one.text : one.spans.map((span) => span.text).join("")
    );
    const letters = (from: string) => from.replace(/[^abcx<>#]/g, "");
    assertEquals(letters(shown.join("")), letters(text));
    assert(shown.join("").length <= text.length);
  }));
});
