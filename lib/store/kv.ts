// The store's door: the only place that opens Deno.Kv, and the deadline of every call to it.
//
//   D1. Every call ends: a client of KV Connect that is connected never gives up and never throws, so each call has a
//       deadline of its own; past it the store is `away` until any call is answered.
//   D2. While it is away it is asked once a second, so that it is back without anybody writing.
//   D3. A store that refuses a write because its disk is full is `full` until a write is taken; one is tried each second.
//   D4. A call past its deadline may still land: whoever commits settles that (writer/row.ts).
import { getLogger } from "@logtape/logtape";
import { AppError } from "../model/error.ts";
import { keys } from "./keys.ts";
import type { Entry, Key } from "./mutation.ts";
import type { Clock } from "./ports.ts";

const log = getLogger(["holdfast", "store"]);

/** Milliseconds that a call may take. */
export const CALL_DEADLINE_MS = 3000;
/** Rows that a list reads at a time where nothing is said. */
const DEFAULT_BATCH = 100;
const PROBE_MS = 1000;

/** An atomic operation. */
export interface Atomic {
  check(...checks: { key: Key; versionstamp: string | null }[]): Atomic;
  set(key: Key, value: unknown, options?: { expireIn?: number }): Atomic;
  delete(key: Key): Atomic;
  commit(): Promise<{ ok: true; versionstamp: string } | { ok: false }>;
}
/** What of Deno.Kv the store uses. */
export interface Kv {
  get(key: Key): Promise<Entry>;
  /** At most 10 keys. */
  getMany(keys: readonly Key[]): Promise<Entry[]>;
  list(
    selector: Deno.KvListSelector,
    options?: { limit?: number; batchSize?: number; reverse?: boolean },
  ): AsyncIterableIterator<Deno.KvEntry<unknown>>;
  atomic(): Atomic;
}

/** An opened store with its deadlines. */
export interface Connection {
  readonly kv: Kv;
  /** Reached over KV Connect: `ok: false` may be a lie, other instances may write. */
  readonly remote: boolean;
  /** Whether the last call ran into its deadline and none was answered since. */
  readonly away: boolean;
  /** Whether its disk is full: the last write was refused for that. */
  readonly full: boolean;
  /** Tells each change of `away`; the result unsubscribes. */
  onAway(fn: (away: boolean) => void): () => void;
  /** Tells each write to these keys (at most 10) until the stream is cancelled. */
  watch(keys: readonly Key[]): ReadableStream<Entry[]>;
  close(): void;
}

/** How a store is opened. */
export interface OpenOptions {
  clock: Clock;
  deadline_ms?: number;
}

/** Opens a store: a file's path, `:memory:`, or the http(s) URL of a KV Connect server. Throws what Deno.openKv throws. */
export async function openStore(location: string, options: OpenOptions): Promise<Connection> {
  const raw = await Deno.openKv(location);
  const remote = /^https?:\/\//.test(location);
  const guard = guardKv(raw as unknown as Kv, options);
  return {
    kv: guard.kv,
    remote,
    get away() {
      return guard.away;
    },
    get full() {
      return guard.full;
    },
    onAway: guard.onAway,
    watch: (keys) => raw.watch([...keys]) as ReadableStream<Entry[]>,
    close() {
      guard.close();
      raw.close();
    },
  };
}

/** A store with deadlines, before it is known where it lies. */
export interface Guard {
  readonly kv: Kv;
  readonly away: boolean;
  readonly full: boolean;
  onAway(fn: (away: boolean) => void): () => void;
  close(): void;
}

/** Gives every call of a store a deadline. */
export function guardKv(kv: Kv, options: OpenOptions): Guard {
  const watch = new Availability(kv, options.clock);
  const run = <T>(call: () => Promise<T>): Promise<T> =>
    withDeadline(call, options.clock, options.deadline_ms ?? CALL_DEADLINE_MS, watch);
  return {
    kv: {
      get: (key) => run(() => kv.get(key)),
      getMany: (many) => run(() => kv.getMany(many)),
      list: (selector, listOptions = {}) =>
        listed(kv.list(selector, listOptions), { run, batch: listOptions.batchSize ?? DEFAULT_BATCH }),
      atomic: () => new GuardedAtomic(kv.atomic(), (call) => watch.writing(run(call))),
    },
    get away() {
      return watch.away;
    },
    get full() {
      return watch.full;
    },
    onAway: (fn) => watch.onAway(fn),
    close: () => watch.close(),
  };
}

