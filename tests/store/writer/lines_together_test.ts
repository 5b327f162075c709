import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { EventDraft } from "@/lib/model/event.ts";
import { joinBytes, toLine, toLines } from "@/lib/store/writer/lines.ts";

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.constant("é".repeat(3000)),
  fc.constant("x".repeat(9000)),
);
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
        together.lines.map((line) => new TextDecoder().decode(line)),
        alone.map(({ line }) => new TextDecoder().decode(line)),
      );
      assertEquals(together.blobs, alone.flatMap(({ blobs }) => blobs));
    }),
    { numRuns: 60, seed: 3 },
  );
});

Deno.test("[LINES2] one line alone does not keep the memory of those that it was written with", () => {
  const draft = { event_type: "output", run_id: "r", data: { message: "m" } } as unknown as EventDraft;
  const { lines } = toLines([draft, draft], { session_id: "s", seq: 1, timestamp: "2026-01-01T00:00:00.000Z" });
  const alone = joinBytes(lines.slice(0, 1));
  assertEquals(alone.buffer.byteLength, alone.length);
});
