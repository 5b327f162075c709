// One command from its submission to its answer.
//
//   N1. It is answered exactly once: by what became of it, by its time limit, or by its signal.
//   N2. Its time limit says what is known: in flight it may have happened (`in_doubt`), in the queue it has not.
import { AppError } from "../../model/error.ts";
import type { Clock } from "../ports.ts";
import type { Done, Submission } from "./types.ts";

/** Time limit of a person's command. */
export const PERSON_DEADLINE_MS = 10_000;
/** Decisions of a person's command before it is told `busy`. */
export const PERSON_TRIES = 5;
const DEFAULT_SIZE_BYTES = 512;

/** Where pendings belong. */
export interface PendingContext {
  clock: Clock;
  /** Whether the store is away right now. */
  away(): boolean;
  /** Whether the disk of the store is full right now. */
  full(): boolean;
  /** Called once, with its answer. */
  over(size_bytes: number): void;
}

/** One command that waits for its answer. */
export class Pending<S> {
  readonly submission: Submission<S, unknown>;
  readonly answer: Promise<Done<unknown>>;
  /** In a batch that was sent, or may be sent: only its outcome says whether it happened. */
  flying = false;
  /** Decisions that a lost check made worthless. */
  tries = 0;
  /** The time it is decided at, fixed once blobs were written for it: the same decision has the same blobs. */
  now: number | null = null;
  #over = false;
  #settle: { resolve(done: Done<unknown>): void; reject(error: unknown): void };
  readonly #context: PendingContext;
  readonly #cancelTimer: () => void;
  readonly #onAbort: () => void;

  constructor(submission: Submission<S, unknown>, context: PendingContext) {
    this.submission = submission;
    this.#context = context;
    const { promise, resolve, reject } = Promise.withResolvers<Done<unknown>>();
    this.answer = promise;
    this.#settle = { resolve, reject };
    const limit = submission.deadline_ms ?? (submission.owner === "person" ? PERSON_DEADLINE_MS : null);
    this.#cancelTimer = limit === null ? () => {} : context.clock.after(limit, () => this.#expire());
    this.#onAbort = () => {
      if (!this.flying) this.reject(submission.signal?.reason);
    };
    submission.signal?.addEventListener("abort", this.#onAbort);
  }

  /** Whether it has been answered. */
  get over(): boolean {
    return this.#over;
  }
  /** What it counts in the backlog. */
  get size_bytes(): number {
    return this.submission.size_bytes ?? DEFAULT_SIZE_BYTES;
  }

  resolve(done: Done<unknown>): void {
    if (this.#end()) this.#settle.resolve(done);
  }

  reject(error: unknown): void {
    if (this.#end()) this.#settle.reject(error);
  }

  /** Takes it out of flight: it has not happened. */
  land(): void {
    this.flying = false;
    if (this.submission.signal?.aborted) this.reject(this.submission.signal.reason);
  }

  /**
   * Takes it out of flight, to be decided again; false when it is over, or was decided as often as it may be. A run may
   * as long as its fence stands; in a session that does not exist no fence stands (`bounded`).
   */
  again(bounded: boolean): boolean {
    this.land();
    this.tries++;
    if ((bounded || this.submission.owner === "person") && this.tries >= PERSON_TRIES) {
      this.reject(new AppError("busy", "Cannot commit: the session is being changed by others", { retry_after_s: 1 }));
    }
    return !this.#over;
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#cancelTimer();
    this.submission.signal?.removeEventListener("abort", this.#onAbort);
    this.#context.over(this.size_bytes);
    return true;
  }

  #expire(): void {
    if (this.flying) {
      this.reject(new AppError("in_doubt", "Cannot tell whether it happened: the store has not answered"));
    } else if (this.#context.away()) {
      this.reject(new AppError("store_away", "Cannot commit: the store does not answer", { retry_after_s: 2 }));
    } else if (this.#context.full()) {
      this.reject(diskFull());
    } else {
      this.reject(new AppError("busy", "Cannot commit: its time limit ran out in the queue", { retry_after_s: 1 }));
    }
  }
}

/** Refuses what a full disk has no room for: it has not happened. */
export function diskFull(): AppError {
  return new AppError("full", "Cannot commit: the disk of the store is full", { retry_after_s: 10 });
}
