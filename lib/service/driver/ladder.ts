// Cancel, rung by rung: told at once, SIGTERM after 2 s, SIGKILL of the group after 5 s. Each rung is an event.
//
// Leaves to the driver: what ends when the sandbox is over. Under bwrap SIGTERM kills at once without grace, so that rung
// is left out there.
import type { CancelStage } from "../../model/run.ts";
import type { Cancel, Clock } from "../ports.ts";

const TERMINATE_MS = 2_000;
const KILL_MS = 5_000;

/** What the ladder does on its way. */
export interface LadderParts {
  readonly clock: Clock;
  readonly terminates: boolean;
  /** Sends the cancel frame. */
  tell(): void;
  terminate(): void;
  kill(): void;
  /** Puts a rung into the log. */
  stage(stage: Exclude<CancelStage, "asked">): void;
}

/** The ladder of one sandbox; it is climbed once. */
export class CancelLadder {
  readonly #parts: LadderParts;
  #timers: Cancel[] | null = null;

  constructor(parts: LadderParts) {
    this.#parts = parts;
  }

  /** Whether it is being climbed. */
  get started(): boolean {
    return this.#timers !== null;
  }

  /** Starts to climb; again does nothing. */
  start(): void {
    if (this.#timers !== null) return;
    const { clock, terminates, tell, terminate, kill, stage } = this.#parts;
    tell();
    stage("told");
    this.#timers = [clock.after(KILL_MS, () => {
      stage("killed");
      kill();
    })];
    if (!terminates) return;
    this.#timers.push(clock.after(TERMINATE_MS, () => {
      stage("terminated");
      terminate();
    }));
  }

  /** The sandbox is over. */
  end(): void {
    for (const cancel of this.#timers ?? []) cancel();
  }
}
