// A host that commits as the protocol says and is killed anywhere: between any two commits, before and after each
// acknowledgement. Everything that happens is one action, chosen by a seed.
import type { BeginFrame, ChildFrame, HostFrame, RunStart } from "../../../lib/protocol/sandbox.ts";
import { WAITS } from "../../../lib/model/journal.ts";
import type { Json } from "../../../lib/model/json.ts";
import { captured } from "../../../workers/capture.ts";
import type { Faults } from "../../../workers/runtime/faults.ts";
import { Runtime } from "../../../workers/runtime/runtime.ts";
import { isDropped, type LeafResult } from "../../../workers/testing/journal.ts";
import { type Commits, settledAfter } from "./commits.ts";
import { resultOf, textOf } from "./effects.ts";
import { workflowOf, type World } from "./interpret.ts";
import type { Program } from "./program.ts";
import type { Rng } from "./rng.ts";

type Finish = Extract<ChildFrame, { type: "finish" }>["result"];

/** When the process dies. */
export interface Kills {
  /** Whether to kill instead of taking the next action, counted from 0. */
  (action: number): boolean;
}

/** How a history is made. */
export interface HistoryParts {
  program: Program;
  rng: Rng;
  kills: Kills;
  commits: Commits;
  faults?: Faults;
}

/** What a history left behind. */
export interface History {
  journal: Commits;
  finish: Finish;
  actions: number;
  lives: number;
}

export const START: RunStart = {
  run_id: "fuzz-run",
  session_id: "00000000-0000-4000-8000-000000000001",
  workflow: "fuzz",
  task: "",
  config: {},
  attempt: 1,
  created_ms: Date.UTC(2026, 0, 1),
  history: [],
  memory: {},
};

const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value));
const turn = () => new Promise<void>((resolve) => captured.later(resolve));
const MAX_ACTIONS = 20_000;

/** One process that runs the workflow. */
interface Life {
  runtime: Runtime;
  /** Frames that the sandbox wrote and the host has not committed. */
  up: ChildFrame[];
  /** Frames that the host wrote and the sandbox has not read. */
  down: HostFrame[];
  /** Effects of the host that are under way, by key. */
  effects: Map<string, BeginFrame>;
  /** Turns of the event loop that the runtime has asked for. */
  turns: number;
  /** Foreign things awaited now. */
  foreign: number;
  /** Entries that this life began with, and settles that it was given. */
  stored: number;
  given: number;
  begun: Set<string>;
  /** `settled` of the last waiting frame. */
  waiting: number | null;
  dead: boolean;
}

/** Runs one history. Throws Error with what was broken. */
export async function history(parts: HistoryParts): Promise<History> {
  const host = new KilledHost(parts);
  return await host.run();
}

