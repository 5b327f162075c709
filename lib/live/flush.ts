// Lines that became durable together: decoded once, framed once, sent to any number of readers.
//
// Gapless: the line at index i has the seq first_seq + i.
import { batchFrame, topicFrame } from "./frames.ts";

/** A stretch of a session's log. */
export class Flush {
  readonly first_seq: number;
  readonly last_seq: number;
  readonly lines: readonly string[];
  readonly bytes: number;
  readonly #frames = new Map<string, { batch?: string; single?: readonly string[] }>();

  constructor(first_seq: number, lines: readonly string[]) {
    this.first_seq = first_seq;
    this.last_seq = first_seq + lines.length - 1;
    this.lines = lines;
    this.bytes = lines.reduce((sum, line) => sum + line.length, 0);
  }

  /** Reads NDJSON as it is stored. */
  static of(first_seq: number, ndjson: Uint8Array): Flush {
    const text = new TextDecoder().decode(ndjson);
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    return new Flush(first_seq, lines);
  }

  /** The part after a cursor: this flush itself where it begins there, null where nothing is left. */
  after(cursor: number): Flush | null {
    if (this.first_seq > cursor) return this;
    if (this.last_seq <= cursor) return null;
    return new Flush(cursor + 1, this.lines.slice(cursor + 1 - this.first_seq));
  }

  /** One frame for all lines. */
  batch(topic: string): string {
    const frames = this.#of(topic);
    return frames.batch ??= batchFrame(topic, this.lines);
  }

  /** One frame a line. */
  single(topic: string): readonly string[] {
    const frames = this.#of(topic);
    return frames.single ??= this.lines.map((line) => topicFrame(topic, line));
  }

  #of(topic: string): { batch?: string; single?: readonly string[] } {
    const known = this.#frames.get(topic);
    if (known !== undefined) return known;
    const made = {};
    this.#frames.set(topic, made);
    return made;
  }
}
