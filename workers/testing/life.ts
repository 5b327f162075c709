// One life of a run against a host in the same process: from `start` to the end, or to where it stands still.
//
// Frames go through JSON both ways, as over the pipe. Which leaf settles next is the order's decision.
import type { JournalEntry, SettledEntry } from "../../lib/model/journal.ts";
import { WAITS } from "../../lib/model/journal.ts";
import type { BeginFrame, ChildFrame, HostFrame, RunStart } from "../../lib/protocol/sandbox.ts";
import type { Faults } from "../runtime/faults.ts";
import type { RunOver } from "../runtime/ports.ts";
import { Runtime } from "../runtime/runtime.ts";
import { captured } from "../capture.ts";
import { failureData } from "../runtime/thrown.ts";
import type { Workflow } from "../sdk/types.ts";
import type { HostJournal, LeafResult } from "./journal.ts";
import { serveFiles } from "./script.ts";

const CALL_WITHIN_MS = 500;
const IDLE_TURNS = 200;

/** Decides what settles next. */
export interface Order {
  /** A leaf began: the result of this attempt, when the host makes it now. Steps make their own. */
  began(frame: BeginFrame, attempt: number): Promise<LeafResult> | null;
  /** Every branch stands in a wait: an answer to one that is open. */
  waiting(open: ReadonlyMap<string, BeginFrame>): Promise<{ key: string; result: LeafResult } | null>;
  /** The leaf to settle now, among those that are ready, with its result; null: none yet. */
  next(ready: ReadonlyMap<string, LeafResult>): { key: string; result: LeafResult; at?: string } | null;
}

/** What a life is made of. */
export interface LifeParts {
  workflow: Workflow;
  start: RunStart;
  /** What is stored; the life adds to it. */
  journal: HostJournal;
  order: Order;
  files: Map<string, string>;
  /** Longest time without any progress. */
  timeout_ms: number;
  /** The same where no step is at work; default `timeout_ms`. */
  quiet_ms?: number;
  /** Each commit of an entry, when the journal holds it. */
  settled?: (entry: SettledEntry) => void;
  faults?: Faults;
}

/** How a life ended. */
export interface LifeEnd {
  over: RunOver;
  /** The last frame: finish or mismatch. */
  last: Extract<ChildFrame, { type: "finish" | "mismatch" }>;
  begun: BeginFrame[];
  output: string[];
}

const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value));
const turn = () => new Promise<void>((resolve) => captured.later(resolve));
const rest = (ms: number) => new Promise<void>((resolve) => void captured.after(ms, resolve));

/** A life in which nothing goes on, with the leaves that it began. */
export class StandsStill extends Error {
  constructor(readonly begun: readonly BeginFrame[], open: readonly string[]) {
    const which = open.length === 0 ? "" : `; open: ${open.map((key) => `"${key}"`).join(", ")}`;
    super(`The run stands still${which}: the code awaits what is no leaf, or does not call what comes next`);
  }
}

/** Lives one life. Throws StandsStill. */
export async function live(parts: LifeParts): Promise<LifeEnd> {
  const life = new Life(parts);
  let idle = 0;
  let since = performance.now();
  life.start();
  for (;;) {
    await turn();
    if (await life.progress()) {
      idle = 0;
      since = performance.now();
    } else if (life.end !== null) return life.end;
    else if (++idle > IDLE_TURNS) {
      await rest(1);
      const limit = life.steps ? parts.timeout_ms : parts.quiet_ms ?? parts.timeout_ms;
      if (performance.now() - since > limit) throw life.standsStill();
    }
  }
}

