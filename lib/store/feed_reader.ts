// What other instances committed, in the order in which each of them did.
//
//   R1. A feed is read contiguously. Where a number is missing (trimmed, swept), or nobody looked for LATE_MS, `missed`
//       is told and reading goes on at the head: whoever keeps anything by the feed reads it anew.
//   R2. A row counts as read when `take` has taken it; what it throws brings the row again at the next look.
//   R3. Heads are watched, which is the fast way; each LOOK_MS all of them are read, which also finds new instances.
//   R4. Feeds, beats and writers of instances that are dead for SWEEP_MS are removed: whoever read each second has them.
import { getLogger } from "@logtape/logtape";
import { isStoreAway } from "../model/error.ts";
import type { Beats } from "./beats.ts";
import { FeedHead, FeedRow, type ForeignCommit } from "./feed.ts";
import { keys } from "./keys.ts";
import type { Connection } from "./kv.ts";
import { decodeRow, type Key } from "./mutation.ts";
import type { Clock } from "./ports.ts";
import { sweepInstance, sweepWriters } from "./writers.ts";

const log = getLogger(["holdfast", "feed"]);
const LOOK_MS = 1000;
const LATE_MS = 30_000;
const SWEEP_MS = 60_000;
/** Keys that one stream watches. */
const WATCHED = 10;
const ROWS = 200;

/** Who is told. Both may be called again for what they threw on. */
export interface FeedTakers {
  /** Commits of one other instance, in order. */
  take(commits: readonly ForeignCommit[]): Promise<void>;
  /** Commits went by unread. */
  missed(): Promise<void>;
}
/** Reads the feeds of the others. */
export interface FeedReader {
  /** Takes the heads as they are now as read, so that what is loaded after this misses nothing, and begins to look. */
  start(takers: FeedTakers): Promise<void>;
  stop(): Promise<void>;
}
/** What a reader is made of. */
export interface FeedReaderOptions {
  clock: Clock;
  instance: string;
  /** The writer of this instance, which is not swept. */
  writer_id(): string;
  beats: Beats;
}

/** Makes a reader. On a store that this instance has for itself nobody else commits: it does nothing. */
export function createFeedReader(
  connection: Connection,
  options: FeedReaderOptions & { exclusive: boolean },
): FeedReader {
  if (!options.exclusive) return new Reader(connection, options);
  return { start: () => Promise.resolve(), stop: () => Promise.resolve() };
}

class Reader implements FeedReader {
  readonly #connection: Connection;
  readonly #options: FeedReaderOptions;
  #takers: FeedTakers = { take: () => Promise.resolve(), missed: () => Promise.resolve() };
  /** The last number that was read of each instance. */
  #cursors = new Map<string, number>();
  /** Monotonic time of the last look at all heads. */
  #looked = -Infinity;
  /** Since when an instance is known to be dead. */
  readonly #dead = new Map<string, number>();
  #missed = false;
  #running: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #cancel = () => {};
  #watched = "";
  #watches: ReadableStreamDefaultReader<unknown>[] = [];

  constructor(connection: Connection, options: FeedReaderOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async start(takers: FeedTakers): Promise<void> {
    this.#takers = takers;
    this.#cursors = await this.#heads();
    this.#looked = this.#options.clock.monotonic();
    this.#watch();
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    this.#unwatch();
    await this.#running;
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(LOOK_MS, () => void this.#look().then(() => this.#schedule()));
  }

  /** One look at a time; a call during one brings another. */
  #look(): Promise<void> {
    this.#again = true;
    return this.#running ??= this.#looks().finally(() => {
      this.#running = null;
      // Asked for after the last turn of the loop.
      if (this.#again && !this.#stopped) void this.#look();
    });
  }

