// Long synchronous work in slices, so that the server answers others in between.
import { setImmediate } from "node:timers";
import type { Clock } from "../service/ports.ts";

/** A slice: long enough that the pauses cost little, short enough that nobody notices. */
const SLICE_MS = 4;

/** Lets the event loop turn once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}

/** Tells when the current slice is used up, and pauses. */
export class Breather {
  #clock: Clock;
  #until: number;
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#until = clock.monotonic() + SLICE_MS;
  }
  /** Whether the slice is used up. */
  get due(): boolean {
    return this.#clock.monotonic() >= this.#until;
  }
  /** Lets others run, then begins the next slice. */
  async pause(): Promise<void> {
    await turn();
    this.#until = this.#clock.monotonic() + SLICE_MS;
  }
}
