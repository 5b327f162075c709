// The log of a session: read after a cursor, before one, by type; chunks as they lie; compaction.
//
//   T1. Lines go out as the bytes that were committed; nothing is parsed for a replay.
//   T2. A reader begins exactly after its cursor and never skips: `kv.list` is not one snapshot across its batches, so
//       where the next chunk does not follow it seeks again.
//   T3. A page holds at most 1,000 lines and 1 MiB.
import { compact } from "./compaction.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { readHead } from "./sessions.ts";

/** Consecutive stored lines; `lines` is NDJSON in UTF-8. */
export interface Chunk {
  readonly first_seq: number;
  readonly last_seq: number;
  readonly lines: Uint8Array;
}
/** Which lines. Neither `after` nor `before` is `after: 0`. */
export interface EventPage {
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
  readonly types?: readonly string[] | undefined;
}
/** Lines of a page, each with its newline. */
export interface EventLines {
  readonly lines: string[];
  readonly head_seq: number;
  /** The last seq looked at: the cursor of the next page. */
  readonly next_after: number;
}

/** Largest page, bytes. */
export const MAX_PAGE_BYTES = 1024 * 1024;
const SEEKS = 20;
const NEWLINE = 10;
const decoder = new TextDecoder();

/** Reads logs. */
export interface Events {
  /** Null when the session is unknown or deleted. */
  headSeq(session_id: string): Promise<number | null>;
  /** Chunks after a seq up to the head when it is asked; the first begins at after + 1. */
  chunks(session_id: string, after: number): AsyncIterableIterator<Chunk>;
  /** Null when the session is unknown or deleted. */
  page(session_id: string, page: EventPage): Promise<EventLines | null>;
  /** Makes few large chunks of many small ones (of a finished run); the number of chunks that it has less. */
  compact(session_id: string): Promise<number>;
}

/** Makes the reader of logs. */
export function createEvents(kv: Kv): Events {
  const headSeq = async (session_id: string) => (await readHead(kv, session_id))?.head_seq ?? null;
  return {
    headSeq,
    compact: (session_id) => compact(kv, session_id),
    async *chunks(session_id, after) {
      const head = await headSeq(session_id);
      if (head !== null) yield* between(kv, session_id, { after, last: head });
    },
    async page(session_id, page) {
      const head_seq = await headSeq(session_id);
      if (head_seq === null) return null;
      return page.before === undefined
        ? await pageAfter(kv, session_id, { ...page, head_seq })
        : await pageBefore(kv, session_id, { ...page, before: Math.min(page.before, head_seq + 1), head_seq });
    },
  };
}

/** Chunks of the seqs after + 1 to last, cut at both ends. Ends early only when the session is deleted meanwhile. */
async function* between(
  kv: Kv,
  session_id: string,
  range: { after: number; last: number },
): AsyncIterableIterator<Chunk> {
  let cursor = range.after;
  for (let seeks = 0; cursor < range.last; seeks++) {
    if (seeks > SEEKS) {
      if (await readHead(kv, session_id) === null) return;
      throw new Error(`Cannot read the log of session "${session_id}": seq ${cursor + 1} is missing`);
    }
    const start = await chunkOf(kv, session_id, cursor + 1);
    if (start === null) continue;
    const end = keys.chunk(session_id, range.last + 1);
    for await (const entry of kv.list({ start: keys.chunk(session_id, start), end }, { batchSize: 20 })) {
      if (!(entry.value instanceof Uint8Array)) break;
      const chunk = cut(Number(entry.key[2]), entry.value, { after: cursor, last: range.last });
      if (chunk === null) break;
      yield chunk;
      cursor = chunk.last_seq;
      seeks = 0;
    }
  }
}

/** First seq of the chunk that holds a seq, as far as keys tell. */
async function chunkOf(kv: Kv, session_id: string, seq: number): Promise<number | null> {
  const range = { start: keys.chunk(session_id, 0), end: keys.chunk(session_id, seq + 1) };
  for await (const entry of kv.list(range, { reverse: true, limit: 1, batchSize: 1 })) return Number(entry.key[2]);
  return null;
}

/** The part of a chunk after a cursor; null when it does not hold the next seq. */
function cut(first: number, bytes: Uint8Array, range: { after: number; last: number }): Chunk | null {
  const next = range.after + 1;
  if (first > next) return null;
  let seq = first;
  let from = 0;
  while (seq < next) {
    from = bytes.indexOf(NEWLINE, from) + 1;
    if (from === 0 || from === bytes.length) return null;
    seq++;
  }
  let to = from;
  let last = next - 1;
  while (to < bytes.length && last < range.last) {
    to = bytes.indexOf(NEWLINE, to) + 1;
    if (to === 0) return null;
    last++;
  }
  return { first_seq: next, last_seq: last, lines: bytes.subarray(from, to) };
}

interface Looked {
  seq: number;
  line: string;
  bytes: number;
}

function* linesOf(chunk: Chunk): Generator<Looked> {
  let seq = chunk.first_seq;
  for (let from = 0; from < chunk.lines.length; seq++) {
    const to = chunk.lines.indexOf(NEWLINE, from) + 1;
    yield { seq, line: decoder.decode(chunk.lines.subarray(from, to)), bytes: to - from };
    from = to;
  }
}

/** The type of a line, which begins {"seq":1,"event_type":"…". */
function typeOf(line: string): string {
  const from = line.indexOf('"event_type":"') + 14;
  return line.slice(from, line.indexOf('"', from));
}

async function pageAfter(kv: Kv, session_id: string, page: EventPage & { head_seq: number }): Promise<EventLines> {
  const lines: string[] = [];
  const { head_seq } = page;
  let looked = Math.min(page.after ?? 0, head_seq);
  let size = 0;
  for await (const chunk of between(kv, session_id, { after: looked, last: head_seq })) {
    for (const { seq, line, bytes } of linesOf(chunk)) {
      if (page.types === undefined || page.types.includes(typeOf(line))) {
        if (lines.length >= page.limit || size + bytes > MAX_PAGE_BYTES) {
          return { lines, head_seq, next_after: looked };
        }
        lines.push(line);
        size += bytes;
      }
      looked = seq;
    }
  }
  return { lines, head_seq, next_after: looked };
}

/** Windows of the log are read backwards, each forwards, until enough lines are found. */
async function pageBefore(
  kv: Kv,
  session_id: string,
  page: EventPage & { before: number; head_seq: number },
): Promise<EventLines> {
  const { limit, types, head_seq } = page;
  const found: string[] = [];
  let size = 0;
  const answer = () => ({ lines: found.reverse(), head_seq, next_after: page.before - 1 });
  for (let last = page.before - 1; last > 0;) {
    const after = Math.max(0, last - Math.max(limit, 200));
    const window: Looked[] = [];
    for await (const chunk of between(kv, session_id, { after, last })) window.push(...linesOf(chunk));
    for (const { line, bytes } of window.reverse()) {
      if (types !== undefined && !types.includes(typeOf(line))) continue;
      if (found.length >= limit || (size += bytes) > MAX_PAGE_BYTES) return answer();
      found.push(line);
    }
    last = after;
  }
  return answer();
}
