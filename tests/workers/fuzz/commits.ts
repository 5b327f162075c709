// What a host commits of a run: the simple journal of testWorkflow, or the engine's own decisions (engine_commits.ts).
import {
  type FailureData,
  type JournalEntry,
  type ScopeRow,
  type SettledEntry,
  WAITS,
} from "../../../lib/model/journal.ts";
import type { BeginFrame, ChildFrame, SaidFrameItem } from "../../../lib/protocol/sandbox.ts";
import { HostJournal, isDropped, type LeafResult } from "../../../workers/testing/journal.ts";

/** The durable side of a host. Every method is one commit, or none. */
export interface Commits {
  readonly entries: ReadonlyMap<string, JournalEntry>;
  readonly scopes: ReadonlyMap<string, ScopeRow>;
  /** Lines in the log, in their order. */
  readonly said: readonly SaidFrameItem[];
  /** Number of the last entry. */
  readonly n: number;
  /** Whether a sandbox may be started: false while the run waits and nobody has answered. */
  readonly mayStart: boolean;
  /** A new sandbox takes the run. */
  restart(): void;
  /** The sandbox is gone. */
  gone(): void;
  /** A leaf begins; its attempt, or null when it has settled by now. */
  begin(frame: BeginFrame): number | null;
  /** A leaf at work ends for good. */
  end(key: string, result: LeafResult): void;
  /** An attempt fails and the next begins. */
  repeat(frame: BeginFrame, failure: FailureData): number | null;
  /** Somebody answers an open wait, or its time has come. */
  answer(entry: JournalEntry, result: LeafResult): void;
  scopeBegin(frame: Extract<ChildFrame, { type: "scope_begin" }>): void;
  scopeEnd(frame: Extract<ChildFrame, { type: "scope_end" }>): void;
  say(item: SaidFrameItem): void;
  /** Every branch stands in a wait. Throws Error when it is not so. */
  waiting(settled: number): void;
  finish(result: Extract<ChildFrame, { type: "finish" }>["result"]): void;
  /** Entries in the order in which a sandbox is told. */
  stored(): JournalEntry[];
}

/** Entries that finished after `n`, by number. */
export function settledAfter(commits: Commits, n: number): SettledEntry[] {
  const news: SettledEntry[] = [];
  for (const entry of commits.entries.values()) if (entry.status !== "open" && entry.n > n) news.push(entry);
  return news.sort((a, b) => a.n - b.n);
}

/** Commits in memory, as the protocol says and no more. */
export class SimpleCommits implements Commits {
  readonly #journal = new HostJournal();
  readonly mayStart = true;

  get entries() {
    return this.#journal.entries;
  }
  get scopes() {
    return this.#journal.scopes;
  }
  get said() {
    return this.#journal.said;
  }
  get n() {
    return this.#journal.n;
  }
  restart(): void {}
  gone(): void {}
  begin(frame: BeginFrame): number | null {
    const known = this.entries.get(frame.key);
    return known === undefined || known.status === "open" ? this.#journal.begin(frame).attempt : null;
  }
  end(key: string, result: LeafResult): void {
    this.#journal.settle(key, result);
  }
  repeat(frame: BeginFrame, failure: FailureData): number | null {
    return this.#journal.repeat(frame.key, failure)?.attempt ?? null;
  }
  answer(entry: JournalEntry, result: LeafResult): void {
    this.#journal.settle(entry.key, result);
  }
  scopeBegin(frame: Extract<ChildFrame, { type: "scope_begin" }>): void {
    this.#journal.scopeBegin(frame);
  }
  scopeEnd(frame: Extract<ChildFrame, { type: "scope_end" }>): void {
    this.#journal.scopeEnd(frame);
  }
  say(item: SaidFrameItem): void {
    const mark = this.scopes.get(item.scope)?.mark ?? { leaves: 0, counter: 0 };
    const { leaves, counter } = item.place;
    if (leaves < mark.leaves || (leaves === mark.leaves && counter <= mark.counter)) {
      throw new Error(`"${item.scope}" says again what stands at ${leaves}.${counter}`);
    }
    this.#journal.say([item]);
  }
  waiting(): void {
    for (const entry of this.entries.values()) {
      if (entry.status !== "open" || WAITS.has(entry.kind) || isDropped(this, entry.scope)) continue;
      throw new Error(`it says that it waits while "${entry.key}" is under way`);
    }
  }
  finish(): void {}
  stored(): JournalEntry[] {
    return this.#journal.stored();
  }
}
