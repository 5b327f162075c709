// What goes on in the background of one instance: timers, recovery, sweeper, compaction; begun once, ended once.
import { getLogger } from "@logtape/logtape";
import { compact } from "../store/compaction.ts";
import type { FeedTakers } from "../store/feed_reader.ts";
import type { Store } from "../store/store.ts";
import type { RunCore } from "./core.ts";
import type { Reads } from "./reads.ts";
import { removeLeftFolders } from "./left_folders.ts";
import { Recovery } from "./recovery.ts";
import type { Runs } from "./runs.ts";
import { Timers } from "./timers.ts";

const log = getLogger(["holdfast", "service"]);
/**
 * The last part of a drain, at most half of it: leaves that have not ended are cut off and their runs go back. Processes
 * that step back for the server may take seconds to die on a machine that is loaded.
 */
const HAND_OVER_MS = 5_000;

/** What the loops need. */
export interface LoopsParts {
  readonly core: RunCore;
  readonly reads: Reads;
  readonly runs: Runs;
  readonly store: Store;
  /** Other instances may write to the store. */
  readonly shared: boolean;
  /** Takes in what they commit. */
  readonly neighbours: FeedTakers;
}

/** The loops of one instance. */
export class Loops {
  readonly #parts: LoopsParts;
  readonly #timers: Timers;
  readonly #recovery: Recovery;
  readonly #ends: (() => void)[] = [];
  readonly #toCompact = new Set<string>();
  #compacting: Promise<void> | null = null;
  #draining = false;
  #stopped: Promise<void> | null = null;

  constructor(parts: LoopsParts) {
    this.#parts = parts;
    const { core, reads, runs, store } = parts;
    this.#timers = new Timers({ core, reads, runs, due: store.due });
    const { leases, beats } = store;
    this.#recovery = new Recovery({ core, runs, leases, beats, shared: parts.shared });
  }

  get draining(): boolean {
    return this.#draining;
  }
  /** Whether the leases that stood at the start are settled. */
  get recovered(): boolean {
    return this.#recovery.recovered;
  }

  /** Begins everything; settles when runs may be claimed. */
  async start(): Promise<void> {
    const { store, runs, core } = this.#parts;
    await store.beats.start();
    // Before the lists are read: what is committed elsewhere meanwhile is heard of.
    await store.feed.start(this.#parts.neighbours);
    this.#ends.push(store.beats.onLost(() => runs.lapse()));
    await this.#recovery.start();
    runs.open();
    this.#timers.start();
    store.sweeper.start({
      folderGone: async (session_id) => {
        await runs.gone(session_id);
        await core.folders.remove(session_id);
        return true;
      },
    });
    if (this.#parts.shared) {
      this.#inBackground("folders.left", removeLeftFolders(this.#parts, () => this.#stopped !== null));
    }
    if (!store.summaries.ready) this.#inBackground("summaries.load", store.summaries.load());
  }

  /** A run of this session is over: its log may be compacted. */
  compact(session_id: string): void {
    this.#toCompact.add(session_id);
    this.#compacting ??= this.#compactAll().finally(() => this.#compacting = null);
  }

  async #compactAll(): Promise<void> {
    for (const session_id of this.#toCompact) {
      this.#toCompact.delete(session_id);
      try {
        await compact(this.#parts.store.connection.kv, session_id);
      } catch (error) {
        log.warn("log.not_compacted", { session_id, error: String(error) });
      }
    }
  }

  /** Claims nothing more; what executes goes back to the queue, within the time of a drain. */
  async drain(): Promise<void> {
    const { core, runs } = this.#parts;
    this.#draining = true;
    log.info("service.draining", { executing: runs.executing, held: runs.held });
    await this.#stop();
    const drained = runs.drain();
    const limit_ms = core.config.drain_s * 1000;
    const hand_over_ms = Math.min(limit_ms / 2, HAND_OVER_MS);
    if (!await this.#within(drained, limit_ms - hand_over_ms)) {
      runs.handOver();
      if (!await this.#within(drained, hand_over_ms)) {
        // Whoever comes next takes them over, as a loss.
        log.error("service.drain_late", { executing: runs.executing });
        runs.abandon();
      }
    }
    log.info("service.drained");
  }

  /** Whether something ends in time. */
  async #within(work: Promise<void>, ms: number): Promise<boolean> {
    const over = new AbortController();
    const limit = this.#parts.core.clock.sleep(ms, over.signal).then(() => false, () => true);
    const done = await Promise.race([work.then(() => true), limit]);
    over.abort();
    return done;
  }

  /** Ends everything. */
  async close(): Promise<void> {
    if (!this.#draining) await this.drain();
    await this.#compacting;
    await this.#parts.store.feed.stop();
    await this.#parts.store.beats.stop();
    for (const end of this.#ends) end();
  }

  #stop(): Promise<void> {
    this.#stopped ??= Promise.all([this.#timers.stop(), this.#recovery.stop(), this.#parts.store.sweeper.stop()])
      .then(() => undefined);
    return this.#stopped;
  }

  #inBackground(what: string, work: Promise<unknown>): void {
    work.catch((error) => log.error("service.background_failed", { what, error: String(error) }));
  }
}
