// What the server holds for one sandbox: what it asked for and has not been given yet, in bytes and in number.
//
//   B1. Both are bounded. Asking costs a sandbox nothing; a thousand programs of 1 MB that wait for their turn, or
//       answers that it never reads, would otherwise fill the server's memory.

/** Most bytes held for one run. */
export const MAX_HELD_BYTES = 128 * 1024 * 1024;
/** Most things held for one run: more than a journal has entries. */
export const MAX_HELD = 25_000;

/** Counts what is held. */
export class Held {
  readonly #parts = new Map<string, number>();
  readonly #over: (message: string) => void;
  #bytes = 0;

  /** `over` is called when more is asked for than may be held. */
  constructor(over: (message: string) => void) {
    this.#over = over;
  }

  /** Holds more under a name; false when that is too much. */
  take(name: string, bytes: number): boolean {
    if (this.#bytes + bytes > MAX_HELD_BYTES || this.#parts.size >= MAX_HELD) {
      const most = `${MAX_HELD_BYTES / 1024 / 1024} MB, ${MAX_HELD} wishes`;
      this.#over(`The workflow asked for more at once than is held for a run: ${most}`);
      return false;
    }
    this.#bytes += bytes;
    this.#parts.set(name, (this.#parts.get(name) ?? 0) + bytes);
    return true;
  }

  /** Whether something is held under a name. */
  has(name: string): boolean {
    return this.#parts.has(name);
  }

  /** Lets everything under a name go. */
  release(name: string): void {
    this.#bytes -= this.#parts.get(name) ?? 0;
    this.#parts.delete(name);
  }

  /** Lets go of the names that are not wanted any more. */
  releaseWhere(over: (name: string) => boolean): void {
    for (const name of [...this.#parts.keys()]) if (over(name)) this.release(name);
  }
}