/** Whether a store could not write because there is no room on its disk. */
function isFull(error: unknown): boolean {
  return error instanceof Error && /disk is full|no space left/i.test(error.message);
}

type Run = <T>(call: () => Promise<T>) => Promise<T>;

class GuardedAtomic implements Atomic {
  readonly #op: Atomic;
  readonly #run: Run;
  constructor(op: Atomic, run: Run) {
    this.#op = op;
    this.#run = run;
  }
  check(...checks: { key: Key; versionstamp: string | null }[]): this {
    this.#op.check(...checks);
    return this;
  }
  set(key: Key, value: unknown, options?: { expireIn?: number }): this {
    this.#op.set(key, value, options);
    return this;
  }
  delete(key: Key): this {
    this.#op.delete(key);
    return this;
  }
  commit(): Promise<{ ok: true; versionstamp: string } | { ok: false }> {
    return this.#run(() => this.#op.commit());
  }
}

/** Rows a batch at a time, as the store gives them: a deadline for each row would cost more than the row. */
async function* listed(
  source: AsyncIterableIterator<Deno.KvEntry<unknown>>,
  { run, batch }: { run: Run; batch: number },
): AsyncIterableIterator<Deno.KvEntry<unknown>> {
  for (let more = true; more;) {
    const rows = await run(() => taken(source, batch));
    more = rows.length === batch;
    yield* rows;
  }
}

async function taken(
  source: AsyncIterableIterator<Deno.KvEntry<unknown>>,
  most: number,
): Promise<Deno.KvEntry<unknown>[]> {
  const rows: Deno.KvEntry<unknown>[] = [];
  while (rows.length < most) {
    const next = await source.next();
    if (next.done) break;
    rows.push(next.value);
  }
  return rows;
}

function withDeadline<T>(call: () => Promise<T>, clock: Clock, ms: number, watch: Availability): Promise<T> {
  return new Promise((resolve, reject) => {
    const before = watch.answers;
    const cancel = clock.after(ms, () => {
      // One call that is lost says nothing where others were answered since.
      if (watch.answers === before) watch.missed();
      reject(new AppError("store_away", `Cannot reach the store: no answer in ${ms} ms`, { retry_after_s: 2 }));
    });
    const answered = () => {
      cancel();
      watch.answered();
    };
    call().then(
      (value) => {
        answered();
        resolve(value);
      },
      (error) => {
        answered();
        reject(error);
      },
    );
  });
}

class Availability {
  away = false;
  full = false;
  /** Calls that were answered. */
  answers = 0;
  #closed = false;
  #cancelProbe: () => void = () => {};
  #cancelWrite: () => void = () => {};
  readonly #listeners = new Set<(away: boolean) => void>();
  readonly #kv: Kv;
  readonly #clock: Clock;
  constructor(kv: Kv, clock: Clock) {
    this.#kv = kv;
    this.#clock = clock;
  }

  onAway(fn: (away: boolean) => void): () => void {
    this.#listeners.add(fn);
    return () => void this.#listeners.delete(fn);
  }

  missed(): void {
    if (this.away || this.#closed) return;
    log.warn("store.away");
    this.#turn(true);
    this.#probe();
  }

  answered(): void {
    this.answers++;
    if (!this.away) return;
    log.info("store.back");
    this.#cancelProbe();
    this.#turn(false);
  }

  /** Looks how a write ends. */
  async writing<T>(write: Promise<T>): Promise<T> {
    try {
      const result = await write;
      this.#taken();
      return result;
    } catch (error) {
      if (isFull(error)) this.#refused();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelProbe();
    this.#cancelWrite();
  }

  #refused(): void {
    if (this.full || this.#closed) return;
    log.error("store.full");
    this.full = true;
    this.#tryWrite();
  }

  #taken(): void {
    if (!this.full) return;
    log.info("store.has_room");
    this.full = false;
    this.#cancelWrite();
  }

  #tryWrite(): void {
    this.#cancelWrite = this.#clock.after(PROBE_MS, () => {
      this.#kv.atomic().set(keys.probe(), this.#clock.now()).commit().then(() => this.#taken(), () => {});
      if (this.full && !this.#closed) this.#tryWrite();
    });
  }

  #turn(away: boolean): void {
    this.away = away;
    for (const fn of [...this.#listeners]) fn(away);
  }

  #probe(): void {
    this.#cancelProbe = this.#clock.after(PROBE_MS, () => {
      this.#kv.get(keys.probe()).then(() => this.answered(), () => {});
      if (this.away && !this.#closed) this.#probe();
    });
  }
}
