// Where the time of a start goes: what was reached when, in milliseconds since the process began.
import type { Clock } from "./ports.ts";

/** Phases of a start, in the order in which they were reached. */
export class StartPhases {
  readonly #clock: Clock;
  readonly #reached: Record<string, number> = {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that a phase is over. */
  reached(phase: string): void {
    this.#reached[phase] = Math.round(this.#clock.monotonic());
  }

  /** Milliseconds from the beginning of the process to the end of each phase. */
  get all(): Readonly<Record<string, number>> {
    return this.#reached;
  }
}
