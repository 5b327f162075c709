// A store that delays, repeats, loses answers, throws before or after landing, and lies; around the real one.
//
// `World` sees every atomic that really lands, in order: what is durable at each moment. Real calls go one at a time, so
// that a history runs the same way each time.
import { type Atomic, type Kv } from "@/lib/store/kv.ts";
import type { Entry, Key } from "@/lib/store/mutation.ts";
import type { Clock } from "@/lib/store/ports.ts";

/** What happens to one call. */
export type Fate =
  | "ok"
  | "slow"
  | "throws_before"
  | "throws_after"
  | "throws_lands_later"
  | "never"
  | "answer_lost"
  | "lands_late"
  | "lies_false"
  | "repeats";
/** Every fate; the last two only over KV Connect. */
export const FATES: readonly Fate[] = [
  "ok",
  "slow",
  "throws_before",
  "throws_after",
  "throws_lands_later",
  "never",
  "answer_lost",
  "lands_late",
  "lies_false",
  "repeats",
];

type Result = { ok: true; versionstamp: string } | { ok: false };
/** One atomic that landed: its changes in order, without a value where the row was removed. */
export type Landed = readonly { key: Key; value?: unknown }[];

/** The real store and what landed in it. */
export class World {
  busy = 0;
  #line: Promise<unknown> = Promise.resolve();
  #idle: (() => void)[] = [];
  constructor(readonly real: Kv, readonly landed: (change: Landed) => void) {}

  /** Runs one real call after those before it. */
  call<T>(fn: () => Promise<T>): Promise<T> {
    this.busy++;
    const result = this.#line.then(fn).finally(() => {
      if (--this.busy === 0) { for (const resolve of this.#idle.splice(0)) resolve(); }
    });
    this.#line = result.catch(() => {});
    return result;
  }

  /** Resolves when no real call is under way. */
  quiet(): Promise<void> {
    return this.busy === 0 ? Promise.resolve() : new Promise((resolve) => void this.#idle.push(resolve));
  }
}

/** One process's way to the store. */
export class Hostile implements Kv {
  /** A process that was killed: nothing it still wants to say reaches the store. */
  cut = false;
  constructor(
    readonly world: World,
    readonly clock: Pick<Clock, "after">,
    readonly fate: () => Fate,
    /** How long slow calls take; a few milliseconds else. */
    readonly slow_ms?: () => number,
  ) {}

  get(key: Key): Promise<Entry> {
    return this.#read(() => this.world.real.get(key));
  }
  getMany(keys: readonly Key[]): Promise<Entry[]> {
    return this.#read(() => this.world.real.getMany(keys));
  }
  async *list(
    selector: Deno.KvListSelector,
    options?: { limit?: number; batchSize?: number; reverse?: boolean },
  ): AsyncIterableIterator<Deno.KvEntry<unknown>> {
    yield* await this.#read(async () => await Array.fromAsync(this.world.real.list(selector, options)));
  }
  atomic(): Atomic {
    return new HostileAtomic(this);
  }

  /** Calls that never end. */
  never<T>(): Promise<T> {
    return new Promise(() => {});
  }
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve));
  }

  async #read<T>(fn: () => Promise<T>): Promise<T> {
    if (this.cut) return this.never();
    switch (this.fate()) {
      case "slow":
        await this.sleep(this.slow_ms?.() ?? 7);
        return await this.world.call(fn);
      case "throws_before":
      case "throws_after":
      case "throws_lands_later":
        throw new Error("hostile: the read failed");
      case "never":
      case "answer_lost":
      case "lands_late":
        return this.never();
      default:
        return await this.world.call(fn);
    }
  }
}

class HostileAtomic implements Atomic {
  readonly #checks: { key: Key; versionstamp: string | null }[] = [];
  readonly #change: { key: Key; value?: unknown }[] = [];
  constructor(readonly store: Hostile) {}

  check(...checks: { key: Key; versionstamp: string | null }[]): this {
    this.#checks.push(...checks);
    return this;
  }
  set(key: Key, value: unknown): this {
    this.#change.push({ key, value });
    return this;
  }
  delete(key: Key): this {
    this.#change.push({ key });
    return this;
  }

  async commit(): Promise<Result> {
    const { store } = this;
    if (store.cut) return store.never();
    switch (store.fate()) {
      case "ok":
        return await this.#land();
      case "slow":
        await store.sleep(store.slow_ms?.() ?? 9);
        return await this.#land();
      case "throws_before":
        throw new Error("hostile: not sent");
      case "throws_after":
        await this.#land();
        throw new Error("hostile: landed, answer lost");
      case "throws_lands_later":
        void store.sleep(25).then(() => this.#land());
        throw new Error("hostile: still on its way");
      case "never":
        return store.never();
      case "answer_lost":
        await this.#land();
        return store.never();
      case "lands_late":
        void store.sleep(4000).then(() => this.#land());
        return store.never();
      case "lies_false":
        await this.#land();
        return { ok: false };
      case "repeats":
        await this.#land();
        return await this.#land();
    }
  }

  #land(): Promise<Result> {
    const { world } = this.store;
    return world.call(async () => {
      const op = world.real.atomic();
      op.check(...this.#checks);
      for (const { key, value } of this.#change) value === undefined ? op.delete(key) : op.set(key, value);
      const result = await op.commit();
      if (result.ok) world.landed(this.#change);
      return result;
    });
  }
}
