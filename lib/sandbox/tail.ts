// The last bytes of a stream.

/** Keeps the last `max` bytes of what it is given. */
export class Tail {
  #max: number;
  #parts: Uint8Array[] = [];
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  push(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice(-this.#max));
    this.#size += Math.min(bytes.length, this.#max);
    for (let first = this.#parts[0]; first !== undefined; first = this.#parts[0]) {
      if (this.#size - first.length < this.#max) break;
      this.#parts.shift();
      this.#size -= first.length;
    }
  }

  /** What is kept as text; it begins with a whole character. */
  text(): string {
    const all = new Uint8Array(this.#size);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    let from = Math.max(0, all.length - this.#max);
    const cut = from > 0;
    while (cut && from < all.length && ((all[from] ?? 0) & 0xc0) === 0x80) from++;
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(all.subarray(from));
  }
}
