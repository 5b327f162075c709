// Bytes of a child into lines of output and, with a marker, into frames.
//
// Pure: chunks in, pieces out. Owns every bound on what is held: text at most MAX_PART bytes, a frame at most the size
// given. Leaves to channel.ts and exec_output.ts: reading, time, and what pieces mean.
//   T1. A frame runs from the marker to the next line feed, also when output without an end stands before it: the marker
//       holds a secret, so nothing but the writer of frames can have written it, and no stray print swallows a frame.
//   T2. Text is UTF-8; bytes that are not become U+FFFD. A part never ends inside a character.
//   T3. `\r\n` ends a line like `\n`.
//   T4. Whole lines of one chunk come as one piece: made one by one, a flood would cost several times as much.

/** Longest part of a line that is held before it is handed on as partial. */
export const MAX_PART = 16_384;

/** What came out of the bytes. */
export type Piece =
  | { readonly kind: "lines"; readonly messages: readonly string[] }
  | { readonly kind: "text"; readonly message: string; readonly partial: boolean }
  | { readonly kind: "frame"; readonly json: string }
  | { readonly kind: "too_long" };

const LF = 0x0a;
const CR = 0x0d;
const MARK = 0x1e;
const EMPTY = new Uint8Array(0);

/** Splits one stream. */
export class Splitter {
  #marker: Uint8Array | undefined;
  #max_frame: number;
  // A byte order mark is a character of the output like any other.
  #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #parts: Uint8Array[] = [];
  #size = 0;
  #in_frame = false;
  /** The line has been handed on in part. */
  #begun = false;
  /** Empty lines not yet handed on: one before a frame belongs to the frame, which may begin with a line feed. */
  #blank = 0;
  #carry: Uint8Array = EMPTY;
  #text_bytes = 0;

  /** With a marker (the record separator and a nonce) the stream may hold frames of at most `max_frame` bytes. */
  constructor(frames?: { nonce: string; max_frame: number }) {
    if (frames !== undefined) this.#marker = new TextEncoder().encode(`\x1e${frames.nonce}`);
    this.#max_frame = frames?.max_frame ?? 0;
  }

  /** Whether text is held that a pause should hand on. */
  get holding(): boolean {
    return !this.#in_frame && (this.#size > 0 || this.#blank > 0 || this.#carry.length > 0);
  }

  /** Bytes so far that are not of frames. */
  get text_bytes(): number {
    return this.#text_bytes;
  }