class KilledHost {
  readonly journal: Commits;
  readonly #parts: HistoryParts;
  /** The last attempt of each effect that happened. */
  readonly #effects = new Map<string, number>();
  readonly #begins = new Map<string, BeginFrame>();
  /** The last entry that was told to the sandbox of now. */
  #told = 0;
  #counter = 0;
  #life: Life;
  #finish: Finish | null = null;
  #actions = 0;
  #lives = 0;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
    this.journal = parts.commits;
    this.#life = this.#newLife();
  }

  async run(): Promise<History> {
    while (this.#finish === null) {
      await this.#drain();
      if (this.#parts.kills(this.#actions)) this.#kill();
      else this.#act();
      if (++this.#actions > MAX_ACTIONS) throw new Error("it comes to no end");
    }
    this.#life.dead = true;
    return { journal: this.journal, finish: this.#finish, actions: this.#actions, lives: this.#lives };
  }

  #newLife(): Life {
    this.journal.restart();
    const { program, faults = {} } = this.#parts;
    const life: Life = {
      runtime: null as unknown as Runtime,
      up: [],
      down: [],
      effects: new Map(),
      turns: 0,
      foreign: 0,
      stored: 0,
      given: 0,
      begun: new Set(),
      waiting: null,
      dead: false,
    };
    const world: World = {
      effect: (key, attempt) => this.#effect(key, attempt),
      foreign: async () => {
        life.foreign++;
        for (let i = this.#parts.rng.int(0, 8); i > 0; i--) await turn();
        life.foreign--;
      },
    };
    life.runtime = new Runtime({
      workflows: [workflowOf(program, world)],
      faults,
      ports: {
        send: (frame) => life.dead || life.up.push(clone(frame)),
        output: () => {},
        later: (fn) => {
          life.turns++;
          captured.later(() => {
            life.turns--;
            if (!life.dead) fn();
          });
        },
        after: () => () => {},
        over: () => {},
      },
    });
    const entries = this.journal.stored();
    this.#told = this.journal.n;
    life.stored = entries.filter((entry) => entry.status !== "open").length;
    life.down.push({ type: "start", run: START, scopes: [...this.journal.scopes.values()] });
    // In parts, as large journals come.
    const cut = this.#parts.rng.int(0, entries.length);
    life.down.push({ type: "entries", entries: entries.slice(0, cut), last: false });
    life.down.push({ type: "entries", entries: entries.slice(cut), last: true });
    this.#lives++;
    return life;
  }

  /** Lets the sandbox go as far as it goes; where it awaits foreign things, sometimes not. */
  async #drain(): Promise<void> {
    const { rng } = this.#parts;
    if (this.#life.up.length + this.#life.down.length > 0 && rng.chance(0.3)) return;
    await turn();
    while (this.#life.turns + this.#life.foreign > 0 && !rng.chance(0.05)) await turn();
  }

  #kill(): void {
    const life = this.#life;
    // The host reads a dead sandbox's pipe to its end, unless it died itself.
    if (this.#parts.rng.chance(0.4)) { while (life.up.length > 0 && this.#finish === null) this.#commit(); }
    life.dead = true;
    if (this.#finish !== null) return;
    this.journal.gone();
    this.#answerSome(0.2);
    // A waiting run gets a sandbox when somebody has answered.
    if (!this.journal.mayStart) this.#answer(this.#parts.rng.pick(this.#openWaits()));
    this.#life = this.#newLife();
  }

  /** People answer while nobody runs. */
  #answerSome(chance: number): void {
    for (const entry of this.#openWaits()) {
      // One message may settle another wait for messages than the one that was picked.
      if (this.#parts.rng.chance(chance) && this.journal.entries.get(entry.key)?.status === "open") this.#answer(entry);
    }
  }

  #openWaits() {
    return [...this.journal.entries.values()].filter((entry) =>
      entry.status === "open" && WAITS.has(entry.kind) && !isDropped(this.journal, entry.scope)
    );
  }

  #act(): void {
    const life = this.#life;
    const waits = this.#openWaits();
    const can = {
      ...(life.up.length > 0 ? { commit: 10 } : {}),
      ...(life.down.length > 0 ? { deliver: 10 } : {}),
      ...(life.effects.size > 0 ? { effect: 6 } : {}),
      ...(waits.length > 0 ? { answer: 1 } : {}),
    };
    if (Object.keys(can).length === 0 || (Object.keys(can).length === 1 && waits.length > 0)) this.#checkRest(waits);
    if (Object.keys(can).length === 0 || this.#life !== life) return;
    switch (this.#parts.rng.weighted<"commit" | "deliver" | "effect" | "answer">(can)) {
      case "commit":
        return this.#commit();
      case "deliver":
        return this.#deliver();
      case "effect": {
        const frame = this.#parts.rng.pick([...life.effects.values()]);
        return this.#completeEffect(frame);
      }
      case "answer":
        return this.#answer(this.#parts.rng.pick(waits));
    }
  }

  /** Nothing is on its way: either the sandbox has said that it waits, or it stands still. */
  #checkRest(waits: readonly { key: string }[]): void {
    const life = this.#life;
    if (life.foreign + life.turns > 0) return;
    if (waits.length === 0) throw new Error("it stands still");
    const awaited = waits.some(({ key }) => life.begun.has(key));
    if (life.waiting === null) throw new Error(`it waits and has not said so (${awaited ? "began" : "not begun"})`);
    if (life.waiting !== this.journal.n) throw new Error(`waiting says ${life.waiting}, the last is ${this.journal.n}`);
    if (this.#parts.rng.chance(0.3)) this.#kill();
  }

  #deliver(): void {
    const frame = this.#life.down.shift();
    if (frame === undefined) return;
    if (frame.type === "settle") {
      this.#life.given++;
    }
    this.#life.runtime.receive(clone(frame));
  }

  #commit(): void {
    const frame = this.#life.up.shift();
    if (frame === undefined) return;
    switch (frame.type) {
      case "begin":
        return this.#begin(frame);
      case "end":
        return this.#end(frame.key, frame.result);
      case "scope_begin":
        return this.journal.scopeBegin(frame);
      case "scope_end":
        return this.#scopeEnd(frame);
      case "said":
        return frame.items.forEach((item) => this.journal.say(item));
      case "config":
        return;
      case "waiting":
        this.#life.waiting = frame.settled;
        return this.journal.waiting(frame.settled);
      case "finish":
        this.journal.finish(frame.result);
        this.#finish = frame.result;
        return;
      case "mismatch":
        throw new Error(`${frame.code}: ${frame.message}`);
      default:
        throw new Error(`a frame ${frame.type}`);
    }
  }

  #begin(frame: BeginFrame): void {
    const life = this.#life;
    life.begun.add(frame.key);
    this.#begins.set(frame.key, frame);
    const attempt = this.journal.begin(frame);
    this.#tell();
    if (attempt === null) return this.#tellAgain(frame.key);
    life.down.push({ type: "began", key: frame.key, attempt, at_ms: 0 });
    if (frame.kind === "step" || WAITS.has(frame.kind)) return;
    this.#effect(frame.key, attempt);
    life.effects.set(frame.key, frame);
  }

  /** Tells the sandbox what has settled since it was told last, by number. */
  #tell(): void {
    for (const entry of settledAfter(this.journal, this.#told)) {
      this.#told = entry.n;
      if (!this.#life.dead) this.#life.down.push({ type: "settle", entry });
    }
  }

  /** The answer came while the begin was on its way: the settle has been sent, and may be sent again. */
  #tellAgain(key: string): void {
    const entry = this.journal.entries.get(key);
    if (entry === undefined || entry.status === "open" || !this.#parts.rng.chance(0.5)) return;
    this.#life.down.push({ type: "settle", entry });
  }

  /** An effect in the outside world. Throws Error when it must not happen. */
  #effect(key: string, attempt: number): Json {
    const entry = this.journal.entries.get(key);
    if (entry !== undefined && entry.status !== "open") throw new Error(`the effect of "${key}" happens again`);
    const before = this.#effects.get(key) ?? 0;
    if (attempt <= before) throw new Error(`the effect of "${key}" happens again as attempt ${attempt}`);
    this.#effects.set(key, attempt);
    return ++this.#counter;
  }

  #completeEffect(frame: BeginFrame): void {
    this.#life.effects.delete(frame.key);
    const attempt = (this.journal.entries.get(frame.key)?.failures.length ?? 0) + 1;
    const fails = Number.parseInt(textOf(frame));
    if (attempt <= fails) return this.#end(frame.key, { ok: false, failure: { code: "http", message: "503" } });
    this.#end(frame.key, { ok: true, value: resultOf(frame, ++this.#counter) });
  }

  /** An attempt is over: it settles, or the next one begins. */
  #end(key: string, result: LeafResult): void {
    const entry = this.journal.entries.get(key);
    const frame = this.#begins.get(key);
    if (entry?.status !== "open" || frame === undefined || isDropped(this.journal, entry.scope)) return;
    if (result.ok || entry.failures.length + 1 >= (frame.policy.attempts ?? 1)) {
      this.journal.end(key, result);
      return this.#tell();
    }
    const attempt = this.journal.repeat(frame, result.failure);
    if (attempt === null) return;
    this.#life.down.push({ type: "began", key, attempt, at_ms: 0 });
    if (frame.kind === "step") return;
    this.#effect(key, attempt);
    this.#life.effects.set(key, frame);
  }

  /** A person, or time, settles an open wait. */
  #answer(entry: { key: string; kind: string }): void {
    const held = this.journal.entries.get(entry.key);
    if (held === undefined) return;
    this.journal.answer(held, { ok: true, value: this.#answerTo(entry.kind) });
    this.#tell();
  }

  #answerTo(kind: string): Json {
    const by = "someone";
    const value = ++this.#counter;
    if (kind === "sleep") return null;
    if (kind === "message") return [{ message_id: `${value}`, content: `m${value}`, by, at: "" }];
    if (kind === "ask") return { verb: "answered", value, edited: false, feedback: null, by };
    const verb = this.#parts.rng.pick(["approved", "rejected"]);
    return { verb, value: null, edited: false, feedback: `f${value}`, by };
  }

  #scopeEnd(frame: Extract<ChildFrame, { type: "scope_end" }>): void {
    const life = this.#life;
    this.journal.scopeEnd(frame);
    for (const key of frame.dropped ?? []) {
      life.effects.delete(key);
      if (life.stored > 0 && life.given === 0 && life.begun.has(key)) {
        throw new Error(`"${key}" began although the journal had dropped its branch`);
      }
    }
  }
}
