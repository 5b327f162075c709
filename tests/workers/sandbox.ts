// One runtime driven by hand: what it says is collected, what the host says is given step by step.
import { assert } from "@std/assert";
import type { JournalEntry, ScopeRow, SettledEntry } from "../../lib/model/journal.ts";
import type { Json, JsonObject } from "../../lib/model/json.ts";
import type { BeginFrame, ChildFrame, HostFrame, RunStart } from "../../lib/protocol/sandbox.ts";
import { captured } from "../../workers/capture.ts";
import { Runtime } from "../../workers/runtime/runtime.ts";
import type { RunOver } from "../../workers/runtime/ports.ts";
import { type Ctx, defineWorkflow, type Workflow, z } from "../../workers/sdk/mod.ts";
import { HostJournal, type LeafResult } from "../../workers/testing/journal.ts";

export const CREATED_MS = Date.UTC(2026, 0, 1);

/** A workflow of one function, with any config. */
export function workflow(run: (ctx: Ctx) => unknown, version = 1): Workflow {
  const config = z.strictObject({});
  return defineWorkflow({ id: "test", version, config, messages: true, run: (ctx) => run(ctx as Ctx) });
}

export interface SandboxOptions {
  start?: Partial<RunStart>;
  /** What is stored: the journal of another sandbox, after its first `n` entries. */
  journal?: HostJournal;
  source_digest?: string;
  /** Folder of own workflows. */
  workflows?: string;
}

type Timer = { ms: number; fn: () => void };

/** A runtime with a host that does what the test says. It commits all that it hears, in a journal. */
export class Sandbox {
  readonly frames: ChildFrame[] = [];
  /** What it made of its config, each time that it said so. */
  readonly configs: JsonObject[] = [];
  readonly output: string[] = [];
  readonly timers: Timer[] = [];
  readonly journal: HostJournal;
  over: RunOver | null = null;
  readonly runtime: Runtime;
  readonly #options: SandboxOptions;

  constructor(workflow: Workflow, options: SandboxOptions = {}) {
    this.#options = options;
    this.journal = new HostJournal(options.journal);
    this.runtime = new Runtime({
      workflows: [workflow],
      ports: {
        send: (frame) => this.#hear(JSON.parse(JSON.stringify(frame))),
        output: (stream, text) => this.output.push(`${stream}: ${text}`),
        later: captured.later,
        after: (ms, fn) => {
          const timer = { ms, fn };
          this.timers.push(timer);
          return () => void this.timers.splice(0, this.timers.length, ...this.timers.filter((one) => one !== timer));
        },
        over: (how) => this.over = how,
      },
    });
  }

