// The lines between host and sandbox: frames out on stdout, frames in on stdin.
//
//   N1. A frame is `\x1e`, the nonce, JSON and a newline; JSON never holds the first or the last of them as they are.
//   N2. What a workflow prints is never a frame: `\x1e` in it becomes a visible sign.
//   N3. All that is said in one turn of the event loop leaves in one write; what is said before a spin of 64 KB leaves too.
import type { ChildFrame } from "../lib/protocol/sandbox.ts";
import { captured } from "./capture.ts";

const FLUSH_CHARACTERS = 64_000;

/** Writes frames and output. */
export class Writer {
  #nonce = "";
  #text = "";
  #scheduled = false;

  /** From here on frames can be written. */
  setNonce(nonce: string): void {
    this.#nonce = nonce;
  }

  frame(frame: ChildFrame): void {
    this.#add(`\x1e${this.#nonce}${captured.stringify(frame)}\n`);
  }

  /** Writes text as it is, for the output of the run. */
  output(text: string): void {
    this.#add(text.replaceAll("\x1e", "\u241e"));
  }

  #add(text: string): void {
    this.#text += text;
    if (this.#text.length >= FLUSH_CHARACTERS) return this.flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    captured.later(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Writes everything now. Blocks while the host does not read: that is the backpressure. */
  flush(): void {
    if (this.#text === "") return;
    const bytes = captured.encode(this.#text);
    this.#text = "";
    const size = captured.size(bytes);
    for (let written = 0; written < size;) written += captured.write(captured.part(bytes, written, size));
  }
}

/** Reads lines of stdin until its end. */
export async function* lines(): AsyncGenerator<string> {
  const buffer = new Uint8Array(65_536);
  let parts: Uint8Array[] = [];
  for (;;) {
    const count = await captured.read(buffer);
    if (count === null) return;
    let from = 0;
    for (let at = buffer.indexOf(10, from); at >= 0 && at < count; at = buffer.indexOf(10, from)) {
      parts.push(buffer.slice(from, at));
      yield captured.decode(joined(parts));
      parts = [];
      from = at + 1;
    }
    if (from < count) parts.push(buffer.slice(from, count));
  }
}

function joined(parts: Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
