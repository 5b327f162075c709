// Who lives: one row an instance, written each 2 s, judged by each other instance on its own monotonic clock.
//
//   E1. An instance is dead for another when that one has seen the same beat (or none) for 6 s, looking all the time:
//       who could not look (the store was away, the process stood still) begins to look anew. The 6 s lie between the
//       answer that told the beat first and the question of the last look: a slow answer makes nobody older.
//   E2. The holder may execute only within 4 s of *sending* its last beat that was acknowledged: it stops before any
//       other can take over. `onLost` tells it to kill its sandboxes at once.
//   E3. Whoever has the file for itself (lock.ts) needs none of this: every other instance on it is dead.
//   E4. A store that stays slow, and answers, takes nothing away: while it is, beats follow each second.
// Leaves to the service: the takeover, a commit that also checks the versionstamp of the beat that was judged.
import { getLogger } from "@logtape/logtape";
import { isStoreAway } from "../model/error.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { encodeRow } from "./mutation.ts";
import type { Clock } from "./ports.ts";

/** Milliseconds between beats. */
export const BEAT_MS = 2000;
/** Milliseconds between beats while the store is slow: with the deadline of a call they make up what may be held. */
export const SLOW_BEAT_MS = 1000;
/** Milliseconds of executing after a beat was sent that was acknowledged. */
export const HOLD_MS = 4000;
/** Milliseconds after which an instance without a new beat is dead. */
export const DEAD_MS = 6000;

/** An answer that took longer is slow; so is the store for a while. */
const SLOW_MS = 500;
const STAYS_SLOW_MS = 60_000;
/** Looks further apart than this leave open what was in between. */
const GAP_MS = 3000;
/** An instance without a beat is forgotten after this long; asked for again it is looked at anew. */
const FORGET_MS = 600_000;

const log = getLogger(["holdfast", "store"]);

/** What an instance is for this one: `stamp` is the versionstamp of the beat that was judged, null for none. */
export interface Judgement {
  readonly dead: boolean;
  readonly stamp: string | null;
}

/** The beats of this instance and of the others. */
export interface Beats {
  /** Begins to beat; resolves after the first try. */
  start(): Promise<void>;
  /** Ends, and takes the row away. */
  stop(): Promise<void>;
  /** Whether this instance may execute. */
  readonly held: boolean;
  /** Called once each time it may not execute any more; the result unsubscribes. */
  onLost(fn: () => void): () => void;
  /** Looks at the beats of all instances. */
  observe(): Promise<void>;
  /** Other instances whose beat stands. */
  others(): string[];
  /** What was seen of an instance: dead only after 6 s of looking. */
  judge(instance: string): Judgement;
}

/** What beats are made of. */
export interface BeatOptions {
  clock: Clock;
  instance: string;
  /** This instance has the store for itself. */
  exclusive: boolean;
}

/** Makes the beats of an instance. */
export function createBeats(kv: Kv, options: BeatOptions): Beats {
  return options.exclusive ? new Alone(options.instance) : new Shared(kv, options);
}

class Alone implements Beats {
  readonly held = true;
  readonly #instance: string;
  constructor(instance: string) {
    this.#instance = instance;
  }
  start(): Promise<void> {
    return Promise.resolve();
  }
  stop(): Promise<void> {
    return Promise.resolve();
  }
  onLost(): () => void {
    return () => {};
  }
  observe(): Promise<void> {
    return Promise.resolve();
  }
  others(): string[] {
    return [];
  }
  judge(instance: string): Judgement {
    return { dead: instance !== this.#instance, stamp: null };
  }
}

interface Seen {
  stamp: string | null;
  since: number;
}

class Shared implements Beats {
  readonly #kv: Kv;
  readonly #options: BeatOptions;
  readonly #seen = new Map<string, Seen>();
  readonly #listeners = new Set<() => void>();
  #stamp: string | null = null;
  /** When the others were looked at last. */
  #looked = -Infinity;
  /** When the last acknowledged beat was sent. */
  #sent = -Infinity;
  #n = 0;
  /** When the last beat was sent. */
  #beaten = -Infinity;
  #slow_until = -Infinity;
  /** Beats that are not answered yet. */
  readonly #open = new Set<Promise<void>>();
  #running = false;
  #cancelBeat = () => {};
  #cancelLost = () => {};

