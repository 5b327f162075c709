import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { EventDraft } from "@/lib/model/event.ts";
import { MAX_LINE_BYTES } from "@/lib/model/event.ts";
import { joinLines, toChunks, toLine } from "@/lib/store/writer/lines.ts";
import { MAX_VALUE_BYTES } from "@/lib/store/writer/sizes.ts";
import { preview, spill, toBlob } from "@/lib/store/writer/spill.ts";

const context = { session_id: "s-1", seq: 7, timestamp: "2026-01-05T09:00:00.000Z" };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const said = (data: Record<string, string>): EventDraft =>
  ({ event_type: "warning", run_id: "r-1", data: { code: "c", message: "m", ...data } }) as EventDraft;

Deno.test("[LOG-LINE] a line has its fields in one order and ends with a newline", () => {
  const { line } = toLine({ event_type: "warning", run_id: null, data: { code: "c", message: "é" } }, context);
  assertEquals(
    text(line),
    '{"seq":7,"event_type":"warning","timestamp":"2026-01-05T09:00:00.000Z","run_id":null,"session_id":"s-1",' +
      '"data":{"code":"c","message":"é"}}\n',
  );
});

Deno.test("[LOG-LINE] a line is at most 56,000 bytes: its largest fields go to blobs, the smaller ones stay", () => {
  const { line, blobs } = toLine(said({ message: "ü".repeat(40_000), code: "a".repeat(5000) }), context);
  assert(line.length <= MAX_LINE_BYTES);
  const { data } = JSON.parse(text(line));
  assertEquals(data.code, "a".repeat(5000));
  assertEquals(data.message.$blob.size_bytes, 80_000);
  assertEquals(data.message.$blob.media_type, "text/plain");
  assertEquals(data.message.preview, "ü".repeat(1000));
  assertEquals(blobs.map((blob) => text(blob.bytes)), ["ü".repeat(40_000)]);
});

Deno.test("[LOG-LINE] data of thousands of small fields goes to a blob as a whole", () => {
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`field-${n}`, "0123456789"]));
  const { line, blobs } = toLine(said(many), context);
  assert(line.length <= MAX_LINE_BYTES);
  assertEquals(JSON.parse(text(blobs[0]!.bytes))["field-2999"], "0123456789");
  assertEquals(JSON.parse(text(line)).data.$blob.digest, blobs[0]!.digest);
});

Deno.test("[LOG-LINE] exactly 56,000 bytes stay, one more does not", () => {
  assertEquals(MAX_LINE_BYTES, 56_000);
  const empty = toLine(said({ message: "" }), context).line.length;
  assertEquals(toLine(said({ message: "x".repeat(MAX_LINE_BYTES - empty) }), context).blobs.length, 0);
  assertEquals(toLine(said({ message: "x".repeat(MAX_LINE_BYTES - empty + 1) }), context).blobs.length, 1);
});

Deno.test("[LOG-CHUNK] chunks hold whole lines, at most 60,000 bytes, under the seq of their first", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: MAX_LINE_BYTES }), { minLength: 1, maxLength: 30 }), (sizes) => {
      const lines = sizes.map((size, i) => new Uint8Array(size).fill(i));
      const chunks = toChunks("s", 5, joinLines(lines.map((bytes) => ({ bytes, ends: [bytes.length] }))));
      let seq = 5;
      const bytes: number[] = [];
      for (const chunk of chunks) {
        assert(chunk.type === "set" && chunk.value.length <= MAX_VALUE_BYTES);
        assertEquals(chunk.key, ["events", "s", seq]);
        seq += new Set(chunk.value).size;
        for (const byte of new Set(chunk.value)) bytes.push(byte);
      }
      assertEquals(seq, 5 + lines.length);
      assertEquals(bytes, lines.map((_, i) => i));
      const total = chunks.reduce((sum, chunk) => sum + (chunk.type === "set" ? chunk.value.length : 0), 0);
      assertEquals(total, sizes.reduce((sum, size) => sum + size, 0));
    }),
    { seed: 1, numRuns: 20 },
  );
});

Deno.test("[LOG-SPILL] text that UTF-8 cannot hold goes into its blob as JSON", () => {
  const broken = "a\ud800b";
  const { ref, blob } = toBlob(broken);
  assertEquals(ref.$blob.media_type, "application/json");
  assertEquals(JSON.parse(text(blob.bytes)), broken);
});

Deno.test("[LOG-SPILL] a preview never ends in half a pair; nothing small is spilled for nothing", () => {
  assertEquals(preview("x".repeat(999) + "😀"), "x".repeat(999));
  assertEquals(spill({ a: "x".repeat(100), b: "y" }, 10).blobs, []);
});
