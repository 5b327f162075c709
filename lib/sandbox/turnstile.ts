// One at a time, in the order of asking.

/** Runs functions one after the other; a failure of one does not stop the next. */
export class Turnstile {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `fn` when all that asked before are through. */
  pass<T>(fn: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(fn, fn);
    this.#last = mine.catch(() => {});
    return mine;
  }
}