  constructor(kv: Kv, options: BeatOptions) {
    this.#kv = kv;
    this.#options = options;
  }

  get held(): boolean {
    return this.#options.clock.monotonic() - this.#sent < HOLD_MS;
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#next();
    await this.#beat();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#cancelBeat();
    this.#cancelLost();
    // What is on its way would stand there again.
    await Promise.all(this.#open);
    try {
      await this.#kv.atomic().delete(keys.beat(this.#options.instance)).commit();
    } catch {
      // A beat that stays is that of a dead instance after 6 s.
    }
  }

  onLost(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => void this.#listeners.delete(fn);
  }

  async observe(): Promise<void> {
    const { clock } = this.#options;
    const asked = clock.monotonic();
    const gap = asked - this.#looked > GAP_MS;
    const stamps = new Map<string, string>();
    for await (const entry of this.#kv.list({ prefix: keys.beats() }, { batchSize: 100 })) {
      stamps.set(String(entry.key[1]), entry.versionstamp);
    }
    const now = clock.monotonic();
    this.#looked = asked;
    for (const instance of new Set([...stamps.keys(), ...this.#seen.keys()])) {
      const stamp = stamps.get(instance) ?? null;
      const before = this.#seen.get(instance);
      if (before === undefined || before.stamp !== stamp || gap) this.#seen.set(instance, { stamp, since: now });
      else if (stamp === null && now - before.since > FORGET_MS) this.#seen.delete(instance);
    }
  }

  others(): string[] {
    const { instance: own } = this.#options;
    return [...this.#seen].flatMap(([id, { stamp }]) => stamp === null || id === own ? [] : [id]);
  }

  judge(instance: string): Judgement {
    const now = this.#options.clock.monotonic();
    const seen = this.#seen.get(instance);
    if (instance === this.#options.instance) return { dead: false, stamp: this.#stamp };
    if (seen === undefined) {
      // It has no beat: that has to be seen for 6 s too.
      this.#seen.set(instance, { stamp: null, since: now });
      return { dead: false, stamp: null };
    }
    return { dead: this.#looked - seen.since >= DEAD_MS, stamp: seen.stamp };
  }

  /** Each second it is seen whether a beat is due: the last was 2 s ago, or the store is slow. */
  #next(): void {
    const { clock } = this.#options;
    this.#cancelBeat = clock.after(SLOW_BEAT_MS, () => {
      const now = clock.monotonic();
      const due = now - this.#beaten >= BEAT_MS || this.#open.size > 0 || now < this.#slow_until;
      if (due) void this.#beat();
      this.#next();
    });
  }

  #beat(): Promise<void> {
    this.#beaten = this.#options.clock.monotonic();
    const beat = this.#send(this.#beaten).finally(() => this.#open.delete(beat));
    this.#open.add(beat);
    return beat;
  }

  /**
   * Asks before it writes: where nothing is answered nothing is left to land late. The row is this instance's alone:
   * whatever stands there, also of a beat whose answer was lost, is overwritten.
   */
  async #send(asked: number): Promise<void> {
    const { clock, instance } = this.#options;
    const key = keys.beat(instance);
    try {
      await this.#kv.get(key);
      if (!this.#running) return;
      const sent = clock.monotonic();
      const result = await this.#kv.atomic().set(key, encodeRow({ n: ++this.#n })).commit();
      if (!result.ok || !this.#running) return;
      this.#acknowledged(sent, result.versionstamp);
    } catch (error) {
      if (!isStoreAway(error)) log.warn("beat.failed", { error });
    } finally {
      if (clock.monotonic() - asked > SLOW_MS) this.#slow_until = clock.monotonic() + STAYS_SLOW_MS;
    }
  }

  #acknowledged(sent: number, stamp: string): void {
    if (sent <= this.#sent) return;
    this.#sent = sent;
    this.#stamp = stamp;
    this.#cancelLost();
    const left = sent + HOLD_MS - this.#options.clock.monotonic();
    this.#cancelLost = this.#options.clock.after(Math.max(0, left), () => {
      log.error("beat.lost");
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
