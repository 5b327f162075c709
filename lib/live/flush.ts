// Lines that became durable together: decoded once, framed once, sent to any number of readers.
//
//   FL1. Gapless: the line at index i has the seq first_seq + i.
//   FL2. The text stays whole until somebody wants single lines: most readers get it as one frame.
import { batchFrame, topicFrame } from "./frames.ts";

const decoder = new TextDecoder();

/** A stretch of a session's log. */
export class Flush {
  readonly first_seq: number;
  readonly last_seq: number;
  /** Each line with its newline. */
  readonly #text: string;
  readonly #frames = new Map<string, { batch?: string; single?: readonly string[] }>();
  #lines: readonly string[] | null = null;

  private constructor(first_seq: number, last_seq: number, text: string) {
    this.first_seq = first_seq;
    this.last_seq = last_seq;
    this.#text = text;
  }

  /** Reads NDJSON as it is stored. */
  static of({ first_seq, last_seq, lines }: { first_seq: number; last_seq: number; lines: Uint8Array }): Flush {
    return new Flush(first_seq, last_seq, decoder.decode(lines));
  }

  /** Puts neighbours together; null where the second does not follow the first. */
  static joined(one: Flush, other: Flush): Flush | null {
    if (other.first_seq !== one.last_seq + 1) return null;
    return new Flush(one.first_seq, other.last_seq, one.#text + other.#text);
  }

  /** Its size in characters. */
  get bytes(): number {
    return this.#text.length;
  }

  /** Single lines, without their newlines. */
  get lines(): readonly string[] {
    return this.#lines ??= this.#text.slice(0, -1).split("\n");
  }

  /** The part after a cursor: this flush itself where it begins there, null where nothing is left. */
  after(cursor: number): Flush | null {
    if (this.first_seq > cursor) return this;
    if (this.last_seq <= cursor) return null;
    let from = 0;
    for (let seq = this.first_seq; seq <= cursor; seq++) from = this.#text.indexOf("\n", from) + 1;
    return new Flush(cursor + 1, this.last_seq, this.#text.slice(from));
  }

  /** One frame for all lines. */
  batch(topic: string): string {
    const frames = this.#of(topic);
    return frames.batch ??= batchFrame(topic, this.#text);
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
