// The order in which leaves settle: one at a time, by number, live and in a replay.
//
//   T1. Between two entries the event loop turns once, so that all code that the first one woke has gone as far as it
//       goes: which of two branches runs first is then the same in every replay.
//   T2. Nothing new leaves before the last stored entry has settled (outbox.ts holds it).
//   T3. An entry whose branch was dropped is passed over; one that the code does not call in time (5 s) is a mismatch.
import type { SettledEntry } from "../../lib/model/journal.ts";
import { isDropped, type Leaf, type Scope, takeTime } from "./scope.ts";
import type { Run } from "./run.ts";

/** Settles the entries of one run. */
export class Settler {
  readonly #run: Run;
  #queue: SettledEntry[] = [];
  #next = 0;
  /** How many of the queue's first entries were stored before this start. */
  #stored = 0;
  #seen = 0;
  #scheduled = false;
  #timer: { entry: SettledEntry; cancel: () => void } | null = null;
  /** Number of the last entry that was settled or passed over. */
  last = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Takes the stored entries; `push` takes those that come after. */
  load(entries: readonly SettledEntry[]): void {
    this.#queue = [...entries];
    this.#stored = entries.length;
    this.#seen = entries.at(-1)?.n ?? 0;
  }

  /** Takes an entry that the host has just committed. Throws RangeError when it is not the next. */
  push(entry: SettledEntry): void {
    if (entry.n <= this.#seen) {
      if (this.#isKnown(entry)) return;
      throw new RangeError(`entry ${entry.n} ("${entry.key}") comes after entry ${this.#seen}`);
    }
    this.#seen = entry.n;
    this.#queue.push(entry);
    this.poke();
  }

  /** The host may send an entry twice, when a begin and its answer cross. */
  #isKnown(entry: SettledEntry): boolean {
    const leaf = this.#run.leaves.get(entry.key);
    return leaf?.state === "settled" || this.isQueued(entry.key) || entry.n <= this.last;
  }

  isQueued(key: string): boolean {
    return this.#queue.slice(this.#next).some((entry) => entry.key === key);
  }

  get replaying(): boolean {
    return this.#stored > 0;
  }

  /** Looks at the queue in a later turn of the event loop. */
  poke(): void {
    if (this.#scheduled || this.#run.over !== null) return;
    this.#scheduled = true;
    this.#run.ports.later(() => {
      this.#scheduled = false;
      if (this.#run.over === null) this.#turn();
    });
  }

  #turn(): void {
    for (let gone = this.#head; gone !== undefined && this.#isGone(gone); gone = this.#head) {
      this.#take();
      this.#run.sayWaitingAgain();
    }
    if (!this.replaying) this.#run.caughtUp();
    if (this.#run.over !== null) return;
    const entry = this.#head;
    if (entry === undefined) return this.#run.idle();
    const leaf = this.#run.leaves.get(entry.key);
    if (leaf === undefined) return this.#expect(entry);
    this.#take();
    settleLeaf(this.#run, leaf, entry);
    this.poke();
  }

  get #head(): SettledEntry | undefined {
    return this.#queue[this.#next];
  }

  #take(): void {
    const entry = this.#head;
    if (entry === undefined) return;
    this.#next++;
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    }
    this.last = Math.max(this.last, entry.n);
    if (this.#stored > 0) this.#stored--;
    this.stop();
  }

  /** Settles a stored entry out of turn: the planted fault `settle_all`. */
  settleNow(leaf: Leaf, entry: SettledEntry): void {
    const index = this.#queue.indexOf(entry, this.#next);
    if (index < 0) return;
    this.#queue.splice(index, 1);
    this.#stored--;
    this.last = Math.max(this.last, entry.n);
    settleLeaf(this.#run, leaf, entry);
    this.poke();
  }

  #isGone(entry: SettledEntry): boolean {
    const leaf = this.#run.leaves.get(entry.key);
    if (leaf !== undefined) return leaf.state === "dropped" || leaf.state === "settled";
    for (let key: string | null = entry.scope; key !== null;) {
      const scope: Scope | undefined = this.#run.scopes.get(key);
      if (scope !== undefined) return isDropped(scope);
      key = this.#run.journal.scope(key)?.parent ?? null;
    }
    return false;
  }

  #expect(entry: SettledEntry): void {
    if (this.#timer?.entry === entry) return;
    this.stop();
    const { call_within_ms } = this.#run;
    const cancel = this.#run.ports.after(call_within_ms, () => {
      if (this.#run.over !== null || this.#run.leaves.has(entry.key)) return;
      this.#run.mismatch(`the code did not call "${entry.key}" (entry ${entry.n}) within ${call_within_ms / 1000} s`);
    });
    this.#timer = { entry, cancel };
  }

  /** Lets go of the timer. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Key of a stored entry that the code has not called, or null. */
  uncalled(): string | null {
    const waiting = this.#queue.slice(this.#next, this.#next + this.#stored);
    return waiting.find((entry) => !this.#isGone(entry) && !this.#run.leaves.has(entry.key))?.key ?? null;
  }
}

/** Gives a leaf its entry: the code that awaits it goes on in the microtasks after this. */
function settleLeaf(run: Run, leaf: Leaf, entry: SettledEntry): void {
  leaf.state = "settled";
  leaf.abort?.();
  leaf.abort = null;
  run.onTheWay.delete(leaf);
  run.sayWaitingAgain();
  leaf.at = Date.parse(entry.at);
  if (leaf.awaiter !== null) takeTime(leaf.awaiter, leaf);
  if (leaf.awaiter !== null) leaf.awaiter.awaits = null;
  leaf.awaiter = null;
  leaf.resolve(entry);
}