  async #looks(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        await this.#lookOnce();
      } catch (error) {
        // The next look reads the same rows again. A store that is away says so itself, once.
        if (!isStoreAway(error) && !this.#stopped) log.warn("feed.look_failed", { error: String(error) });
      }
    }
  }

  async #lookOnce(): Promise<void> {
    const now = this.#options.clock.monotonic();
    const heads = await this.#heads();
    if (now - this.#looked > LATE_MS) this.#missed = true;
    for (const [instance, n] of heads) await this.#pull(instance, n);
    if (this.#missed) {
      log.info("feed.missed");
      await this.#takers.missed();
      this.#missed = false;
    }
    for (const instance of [...this.#cursors.keys()]) if (!heads.has(instance)) this.#cursors.delete(instance);
    this.#looked = now;
    this.#watch();
    await this.#sweep(now);
  }

  /** Reads a feed up to its head as it was seen. An instance that was not there before is read from its beginning. */
  async #pull(instance: string, head: number): Promise<void> {
    let cursor = this.#cursors.get(instance) ?? 0;
    const { kv } = this.#connection;
    while (cursor < head && !this.#missed) {
      const range = { start: keys.feedItem(instance, cursor + 1), end: keys.feedItem(instance, head + 1) };
      const commits: ForeignCommit[] = [];
      let next = cursor;
      for await (const entry of kv.list(range, { limit: ROWS, batchSize: ROWS })) {
        const row = decodeRow(FeedRow, entry);
        if (Number(entry.key[2]) !== next + 1 || row === null || "missed" in row) break;
        commits.push(...row.commits);
        next++;
      }
      if (next === cursor) {
        this.#missed = true;
        break;
      }
      await this.#takers.take(commits);
      cursor = next;
      this.#cursors.set(instance, cursor);
    }
    if (this.#missed) this.#cursors.set(instance, head);
  }

  async #heads(): Promise<Map<string, number>> {
    const heads = new Map<string, number>();
    for await (const entry of this.#connection.kv.list({ prefix: keys.feedHeads() }, { batchSize: 100 })) {
      const instance = String(entry.key[1]);
      if (instance !== this.#options.instance) heads.set(instance, decodeRow(FeedHead, entry)?.n ?? 0);
    }
    return heads;
  }

  /** Watches the heads of all instances that are known now. */
  #watch(): void {
    if (this.#stopped) return;
    const instances = [...this.#cursors.keys()].sort();
    const watched = instances.join();
    if (watched === this.#watched) return;
    this.#unwatch();
    this.#watched = watched;
    for (let at = 0; at < instances.length; at += WATCHED) {
      void this.#follow(instances.slice(at, at + WATCHED).map((instance) => keys.feedHead(instance)));
    }
  }

  async #follow(heads: readonly Key[]): Promise<void> {
    const reader = this.#connection.watch(heads).getReader();
    this.#watches.push(reader);
    try {
      while (!(await reader.read()).done) void this.#look();
    } catch (error) {
      log.debug("feed.watch_ended", { error: String(error) });
    }
    // Looking each second goes on, and watches again at the next turn.
    if (this.#watches.includes(reader)) this.#watched = "";
  }

  #unwatch(): void {
    this.#watched = "";
    for (const reader of this.#watches.splice(0)) reader.cancel().catch(() => {});
  }

  async #sweep(now: number): Promise<void> {
    const { beats, writer_id } = this.#options;
    const gone = new Set<string>();
    for (const instance of new Set([...this.#cursors.keys(), ...beats.others()])) {
      const { dead, stamp } = beats.judge(instance);
      const since = dead ? this.#dead.get(instance) ?? now : null;
      if (since === null) this.#dead.delete(instance);
      else this.#dead.set(instance, since);
      if (since === null || now - since < SWEEP_MS) continue;
      if (await sweepInstance(this.#connection.kv, { instance, stamp })) gone.add(instance);
      this.#dead.delete(instance);
    }
    if (gone.size > 0) await sweepWriters(this.#connection.kv, { own: writer_id(), beats, gone });
  }
}