  /** Takes one chunk; the pieces in their order. */
  *push(bytes: Uint8Array): Generator<Piece> {
    let chunk = bytes;
    if (this.#carry.length > 0) {
      chunk = joined([this.#carry, bytes]);
      this.#carry = EMPTY;
    }
    let mark = this.#markIn(chunk, 0);
    let at = 0;
    while (at < chunk.length) {
      const lf = chunk.indexOf(LF, at);
      const end = lf < 0 ? chunk.length : lf;
      if (this.#in_frame) {
        yield* this.#frameBytes(chunk.subarray(at, end), lf >= 0);
        at = end + 1;
        continue;
      }
      if (mark !== undefined && mark.at < at) mark = this.#markIn(chunk, at);
      if (mark === undefined || mark.at > end) {
        const last = lf < 0 || this.#size > 0 || this.#begun ? end : lastLineFeed(chunk, at, mark?.at);
        if (last > end) {
          yield* this.#wholeLines(chunk.subarray(at, last));
          at = last + 1;
          continue;
        }
        yield* this.#textBytes(chunk.subarray(at, end), lf >= 0);
        at = end + 1;
        continue;
      }
      yield* this.#textBytes(chunk.subarray(at, mark.at), false);
      if (!mark.whole) {
        this.#carry = chunk.slice(mark.at);
        return;
      }
      yield* this.#beginFrame();
      at = mark.at + (this.#marker?.length ?? 0);
    }
  }

  /** Hands on what is held of a line, without its end; what may be the start of a character or a marker stays. */
  *flush(): Generator<Piece> {
    if (this.#in_frame) return;
    yield* this.#blanks();
    if (this.#size > 0) yield* this.#part(false);
  }

  /** Ends the stream: what is held is the last line; half a frame is none. */
  *end(): Generator<Piece> {
    if (this.#in_frame) return;
    if (this.#carry.length > 0) {
      this.#hold(this.#carry);
      this.#carry = EMPTY;
    }
    yield* this.#blanks();
    if (this.#size > 0 || this.#begun) yield this.#line();
  }

  *#frameBytes(bytes: Uint8Array, ended: boolean): Generator<Piece> {
    if (this.#size + bytes.length > this.#max_frame) {
      this.#take();
      yield { kind: "too_long" };
      return;
    }
    if (!ended) return this.#hold(bytes);
    this.#in_frame = false;
    yield { kind: "frame", json: this.#decoder.decode(this.#size === 0 ? bytes : joined([this.#take(), bytes])) };
  }

  *#beginFrame(): Generator<Piece> {
    if (this.#blank > 0) this.#blank--;
    yield* this.#blanks();
    if (this.#size > 0 || this.#begun) yield this.#line();
    this.#in_frame = true;
  }

  *#textBytes(bytes: Uint8Array, ended: boolean): Generator<Piece> {
    if (ended && bytes.length > 0 && bytes.length < MAX_PART && this.#size === 0 && !this.#begun) {
      this.#text_bytes += bytes.length + 1;
      yield* this.#blanks();
      return yield this.#whole(bytes);
    }
    this.#text_bytes += bytes.length + (ended ? 1 : 0);
    if (bytes.length > 0) yield* this.#blanks();
    for (let at = 0; at < bytes.length;) {
      const room = MAX_PART - this.#size;
      this.#hold(bytes.subarray(at, at + room));
      if (this.#size >= MAX_PART) yield* this.#part(true);
      at += room;
    }
    if (!ended) return;
    if (this.#marker !== undefined && this.#size === 0 && !this.#begun) this.#blank++;
    else yield this.#line();
  }

  /** Lines that lie whole in one chunk, without the end of the last one. */
  *#wholeLines(bytes: Uint8Array): Generator<Piece> {
    const messages = this.#decoder.decode(bytes).split("\n");
    // A character takes at most three bytes for each of its units.
    if (messages.some((message) => message.length * 3 >= MAX_PART)) return yield* this.#oneByOne(bytes);
    this.#text_bytes += bytes.length + 1;
    // Where frames come, empty lines at the end wait: the last one may belong to a frame.
    const said = this.#marker === undefined ? messages.length : messages.findLastIndex((message) => message !== "") + 1;
    if (said > 0) {
      yield* this.#blanks();
      const lines = messages.slice(0, said).map((line) => line.endsWith("\r") ? line.slice(0, -1) : line);
      yield { kind: "lines", messages: lines };
    }
    this.#blank += messages.length - said;
  }

  *#oneByOne(bytes: Uint8Array): Generator<Piece> {
    for (let at = 0; at <= bytes.length;) {
      const lf = bytes.indexOf(LF, at);
      const end = lf < 0 ? bytes.length : lf;
      yield* this.#textBytes(bytes.subarray(at, end), true);
      at = end + 1;
    }
  }

  *#blanks(): Generator<Piece> {
    for (; this.#blank > 0; this.#blank--) yield { kind: "text", message: "", partial: false };
  }

  /** A part of a line; `full` when it is handed on for its size. Half a character waits for its rest. */
  *#part(full: boolean): Generator<Piece> {
    const bytes = this.#take();
    // A carriage return at the end may be half of a line end.
    const cr = bytes.at(-1) === CR ? 1 : 0;
    const cut = wholeCharacters(bytes.subarray(0, bytes.length - cr));
    if (cut < bytes.length) this.#hold(bytes.slice(cut));
    if (cut === 0 && !full) return;
    this.#begun = true;
    yield { kind: "text", message: this.#decoder.decode(bytes.subarray(0, cut)), partial: true };
  }

  #line(): Piece {
    this.#begun = false;
    return this.#whole(this.#take());
  }

  /** The bytes of a line as a piece, without the carriage return before its end. */
  #whole(bytes: Uint8Array): Piece {
    const end = bytes.at(-1) === CR ? bytes.length - 1 : bytes.length;
    return { kind: "text", message: this.#decoder.decode(bytes.subarray(0, end)), partial: false };
  }

  /** Keeps a copy: a chunk's memory may be used again for the next read. */
  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes.slice());
    this.#size += bytes.length;
  }

  #take(): Uint8Array {
    const all = this.#parts.length === 1 ? this.#parts[0] ?? EMPTY : joined(this.#parts);
    this.#parts = [];
    this.#size = 0;
    return all;
  }

  /** The first marker from `from` on, or what may be the start of one at the end of the chunk. */
  #markIn(chunk: Uint8Array, from: number): { at: number; whole: boolean } | undefined {
    const marker = this.#marker;
    if (marker === undefined) return undefined;
    for (let at = chunk.indexOf(MARK, from); at >= 0; at = chunk.indexOf(MARK, at + 1)) {
      const length = Math.min(marker.length, chunk.length - at);
      let same = 1;
      while (same < length && chunk[at + same] === marker[same]) same++;
      if (same === length) return { at, whole: length === marker.length };
    }
    return undefined;
  }
}

/** Where the last line before an end is over. */
function lastLineFeed(chunk: Uint8Array, from: number, end: number | undefined): number {
  return from + chunk.subarray(from, end).lastIndexOf(LF);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Length of the bytes without a character that has only begun at their end. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue; // a continuation: look further back for the byte that says how long it is
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return wanted > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
