// Events as lines, lines as chunks: the bytes that the log holds and that every client sees.
//
//   L1. A line is {"seq","event_type","timestamp","run_id","session_id","data"} in this order, and a newline.
//   L2. A line is at most 56,000 bytes with its newline; what is larger has gone to blobs.
//   L3. A chunk holds whole lines, at most 60,000 bytes of UTF-8; its key is the seq of its first line.
import { type EventDraft, MAX_LINE_BYTES } from "../../model/event.ts";
import type { Json } from "../../model/json.ts";
import { utf8Length } from "../../model/utf8.ts";
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

/** Lines of one session that follow one another: their bytes in one piece, and where each of them ends. */
export interface Lines {
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
}

const encoder = new TextEncoder();

/** Writes the events of a command as lines; `seq` is that of the first. */
export function toLines(
  events: readonly EventDraft[],
  context: LineContext,
): { lines: Lines; blobs: readonly BlobDraft[] } {
  const limit = context.limit ?? MAX_LINE_BYTES;
  const texts = textsOf(events, context);
  // One encoding for all: an array of its own for each line would cost more than its bytes.
  const bytes = encoder.encode(texts.reduce((all, text) => all + text, ""));
  const plain = bytes.length === texts.reduce((sum, text) => sum + text.length, 0);
  const ends: number[] = [];
  let at = 0;
  for (const text of texts) {
    const size = plain ? text.length : utf8Length(text);
    if (size > limit) return oneByOne(events, context);
    ends.push(at += size);
  }
  return { lines: { bytes, ends }, blobs: [] };
}

/** The lines as texts. Neighbours nearly always begin alike: what is the same in all of them is made once. */
function textsOf(events: readonly EventDraft[], context: LineContext): string[] {
  let [front, type, run]: [string, string, string | null] = ["", "", null];
  return events.map((event, i) => {
    const { event_type, run_id } = event;
    if (event_type !== type || run_id !== run) [front, type, run] = [frontOf(event, context), event_type, run_id];
    return `{"seq":${context.seq + i},${front}${JSON.stringify(event.data)}}\n`;
  });
}

function oneByOne(events: readonly EventDraft[], context: LineContext): { lines: Lines; blobs: readonly BlobDraft[] } {
  const made = events.map((event, i) => toLine(event, { ...context, seq: context.seq + i }));
  const lines = joinLines(made.map(({ line }) => ({ bytes: line, ends: [line.length] })));
  return { lines, blobs: made.flatMap(({ blobs }) => blobs) };
}

/** Puts lines that follow one another together. */
export function joinLines(parts: readonly Lines[]): Lines {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const ends: number[] = [];
  let from = 0;
  for (const part of parts) {
    for (const end of part.ends) ends.push(from + end);
    from += part.bytes.length;
  }
  return { bytes: joinBytes(parts.map(({ bytes }) => bytes)), ends };
}

/** What stands between the seq of a line and its data. */
function frontOf({ event_type, run_id }: EventDraft, { timestamp, session_id }: LineContext): string {
  return `"event_type":${JSON.stringify(event_type)},"timestamp":"${timestamp}",` +
    `"run_id":${JSON.stringify(run_id)},"session_id":"${session_id}","data":`;
}

/** Writes one event as a line. */
export function toLine(event: EventDraft, context: LineContext): { line: Uint8Array; blobs: readonly BlobDraft[] } {
  const limit = context.limit ?? MAX_LINE_BYTES;
  const front = `{"seq":${context.seq},${frontOf(event, context)}`;
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
export function toChunks(session_id: string, first_seq: number, { bytes, ends }: Lines): Mutation[] {
  const rows: Mutation[] = [];
  let from = 0;
  let first = 0;
  for (const [i, end] of ends.entries()) {
    const next = ends[i + 1];
    if (next !== undefined && next - from <= MAX_VALUE_BYTES) continue;
    // A copy: the store would write all of the memory that a view is part of.
    rows.push({ type: "set", key: keys.chunk(session_id, first_seq + first), value: bytes.slice(from, end) });
    from = end;
    first = i + 1;
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
