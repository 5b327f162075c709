import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { EventDraft } from "@/lib/model/event.ts";
import { joinLines, type Lines, toChunks, toLine, toLines } from "@/lib/store/writer/lines.ts";

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.constant("é".repeat(3000)),
  fc.constant("x".repeat(9000)),
);
const singly = ({ bytes, ends }: Lines) =>
  ends.map((end, i) => new TextDecoder().decode(bytes.subarray(ends[i - 1] ?? 0, end)));
const events = fc.array(
  text.map((message) => ({
    event_type: "output",
    run_id: "r",
    data: { message, stream: "stdout", source: "block" },
  } as EventDraft)),
  { maxLength: 6 },
);

Deno.test("[LINES1] lines that are written together are those that are written one by one, blobs and all", () => {
  fc.assert(
    fc.property(events, fc.constantFrom(56_000, 4_000), (drafts, limit) => {
      const context = { session_id: "s", seq: 7, timestamp: "2026-01-01T00:00:00.000Z", limit };
      const together = toLines(drafts, context);
      const alone = drafts.map((draft, i) => toLine(draft, { ...context, seq: 7 + i }));
      assertEquals(
        singly(together.lines),
        alone.map(({ line }) => new TextDecoder().decode(line)),
      );
      assertEquals(together.blobs, alone.flatMap(({ blobs }) => blobs));
    }),
    { numRuns: 60, seed: 3 },
  );
});

Deno.test("[LINES2] a chunk holds no memory but its own bytes: the store writes all that a view is part of", () => {
  const draft = { event_type: "output", run_id: "r", data: { message: "m".repeat(40_000) } } as unknown as EventDraft;
  const { lines } = toLines([draft, draft], { session_id: "s", seq: 1, timestamp: "2026-01-01T00:00:00.000Z" });
  const chunks = toChunks("s", 1, lines);
  assertEquals(chunks.length, 2);
  for (const chunk of chunks) {
    if (chunk.type !== "set") throw new Error("a chunk is set");
    assertEquals(chunk.value.buffer.byteLength, chunk.value.length);
  }
});

Deno.test("[LINES3] lines of several commands stand together as if one had said them", () => {
  fc.assert(
    fc.property(events, fc.nat(6), (drafts, cut) => {
      const context = { session_id: "s", seq: 1, timestamp: "2026-01-01T00:00:00.000Z" };
      const [one, other] = [drafts.slice(0, cut), drafts.slice(cut)];
      const parts = [toLines(one, context), toLines(other, { ...context, seq: 1 + one.length })];
      const whole = joinLines(parts.map(({ lines }) => lines));
      assertEquals(singly(whole), singly(toLines(drafts, context).lines));
    }),
    { numRuns: 60, seed: 4 },
  );
});
