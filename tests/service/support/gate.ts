// A gate in front of a store: when it is cut, nothing is answered any more, as to a process that is dead.
//
// It can be cut at the n-th commit, before or after that commit lands.
import type { Clock } from "@/lib/service/ports.ts";
import type { Atomic, Connection, Kv } from "@/lib/store/kv.ts";
import type { Key } from "@/lib/store/mutation.ts";
import { type FakeClock, type Skew, splitClock } from "./fake_clock.ts";

/** A gate in front of a store. */
export interface Gate {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly isCut: boolean;
  /** Commits that were begun. */
  readonly commits: number;
  cut(): void;
  /** The store answers nothing until `go`; the process lives. */
  stall(): void;
  go(): void;
  /** Commits land, and their answers wait until `go`. */
  stallAfter(): void;
  /** Answers that wait. */
  readonly waiting: number;
  /** Lets the answers that wait now go, and no others. */
  goOne(): void;
  /** Cuts at a commit, before or after it lands; `then` is called at that moment. */
  cutAt(n: number, when: "before" | "after", then: () => void): void;
  /** Does not cut any more by itself. */
  spare(): void;
}

const never = <T>(): Promise<T> => new Promise<T>(() => {});

/** What a gate may do beside being cut. */
export interface GateOptions {
  /** How far its time of day is off. */
  skew?: Skew | undefined;
  /** Told each key that is read by itself. */
  heard?: ((key: Key) => void) | undefined;
}

/** Puts a gate in front of a store. */
export function gateOf(inner: Connection, fake: FakeClock, { skew, heard = () => {} }: GateOptions = {}): Gate {
  let cut = false;
  let commits = 0;
  let at: { n: number; when: "before" | "after"; then: () => void } | null = null;
  /** Answers of commits that wait; null: none has to. */
  let held: (() => void)[] | null = null;
  let stalled: PromiseWithResolvers<void> | null = null;
  const pass = async <T>(call: () => Promise<T>): Promise<T> => {
    if (cut) return await never<T>();
    await stalled?.promise;
    const result = await call();
    return cut ? await never<T>() : result;
  };
  const commit = async (op: Atomic): Promise<{ ok: true; versionstamp: string } | { ok: false }> => {
    if (cut) return await never();
    await stalled?.promise;
    const now = at !== null && ++commits === at.n ? at : null;
    if (at === null) commits++;
    const stop = (): Promise<{ ok: false }> => {
      cut = true;
      now?.then();
      return never();
    };
    if (now?.when === "before") return await stop();
    const result = await op.commit();
    if (held !== null) await new Promise<void>((resolve) => void held?.push(resolve));
    return now?.when === "after" || cut ? await stop() : result;
  };
  const kv: Kv = {
    get: (key) => {
      heard(key);
      return pass(() => inner.kv.get(key));
    },
    getMany: (keys) => {
      keys.forEach(heard);
      return pass(() => inner.kv.getMany(keys));
    },
    list: (selector, options) => listed(inner.kv.list(selector, options), () => cut),
    atomic: () => gated(inner.kv.atomic(), commit),
  };
  return {
    connection: {
      kv,
      remote: inner.remote,
      get away() {
        return inner.away;
      },
      get full() {
        return inner.full;
      },
      onAway: inner.onAway,
      watch: inner.watch,
      close: () => {},
    },
    clock: splitClock(fake, () => cut, skew),
    get isCut() {
      return cut;
    },
    get commits() {
      return commits;
    },
    cut: () => void (cut = true),
    stall: () => void (stalled ??= Promise.withResolvers<void>()),
    stallAfter: () => void (held ??= []),
    get waiting() {
      return held?.length ?? 0;
    },
    goOne: () => held?.splice(0).forEach((resolve) => resolve()),
    go() {
      const waiting = held ?? [];
      held = null;
      for (const resolve of waiting) resolve();
      stalled?.resolve();
      stalled = null;
    },
    cutAt: (n, when, then) => void (at = { n: n + commits, when, then }),
    spare: () => void (at = null),
  };
}

async function* listed<T>(items: AsyncIterableIterator<T>, isCut: () => boolean): AsyncIterableIterator<T> {
  for await (const item of items) {
    if (isCut()) await never();
    yield item;
  }
}

function gated(op: Atomic, commit: (op: Atomic) => ReturnType<Atomic["commit"]>): Atomic {
  const self: Atomic = {
    check: (...checks) => (op.check(...checks), self),
    set: (key, value, options) => (op.set(key, value, options), self),
    delete: (key) => (op.delete(key), self),
    commit: () => commit(op),
  };
  return self;
}
