// Reads one stream of a child to its end and hands on what a splitter makes of it.
//
// Owns the pace: the next chunk is read only when the last one was dealt with, so a slow owner stops the child at a full
// pipe instead of filling the server's memory. A part of a line waits PART_MS for its end, then goes as it is.
import type { Clock } from "../service/ports.ts";
import type { Piece, Splitter } from "./splitter.ts";

/** How long a part of a line waits for its end. */
const PART_MS = 200;

/** How a stream is read. */
export interface ReadOptions {
  readonly clock: Clock;
  /** Deals with pieces; false stops reading. */
  handle(pieces: Iterable<Piece>): Promise<boolean>;
  /** May shorten a chunk. */
  take?(chunk: Uint8Array): Uint8Array;
}

/** Reads to the end of the stream, or until `handle` says to stop. Never rejects for what the child did. */
export async function readPieces(
  stream: ReadableStream<Uint8Array>,
  splitter: Splitter,
  { clock, handle, take }: ReadOptions,
): Promise<void> {
  const reader = stream.getReader();
  let next = nextChunk(reader);
  for (;;) {
    const chunk = splitter.holding ? await within(next, PART_MS, clock) : await next;
    if (chunk === "end") break;
    if (chunk === "late") {
      if (await handle(splitter.flush())) continue;
    } else if (await handle(splitter.push(take === undefined ? chunk : take(chunk)))) {
      next = nextChunk(reader);
      continue;
    }
    await reader.cancel().catch(() => {});
    return;
  }
  await handle(splitter.end());
}

async function nextChunk(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | "end"> {
  try {
    const { value, done } = await reader.read();
    return done ? "end" : value;
  } catch {
    return "end"; // the pipe broke: nothing more will come
  }
}

function within<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | "late"> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve("late"));
    promise.then(resolve, reject).finally(cancel);
  });
}
