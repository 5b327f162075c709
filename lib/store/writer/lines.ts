// Events as lines, lines as chunks: the bytes that the log holds and that every client sees.
//
//   L1. A line is {"seq","event_type","timestamp","run_id","session_id","data"} in this order, and a newline.
//   L2. A line is at most 56,000 bytes with its newline; what is larger has gone to blobs.
//   L3. A chunk holds whole lines, at most 60,000 bytes of UTF-8; its key is the seq of its first line.
import { type EventDraft, MAX_LINE_BYTES } from "../../model/event.ts";
import type { Json } from "../../model/json.ts";
import { keys } from "../keys.ts";
import type { Mutation } from "../mutation.ts";
import { MAX_VALUE_BYTES } from "./sizes.ts";
import { type BlobDraft, spill, toBlob } from "./spill.ts";

/** Where an event stands. */
export interface LineContext {
  session_id: string;
  seq: number;
  timestamp: string;
  /** Largest line; 56,000 unless a command of many events has to be made smaller. */
  limit?: number;
}

const encoder = new TextEncoder();

/** Writes the events of a command as lines; `seq` is that of the first. */
export function toLines(
  events: readonly EventDraft[],
  context: LineContext,
): { lines: readonly Uint8Array[]; blobs: readonly BlobDraft[] } {
  const limit = context.limit ?? MAX_LINE_BYTES;
  const texts = events.map((event, i) => `${frontOf(event, context, i)}${JSON.stringify(event.data)}}\n`);
  const whole = encoder.encode(texts.join(""));
  // One encoding for all, where it is known where each ends: as many bytes as characters is what nearly every line has.
  const plain = whole.length === texts.reduce((sum, text) => sum + text.length, 0);
  if (plain && texts.every((text) => text.length <= limit)) {
    let at = 0;
    return { lines: texts.map((text) => whole.subarray(at, at += text.length)), blobs: [] };
  }
  const made = events.map((event, i) => toLine(event, { ...context, seq: context.seq + i }));
  return { lines: made.map(({ line }) => line), blobs: made.flatMap(({ blobs }) => blobs) };
}

function frontOf(event: EventDraft, { seq, timestamp, session_id }: LineContext, after = 0): string {
  return `{"seq":${seq + after},"event_type":${JSON.stringify(event.event_type)},"timestamp":"${timestamp}",` +
    `"run_id":${JSON.stringify(event.run_id)},"session_id":"${session_id}","data":`;
}

/** Writes one event as a line. */
export function toLine(event: EventDraft, context: LineContext): { line: Uint8Array; blobs: readonly BlobDraft[] } {
  const limit = context.limit ?? MAX_LINE_BYTES;
  const front = frontOf(event, context);
  const line = encoder.encode(`${front}${JSON.stringify(event.data)}}\n`);
  if (line.length <= limit) return { line, blobs: [] };
  const room = limit - encoder.encode(front).length - 2;
  const { value, blobs } = spillData(event.data as Record<string, Json>, room);
  return { line: encoder.encode(`${front}${JSON.stringify(value)}}\n`), blobs };
}

/** Spills the largest fields; where thousands of small ones are too many, the whole data. */
function spillData(data: Record<string, Json>, room: number): { value: Json; blobs: readonly BlobDraft[] } {
  const spilled = spill(data, room);
  if (encoder.encode(JSON.stringify(spilled.value)).length <= room) return spilled;
  const whole = toBlob(data);
  return { value: whole.ref, blobs: [whole.blob] };
}

/** Packs lines of one session into chunks. */
export function toChunks(session_id: string, first_seq: number, lines: readonly Uint8Array[]): Mutation[] {
  const rows: Mutation[] = [];
  for (let from = 0; from < lines.length;) {
    let bytes = 0;
    let to = from;
    for (let line = lines[to]; line && (to === from || bytes + line.length <= MAX_VALUE_BYTES); line = lines[++to]) {
      bytes += line.length;
    }
    rows.push({ type: "set", key: keys.chunk(session_id, first_seq + from), value: joinBytes(lines.slice(from, to)) });
    from = to;
  }
  return rows;
}

/** One array of all bytes. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  // A view of a larger buffer would keep all of it.
  if (parts.length === 1 && only && only.length === only.buffer.byteLength) return only;
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
