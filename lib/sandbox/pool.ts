// Workflow sandboxes kept ready: started ahead, given away once, replaced.
//
// Owns how many wait and what happens when none can be started. A warm one serves any run, since none has any right.
//   O1. One that died while it waited is never given away.
//   O2. A failed start is tried again with growing pauses; whoever waits for one meanwhile hears the error.
//   O3. After `close` nothing starts and nothing is left.
//   O4. Whoever waits gets the first that is ready, also one that was begun for nobody; no more are begun than are
//       wanted, because each takes the processor from the others.
import { getLogger } from "@logtape/logtape";
import { AppError } from "../model/error.ts";
import type { Cancel, Clock } from "../service/ports.ts";
import { turn } from "./breather.ts";

const log = getLogger(["holdfast", "sandbox"]);

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** What a pool knows of a sandbox. */
export interface Warm {
  readonly pid: number;
  /** Whether it can be given away. */
  readonly usable: boolean;
  readonly over: Promise<unknown>;
  kill(): void;
}

/** What a pool needs. */
export interface PoolOptions<S extends Warm> {
  /** How many are kept ready. */
  readonly warm: number;
  readonly clock: Clock;
  start(): Promise<S>;
}

/** Warm sandboxes. */
export class Pool<S extends Warm> {
  #options: PoolOptions<S>;
  #ready: S[] = [];
  #starting = new Set<Promise<void>>();
  #waiting: PromiseWithResolvers<S>[] = [];
  #pause_ms = 0;
  #retry: Cancel | undefined;
  #closed = false;

  constructor(options: PoolOptions<S>) {
    this.#options = options;
  }

  /** How many wait to be taken. */
  get size(): number {
    return this.#ready.filter((sandbox) => sandbox.usable).length;
  }

  /** Begins to fill; calling it again is harmless. */
  fill(): void {
    this.#retry?.();
    this.#retry = undefined;
    if (this.#closed || this.#starting.size > 0 || this.#ready.length >= this.#options.warm) return;
    this.#begin();
  }

  /** Takes a warm one, or the first that gets ready. */
  take(): Promise<S> {
    if (this.#closed) {
      return Promise.reject(new AppError("draining", "Cannot start a sandbox: the server is going away"));
    }
    for (let sandbox = this.#ready.shift(); sandbox !== undefined; sandbox = this.#ready.shift()) {
      if (!sandbox.usable) continue;
      this.#fillLater();
      return Promise.resolve(sandbox);
    }
    const mine = Promise.withResolvers<S>();
    this.#waiting.push(mine);
    if (this.#starting.size < this.#waiting.length) this.#begin();
    return mine.promise;
  }

  /** Throws when no sandbox can be started. */
  async probe(): Promise<void> {
    if (this.size > 0) return;
    const sandbox = await this.take();
    if (this.#closed || this.#ready.length >= Math.max(1, this.#options.warm)) sandbox.kill();
    else this.#keep(sandbox);
  }

  /** Kills those that wait and waits until nothing is left. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retry?.();
    await Promise.all(this.#starting);
    const waiting = this.#ready.splice(0);
    for (const sandbox of waiting) sandbox.kill();
    await Promise.all(waiting.map((sandbox) => sandbox.over));
  }

  #begin(): void {
    const start = this.#options.start().then((sandbox) => this.#started(sandbox), (error) => this.#failed(error));
    this.#starting.add(start);
    void start.then(() => {
      this.#starting.delete(start);
      if (this.#pause_ms === 0) this.#fillLater();
    });
  }

  #started(sandbox: S): void {
    this.#pause_ms = 0;
    const first = this.#waiting.shift();
    if (first === undefined) this.#keep(sandbox);
    else first.resolve(sandbox);
  }

  #failed(error: unknown): void {
    const first = this.#waiting.shift();
    if (first !== undefined) return first.reject(error);
    if (this.#closed) return;
    this.#pause_ms = Math.min(Math.max(FIRST_PAUSE_MS, this.#pause_ms * 2), LONGEST_PAUSE_MS);
    log.error("sandbox.start_failed", { error: String(error), again_in_ms: this.#pause_ms });
    this.#retry?.();
    this.#retry = this.#options.clock.after(this.#pause_ms, () => this.fill());
  }

  /** The next one starts when whoever took the last has begun with it. */
  #fillLater(): void {
    void turn().then(() => this.fill());
  }

  #keep(sandbox: S): void {
    this.#ready.push(sandbox);
    void sandbox.over.then(() => {
      const at = this.#ready.indexOf(sandbox);
      if (at < 0) return;
      this.#ready.splice(at, 1);
      log.warn("sandbox.warm_died", { pid: sandbox.pid });
      this.#retry?.();
      if (!this.#closed) this.#retry = this.#options.clock.after(FIRST_PAUSE_MS, () => this.fill());
    });
  }
}
