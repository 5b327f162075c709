// Workflow sandboxes kept ready: started ahead, given away once, replaced.
//
// Owns how many wait and what happens when none can be started. A warm one serves any run, since none has any right.
//   O1. One that died while it waited is never given away.
//   O2. A failed start is tried again with growing pauses; whoever asks meanwhile starts one directly and hears the error.
//   O3. After `close` nothing starts and nothing is left.
import { getLogger } from "@logtape/logtape";
import { AppError } from "../model/error.ts";
import type { Cancel, Clock } from "../service/ports.ts";
import { turn } from "./breather.ts";
import type { WorkflowProcess } from "./workflow_process.ts";

const log = getLogger(["holdfast", "sandbox"]);

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** What a pool needs. */
export interface PoolOptions {
  /** How many are kept ready. */
  readonly warm: number;
  readonly clock: Clock;
  start(): Promise<WorkflowProcess>;
}

/** Warm sandboxes. */
export class Pool {
  #options: PoolOptions;
  #ready: WorkflowProcess[] = [];
  #starting: Promise<void> | undefined;
  #pause_ms = 0;
  #retry: Cancel | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
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
    if (this.#closed || this.#starting !== undefined || this.#ready.length >= this.#options.warm) return;
    this.#starting = this.#startOne();
  }

  /** Takes a warm one, or starts one. */
  async take(): Promise<WorkflowProcess> {
    if (this.#closed) throw new AppError("draining", "Cannot start a sandbox: the server is going away");
    for (let sandbox = this.#ready.shift(); sandbox !== undefined; sandbox = this.#ready.shift()) {
      if (!sandbox.usable) continue;
      // The next one starts when whoever took this one has begun with it.
      void turn().then(() => this.fill());
      return sandbox;
    }
    const sandbox = await this.#options.start();
    this.fill();
    return sandbox;
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
    await this.#starting;
    const waiting = this.#ready.splice(0);
    for (const sandbox of waiting) sandbox.kill();
    await Promise.all(waiting.map((sandbox) => sandbox.over));
  }

  async #startOne(): Promise<void> {
    try {
      this.#keep(await this.#options.start());
      this.#pause_ms = 0;
    } catch (error) {
      if (this.#closed) return;
      this.#pause_ms = Math.min(Math.max(FIRST_PAUSE_MS, this.#pause_ms * 2), LONGEST_PAUSE_MS);
      log.error("sandbox.start_failed", { error: String(error), again_in_ms: this.#pause_ms });
    }
    this.#starting = undefined;
    if (this.#closed) return;
    if (this.#pause_ms === 0) this.fill();
    else this.#retry = this.#options.clock.after(this.#pause_ms, () => this.fill());
  }

  #keep(sandbox: WorkflowProcess): void {
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