class Life {
  readonly #parts: LifeParts;
  readonly #runtime: Runtime;
  readonly #inbox: ChildFrame[] = [];
  readonly #ready = new Map<string, LeafResult>();
  readonly #open = new Map<string, BeginFrame>();
  readonly #begun: BeginFrame[] = [];
  readonly #output: string[] = [];
  #broken: unknown = null;
  #last: LifeEnd["last"] | null = null;
  #over: RunOver | null = null;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.#runtime = new Runtime({
      workflows: [parts.workflow],
      call_within_ms: CALL_WITHIN_MS,
      faults: parts.faults ?? {},
      ports: {
        send: (frame) => this.#inbox.push(clone(frame)),
        output: (_stream, text) => this.#output.push(text),
        later: captured.later,
        after: captured.after,
        over: (how) => this.#over = how,
      },
    });
  }

  get end(): LifeEnd | null {
    if (this.#over === null || this.#last === null) return null;
    return { over: this.#over, last: this.#last, begun: this.#begun, output: this.#output };
  }

  #send(frame: HostFrame): void {
    this.#runtime.receive(clone(frame));
  }

  start(): void {
    const { start, journal } = this.#parts;
    this.#send({ type: "start", run: start, scopes: [...journal.scopes.values()] });
    this.#send({ type: "entries", entries: journal.stored(), last: true });
  }

  /** Does what can be done now. False: nothing. Throws what a script threw. */
  async progress(): Promise<boolean> {
    if (this.#broken !== null) throw this.#broken;
    if (this.#inbox.length > 0) {
      for (const frame of this.#inbox.splice(0)) await this.#take(frame);
      return true;
    }
    if (this.#over !== null) return false;
    const next = this.#parts.order.next(this.#ready);
    if (next === null) return false;
    this.#ready.delete(next.key);
    this.#open.delete(next.key);
    const entry = this.#parts.journal.settle(next.key, next.result, next.at);
    if (entry !== null) this.#settle(entry);
    return true;
  }

  #settle(entry: SettledEntry): void {
    this.#parts.settled?.(entry);
    this.#send({ type: "settle", entry });
  }

  async #take(frame: ChildFrame): Promise<void> {
    const { journal } = this.#parts;
    switch (frame.type) {
      case "begin":
        this.#begun.push(frame);
        this.#open.set(frame.key, frame);
        return this.#began(frame, journal.begin(frame));
      case "end":
        return this.#ended(frame.key, frame.result);
      case "scope_begin":
        return journal.scopeBegin(frame);
      case "scope_end":
        journal.scopeEnd(frame);
        for (const key of frame.dropped ?? []) {
          this.#ready.delete(key);
          this.#open.delete(key);
        }
        return;
      case "said":
        return journal.say(frame.items);
      case "files":
        return this.#files(frame);
      case "waiting": {
        const answer = await this.#parts.order.waiting(this.#open);
        if (answer !== null) this.#ready.set(answer.key, answer.result);
        return;
      }
      case "finish":
      case "mismatch":
        this.#last = frame;
        return;
      case "ready":
      case "described":
      case "config":
        return;
      default:
        frame satisfies never;
    }
  }

  #began(frame: BeginFrame, entry: JournalEntry): void {
    this.#send({ type: "began", key: frame.key, attempt: entry.attempt, at_ms: Date.parse(entry.at) });
    if (frame.kind === "step") return;
    const result = this.#parts.order.began(frame, entry.attempt);
    result?.then((got) => this.#ended(frame.key, got)).catch((error) => this.#broken = error ?? "the script threw");
  }

  /** An attempt is over: ready to settle, or repeated where its policy says so. */
  #ended(key: string, result: LeafResult): void {
    const frame = this.#open.get(key);
    if (frame === undefined) return;
    const { attempts = 1, retry_on } = frame.policy;
    const entry = this.#parts.journal.entries.get(key);
    const failed = (entry?.failures.length ?? 0) + 1;
    const repeats = !result.ok && !WAITS.has(frame.kind) && failed < attempts &&
      (retry_on === undefined || retry_on.includes(result.failure.code));
    if (!repeats) return void this.#ready.set(key, result);
    const again = this.#parts.journal.repeat(key, result.failure);
    if (again !== null) this.#began(frame, again);
  }

  #files(frame: Extract<ChildFrame, { type: "files" }>): void {
    const { key, op, args } = frame;
    try {
      this.#send({ type: "files_reply", key, op, result: { ok: true, value: serveFiles(this.#parts.files, args) } });
    } catch (thrown) {
      this.#send({ type: "files_reply", key, op, result: { ok: false, failure: failureData(thrown) } });
    }
  }

  /** Whether a step is at work. */
  get steps(): boolean {
    return [...this.#open.values()].some(({ key, kind }) => kind === "step" && !this.#ready.has(key));
  }

  standsStill(): StandsStill {
    return new StandsStill(this.#begun, [...this.#open.keys()]);
  }
}
