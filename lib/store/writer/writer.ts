// The writer: the queue of every session, the window, and one batch after the other.
//
//   Q1. Nobody is told anything before what it rests on is durable: not success, not refusal, not fan-out.
//   Q2. Batches never overlap; one in doubt is settled before the next is sent (row.ts).
//   Q3. A part whose check was lost is read again, head first, and decided again.
//   Q4. A cached state is the decided one with the versionstamp of its commit; it serves decisions, never reads.
// Leaves to batch.ts: deciding and gathering; to pending.ts: time limits; to stage.ts: blobs that come first.
import { getLogger } from "@logtape/logtape";
import { AppError } from "../../model/error.ts";
import type { Entry } from "../mutation.ts";
import { pause } from "../ports.ts";
import { type Choice, choose, Decider, readMany } from "./batch.ts";
import { Committer } from "./committer.ts";
import { Lane } from "./lane.ts";
import { diskFull, Pending } from "./pending.ts";
import type { Staging } from "./prepare.ts";
import { WriterRow } from "./row.ts";
import { COMMAND_LIMIT } from "./sizes.ts";
import { giveUp, stageBlobs } from "./stage.ts";
import type { Commit, Done, Submission, Writer, WriterOptions } from "./types.ts";

const log = getLogger(["holdfast", "store", "writer"]);
const WINDOW_MS = 5;
const MOST_OUTSIDE = COMMAND_LIMIT.checks - 2;
const MAX_CACHED = 1000;
const RETRY_MS = 50;
const CLOSE_MS = 5000;

/** Opens a writer: takes a new id and writes its row. Waits as long as the store does not answer. */
export async function openWriter<S>(options: WriterOptions<S>): Promise<Writer<S>> {
  const writer = new SessionWriter(options);
  await writer.open();
  return writer;
}

class SessionWriter<S> implements Writer<S> {
  readonly #options: WriterOptions<S>;
  readonly #row: WriterRow;
  readonly #lanes = new Map<string, Lane<S>>();
  readonly #committer: Committer<S>;
  #backlog = 0;
  #running = false;
  #closed = false;
  #abandoned = false;
  #lastFlush = -Infinity;
  #cancelWindow: (() => void) | null = null;
  #idle: (() => void) | null = null;

  constructor(options: WriterOptions<S>) {
    this.#options = options;
    this.#row = new WriterRow({ ...options, faults: options.faults ?? {} });
    this.#committer = new Committer(options, this.#row);
  }

  open(): Promise<void> {
    return this.#row.open();
  }

  get id(): string {
    return this.#row.id;
  }

  get backlog_bytes(): number {
    return this.#backlog;
  }

  get readonly(): boolean {
    return this.#options.away?.() ?? false;
  }

  submit<R>(submission: Submission<S, R>): Promise<Done<R>> {
    const refusal = this.#refusal(submission);
    if (refusal) return Promise.reject(refusal);
    const pending = new Pending<S>(submission, {
      clock: this.#options.clock,
      away: () => this.readonly,
      full: () => this.#options.full?.() ?? false,
      over: (bytes) => {
        this.#backlog -= bytes;
      },
    });
    this.#backlog += pending.size_bytes;
    this.#lane(submission.session_id).queue.push(pending);
    this.#wake();
    return pending.answer as Promise<Done<R>>;
  }

  onCommit(fn: (commit: Commit<S>) => void): () => void {
    this.#committer.listeners.add(fn);
    return () => void this.#committer.listeners.delete(fn);
  }

  forget(session_id: string): void {
    const lane = this.#lanes.get(session_id);
    if (lane?.idle) this.#lanes.delete(session_id);
    else if (lane && lane.busy === null) lane.cached = null;
  }

  async close(deadline_ms = CLOSE_MS): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { promise: drained, resolve } = Promise.withResolvers<boolean>();
    this.#idle = () => resolve(true);
    const cancel = this.#options.clock.after(deadline_ms, () => resolve(false));
    this.#wake();
    const clean = await drained;
    cancel();
    if (clean) return await this.#row.close();
    this.#abandoned = true;
    this.#row.abandon();
    for (const lane of this.#lanes.values()) this.#fail(lane.queue, "draining");
  }

  #refusal(submission: Submission<S, unknown>): unknown {
    if (this.#closed) return new AppError("draining", "Cannot commit: the server is going away");
    if (submission.outside.length > MOST_OUTSIDE) {
      return new AppError("too_large", `Cannot commit: it reads more than ${MOST_OUTSIDE} keys outside its session`);
    }
    if (submission.signal?.aborted) return submission.signal.reason;
    if (submission.owner === "person" && this.readonly) {
      return new AppError("store_away", "Cannot commit: the store does not answer", { retry_after_s: 2 });
    }
    if (submission.owner === "person" && this.#options.full?.()) return diskFull();
    return null;
  }

  #fail(pendings: readonly Pending<S>[], code: "draining" | "in_doubt"): void {
    for (const pending of pendings) pending.reject(new AppError(code, "Cannot commit: the server is going away"));
  }