  #hear(frame: ChildFrame): void {
    // Said at each first start, and of no interest to most tests.
    if (frame.type === "config") this.configs.push(frame.config);
    else this.frames.push(frame);
    if (frame.type === "scope_begin") this.journal.scopeBegin(frame);
    if (frame.type === "scope_end") this.journal.scopeEnd(frame);
    if (frame.type === "said") this.journal.say(frame.items);
  }

  send(frame: HostFrame): void {
    this.runtime.receive(JSON.parse(JSON.stringify(frame)));
  }

  /** Starts the run and lets it go as far as it goes. */
  async start(): Promise<this> {
    const { source_digest = "a", start, workflows } = this.#options;
    const folder = workflows === undefined ? {} : { workflows };
    this.send({ type: "hello", protocol: 1, nonce: "n".repeat(22), parent_pid: 0, source_digest, ...folder });
    const run: RunStart = {
      run_id: "run-1",
      session_id: "session-1",
      workflow: "test",
      task: "the task",
      config: {},
      attempt: 1,
      created_ms: CREATED_MS,
      history: [],
      memory: {},
      ...start,
    };
    this.send({ type: "start", run, scopes: [...this.journal.scopes.values()] });
    this.send({ type: "entries", entries: this.journal.stored(), last: true });
    return await this.rest();
  }

  /** Lets the code go on until it stands. */
  async rest(): Promise<this> {
    for (let i = 0; i < 60; i++) await new Promise<void>((resolve) => captured.later(resolve));
    return this;
  }

  of<T extends ChildFrame["type"]>(type: T): Extract<ChildFrame, { type: T }>[] {
    return this.frames.filter((frame): frame is Extract<ChildFrame, { type: T }> => frame.type === type);
  }

  /** Keys of the begins so far. */
  get begun(): string[] {
    return this.of("begin").map(({ key }) => key);
  }

  begin(key: string): BeginFrame {
    const frame = this.of("begin").findLast((begin) => begin.key === key);
    assert(frame !== undefined, `"${key}" did not begin; there are ${this.begun.join(", ")}`);
    return frame;
  }

  /** Commits that a leaf begins. */
  async began(key: string): Promise<number> {
    const { attempt } = this.journal.begin(this.begin(key));
    this.send({ type: "began", key, attempt, at_ms: 0 });
    await this.rest();
    return attempt;
  }

  /** Commits the result of a leaf that began, and hands it over. */
  async settle(key: string, result: LeafResult | Json): Promise<SettledEntry> {
    const entry = this.commit(key, result);
    this.send({ type: "settle", entry });
    await this.rest();
    return entry;
  }

  /** Commits the result of a leaf without a word to the sandbox. */
  commit(key: string, result: LeafResult | Json): SettledEntry {
    if (!this.journal.entries.has(key)) this.journal.begin(this.begin(key));
    const entry = this.journal.settle(key, isResult(result) ? result : { ok: true, value: result });
    assert(entry !== null, `"${key}" is not open`);
    return entry;
  }

  fail(key: string, code: string, message = "no"): Promise<SettledEntry> {
    return this.settle(key, { ok: false, failure: { code, message } });
  }

  /** Lets a step run, and settles what it came to. */
  async run(key: string): Promise<SettledEntry> {
    await this.began(key);
    const end = this.of("end").findLast((frame) => frame.key === key);
    assert(end !== undefined, `step "${key}" has not ended`);
    return await this.settle(key, end.result);
  }

  /** The value that the run finished with. */
  get value(): Json {
    const [finish] = this.of("finish");
    assert(finish?.result.ok, `it did not finish well: ${JSON.stringify(finish ?? this.frames.at(-1))}`);
    return finish.result.value;
  }

  /** The failure that the run finished with. */
  get failure() {
    const [finish] = this.of("finish");
    assert(finish !== undefined && !finish.result.ok, `it did not fail: ${JSON.stringify(finish)}`);
    return finish.result.failure;
  }

  get mismatch() {
    const [mismatch] = this.of("mismatch");
    assert(mismatch !== undefined, `no mismatch: ${JSON.stringify(this.frames.at(-1))}`);
    return mismatch;
  }

  /** Data of the events that were said, with their places. */
  get said(): [string, number, number, Json][] {
    return this.of("said").flatMap(({ items }) =>
      items.map(({ scope, place, say }): [string, number, number, Json] => [
        scope,
        place.leaves,
        place.counter,
        say.what === "print" ? say.message : JSON.parse(JSON.stringify(say)),
      ])
    );
  }
}

function isResult(value: LeafResult | Json): value is LeafResult {
  return typeof value === "object" && value !== null && "ok" in value && ("value" in value || "failure" in value);
}

/** Starts a workflow of one function. */
export function started(run: (ctx: Ctx) => unknown, options: SandboxOptions = {}): Promise<Sandbox> {
  return new Sandbox(workflow(run), options).start();
}

/** Rows of a journal without their times, for comparisons. */
export function scopeRows(rows: Iterable<ScopeRow>): JsonObject[] {
  return [...rows].map(({ key, kind, step_id, attempt, status }) => ({ key, kind, step_id, attempt, status }));
}
export type { JournalEntry };
