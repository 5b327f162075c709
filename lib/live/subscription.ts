// One client following one session.
//
// Owns the cursor and the phase. Leaves to hub.ts: knowing that something happened; to the log: what happened; to its
// sink: how frames look and how much a reader can take.
//   L1. Lines leave in seq order without gap or repeat, across replay and live.
//   L2. It joins the hub before it reads the log, so nothing falls between the two.
//   L3. What it holds while it reads is bounded: past the bound it forgets and reads the log again.
//   L4. A flush that does not continue at the cursor is never sent: the log is read from the cursor instead.
import { AppError, isStoreAway } from "../model/error.ts";
import type { LiveLog } from "../service/holdfast.ts";
import type { Clock } from "../service/ports.ts";
import { Flush } from "./flush.ts";
import type { LiveHub, Member } from "./hub.ts";

/** Where a subscription puts what it has. Nothing is called after `gone`, `failed` or Subscription.close(). */
export interface Sink {
  flush(flush: Flush): void;
  /** All that had been committed has been handed over; called once. */
  caughtUp(head_seq: number): void;
  /** The cursor was beyond the log: lines from `from_seq` on follow. */
  reset(from_seq: number, reason: string): void;
  gone(): void;
  failed(error: unknown): void;
  /** Settles when the reader can take the next chunk of a replay, or is closed. */
  room(): Promise<void>;
}
/** What a subscription is made of. */
export interface SubscriptionOptions {
  session_id: string;
  /** The cursor: lines after this seq are wanted. */
  after: number;
  log: LiveLog;
  hub: LiveHub;
  clock: Clock;
  sink: Sink;
}

type Phase = { phase: "replay"; held: Flush[]; bytes: number; missed: boolean } | { phase: "live" } | { phase: "over" };

/** Bytes of live lines that are held while the log is read. */
const HELD_BYTES = 512 * 1024;
/** How often a log that does not hold what was announced is read again, and the wait before, milliseconds. */
const RETRIES = 5;
const RETRY_MS = 50;
/** How long a store that does not answer is left alone. */
const AWAY_MS = 1000;

/** One client following one session. */
export class Subscription implements Member {
  readonly session_id: string;
  readonly #options: SubscriptionOptions;
  readonly #leave: () => void;
  #cursor: number;
  #phase: Phase = replaying();
  #told = false;

  /** Begins at once. */
  constructor(options: SubscriptionOptions) {
    this.session_id = options.session_id;
    this.#options = options;
    this.#cursor = options.after;
    this.#leave = options.hub.join(options.session_id, this);
    this.#guarded(this.#begin());
  }

  /** The last seq that was handed over (or the cursor it began with). */
  get cursor(): number {
    return this.#cursor;
  }

  /** Ends it; the sink is not called any more. */
  close(): void {
    if (this.#phase.phase === "over") return;
    this.#phase = { phase: "over" };
    this.#leave();
  }

  /** Called by the hub. */
  flush(flush: Flush): void {
    const phase = this.#phase;
    switch (phase.phase) {
      case "over":
        return;
      case "replay":
        return hold(phase, flush);
      case "live":
        if (this.#deliver(flush)) return;
        this.#phase = replaying(flush);
        return this.#guarded(this.#catchUp());
      default:
        return phase satisfies never;
    }
  }

  /** Called by the hub: the session was deleted. */
  gone(): void {
    if (this.#phase.phase === "over") return;
    this.close();
    this.#options.sink.gone();
  }

  /** Called by the hub: commits went by unheard. While the log is read anyway, its head is looked at again. */
  look(): void {
    if (this.#phase.phase === "replay") this.#phase.missed = true;
    else this.#guarded(this.refresh());
  }

  /** Looks whether the log has moved without a word of it, and catches up: a wake may be lost, a line never. */
  async refresh(): Promise<void> {
    if (this.#phase.phase !== "live") return;
    const head = await this.#options.log.headSeq(this.session_id).catch(notAway);
    if (this.#phase.phase !== "live" || head === undefined) return;
    if (head === null) return this.gone();
    if (head <= this.#cursor) return;
    this.#phase = replaying();
    await this.#catchUp();
  }

  async #begin(): Promise<void> {
    const head = await this.#options.log.headSeq(this.session_id);
    if (this.#isOver()) return;
    if (head === null) return this.gone();
    if (this.#cursor > head) {
      this.#options.sink.reset(1, `the cursor ${this.#cursor} is beyond the log, which ends at ${head}`);
      this.#cursor = 0;
    }
    await this.#catchUp();
  }

  /** Reads on where it stopped when the store answers again: who follows stays. */
  async #catchUp(): Promise<void> {
    for (;;) {
      try {
        return await this.#replay();
      } catch (error) {
        notAway(error);
        await this.#options.clock.sleep(AWAY_MS);
        if (this.#isOver()) return;
      }
    }
  }

  /** Reads the log until nothing is left between it and what the hub tells. */
  async #replay(): Promise<void> {
    const { log, sink, clock } = this.#options;
    for (let stalled = 0; stalled <= RETRIES;) {
      const before = this.#cursor;
      for await (const chunk of log.chunks(this.session_id, this.#cursor)) {
        await sink.room();
        if (this.#isOver()) return;
        if (!this.#deliver(Flush.of(chunk))) break;
      }
      if (this.#isOver() || this.#handOver()) return;
      if (this.#cursor > before) {
        stalled = 0;
        continue;
      }
      if (++stalled > 1) await clock.sleep(RETRY_MS * stalled);
      if (await log.headSeq(this.session_id) === null) return this.gone();
    }
    throw new AppError("internal", `Cannot follow the session: its log has no event after ${this.#cursor}`);
  }

  /** Sends what was held and goes live; false when the log must be read again first. */
  #handOver(): boolean {
    const phase = this.#phase;
    if (phase.phase !== "replay") return true;
    if (phase.missed) {
      this.#phase = replaying();
      return false;
    }
    for (const [at, flush] of phase.held.entries()) {
      if (this.#deliver(flush)) continue;
      this.#phase = replaying(...phase.held.slice(at));
      return false;
    }
    this.#phase = { phase: "live" };
    if (!this.#told) this.#options.sink.caughtUp(this.#cursor);
    this.#told = true;
    return true;
  }

  /** Sends the part after the cursor; false when lines before it are missing. */
  #deliver(flush: Flush): boolean {
    const rest = flush.after(this.#cursor);
    if (rest === null) return true;
    if (rest.first_seq !== this.#cursor + 1) return false;
    this.#cursor = rest.last_seq;
    this.#options.sink.flush(rest);
    return true;
  }

  #isOver(): boolean {
    return this.#phase.phase === "over";
  }

  #guarded(work: Promise<void>): void {
    work.catch((error) => {
      if (this.#isOver()) return;
      this.close();
      this.#options.sink.failed(error);
    });
  }
}

/** Throws on what is not a store that does not answer. */
function notAway(error: unknown): undefined {
  if (!isStoreAway(error)) throw error;
}

function replaying(...held: Flush[]): Phase & { phase: "replay" } {
  return { phase: "replay", held, bytes: held.reduce((sum, flush) => sum + flush.bytes, 0), missed: false };
}

function hold(phase: Phase & { phase: "replay" }, flush: Flush): void {
  if (phase.missed) return;
  phase.held.push(flush);
  phase.bytes += flush.bytes;
  if (phase.bytes <= HELD_BYTES) return;
  phase.missed = true;
  phase.held = [];
}