  #lane(session_id: string): Lane<S> {
    const lane = this.#lanes.get(session_id) ?? new Lane<S>(session_id);
    // Set again, so that the map's order is that of use and the oldest idle ones are dropped first.
    this.#lanes.delete(session_id);
    this.#lanes.set(session_id, lane);
    return lane;
  }

  /** Begins a round in the next microtask: what is submitted in this turn goes together. */
  #wake(): void {
    if (this.#running || this.#abandoned) return;
    this.#running = true;
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    this.#cancelWindow?.();
    this.#cancelWindow = null;
    try {
      for (let ready = this.#ready(); ready.length > 0 && !this.#abandoned; ready = this.#ready()) {
        const wait = this.#closed || ready.some((lane) => lane.urgent()) ? 0 : this.#windowLeft();
        if (wait > 0) {
          this.#cancelWindow = this.#options.clock.after(wait, () => this.#wake());
          break;
        }
        await this.#round(ready);
      }
    } finally {
      this.#running = false;
    }
    this.#trim();
    if (this.#idle && [...this.#lanes.values()].every((lane) => lane.idle)) this.#idle();
  }

  #windowLeft(): number {
    return this.#lastFlush + (this.#options.window_ms ?? WINDOW_MS) - this.#options.clock.monotonic();
  }

  /** Lanes that can be decided now; begins to read those that have no state yet. */
  #ready(): Lane<S>[] {
    const ready: Lane<S>[] = [];
    for (const lane of this.#lanes.values()) {
      if (lane.busy !== null) continue;
      if (!lane.waits()) {
        if (lane.provisional !== null) void this.#giveUp(lane, lane.provisional);
      } else if (lane.cached === null) void this.#load(lane);
      else ready.push(lane);
    }
    return ready;
  }

  async #round(ready: readonly Lane<S>[]): Promise<void> {
    const { clock, aggregate } = this.#options;
    this.#lastFlush = clock.monotonic();
    const choices = choose(ready);
    for (const { lane } of choices) lane.busy = "round";
    const entries = await this.#readOutside(choices);
    if (entries) {
      const decider = new Decider(aggregate, clock.now());
      const parts = choices.map((choice, i) => decider.decide(choice, entries[i] ?? []));
      await this.#committer.conclude(parts);
      for (const part of parts) {
        if (part.stage) void this.#stage(part.lane, part.stage);
        // Served: those that found no room come first in the next round.
        if (part.answers.length > 0) this.#lane(part.lane.session_id);
      }
    } else {
      for (const { lane, pendings } of choices) lane.back(pendings);
      await pause(clock, RETRY_MS);
    }
    for (const { lane } of choices) if (lane.busy === "round") lane.busy = null;
  }

  /** The outside entries of each command of each choice; null when the store does not give them. */
  async #readOutside(choices: readonly Choice<S>[]): Promise<Entry[][][] | null> {
    const wanted = choices.flatMap((choice) => choice.pendings.flatMap((pending) => pending.submission.outside));
    try {
      const entries = wanted.length > 0 ? await readMany(this.#options.kv, wanted) : [];
      let at = 0;
      return choices.map((choice) =>
        choice.pendings.map(({ submission }) => entries.slice(at, at += submission.outside.length))
      );
    } catch (error) {
      log.debug("read.failed", { error });
      return null;
    }
  }

  /** Reads a session that has commands; repeats until it is answered or nobody waits any more. */
  async #load(lane: Lane<S>): Promise<void> {
    lane.busy = "loading";
    while (lane.waits() && !this.#abandoned) {
      try {
        lane.cached = await this.#options.aggregate.load(this.#options.kv, lane.session_id);
        break;
      } catch (error) {
        log.debug("load.failed", { error, session_id: lane.session_id });
        await pause(this.#options.clock, RETRY_MS);
      }
    }
    this.#free(lane);
  }

  /** Writes the blobs of the first command of a lane, which is then decided again with the same time. */
  async #stage(lane: Lane<S>, stage: { pending: Pending<S>; staging: Staging }): Promise<void> {
    const { aggregate, kv, clock } = this.#options;
    // Refused meanwhile: it is decided again first, and a session that is there must not get a provisional row.
    if (lane.cached === null) return;
    lane.busy = "staging";
    stage.pending.now ??= clock.now();
    const alive = aggregate.phase(lane.cached.state) === "alive";
    while (!stage.pending.over && !this.#abandoned) {
      try {
        const target = { session_id: lane.session_id, alive, provisional: lane.provisional, writer_id: this.#row.id };
        const staged = await stageBlobs(kv, target, stage.staging.rows);
        if (staged.kind === "moved") this.#unstage(lane, stage.pending);
        else {
          lane.provisional = staged.provisional;
          for (const digest of stage.staging.digests) lane.staged.add(digest);
        }
        break;
      } catch (error) {
        log.debug("stage.failed", { error, session_id: lane.session_id });
        await pause(clock, RETRY_MS);
      }
    }
    this.#free(lane);
  }

  #unstage(lane: Lane<S>, pending: Pending<S>): void {
    lane.cached = null;
    lane.provisional = null;
    lane.staged.clear();
    pending.again(true);
  }

  /** Nobody creates the session any more: its blobs are the sweeper's. */
  async #giveUp(lane: Lane<S>, provisional: string): Promise<void> {
    lane.busy = "staging";
    try {
      await giveUp(this.#options.kv, lane.session_id, provisional);
    } catch (error) {
      // The row names this writer: swept after the next start.
      log.warn("give_up.failed", { error, session_id: lane.session_id });
    }
    lane.provisional = null;
    lane.staged.clear();
    this.#free(lane);
  }

  #free(lane: Lane<S>): void {
    lane.busy = null;
    this.#wake();
  }

  /** Drops what has been idle longest. */
  #trim(): void {
    let surplus = this.#lanes.size - (this.#options.max_cached ?? MAX_CACHED);
    for (const lane of this.#lanes.values()) {
      if (surplus <= 0) return;
      if (!lane.idle) continue;
      this.#lanes.delete(lane.session_id);
      surplus--;
    }
  }
}
