// A host that commits as the protocol says and is killed anywhere: between any two commits, before and after each
// acknowledgement. Everything that happens is one action, chosen by a seed.
import type { BeginFrame, ChildFrame, HostFrame, RunStart } from "../../../lib/protocol/sandbox.ts";
import type { SettledEntry } from "../../../lib/model/journal.ts";
import { WAITS } from "../../../lib/model/journal.ts";
import type { Json } from "../../../lib/model/json.ts";
import { captured } from "../../../workers/capture.ts";
import type { Faults } from "../../../workers/runtime/faults.ts";
import { Runtime } from "../../../workers/runtime/runtime.ts";
import { HostJournal, type LeafResult } from "../../../workers/testing/journal.ts";
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
  faults?: Faults;
}

/** What a history left behind. */
export interface History {
  journal: HostJournal;
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
  /** `settled` of the last waiting frame, while nothing has come after it. */
  waiting: number | null;
  dead: boolean;
}

/** Runs one history. Throws Error with what was broken. */
export async function history(parts: HistoryParts): Promise<History> {
  const host = new KilledHost(parts);
  return await host.run();
}

class KilledHost {
  readonly journal = new HostJournal();
  readonly #parts: HistoryParts;
  /** Attempts of each effect that happened, and how many its policy allows. */
  readonly #effects = new Map<string, number>();
  readonly #attempts = new Map<string, number>();
  #counter = 0;
  #life: Life;
  #finish: Finish | null = null;
  #actions = 0;
  #lives = 0;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
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
    this.#answerSome(0.2);
    this.#life = this.#newLife();
  }

  /** People answer while nobody runs. */
  #answerSome(chance: number): void {
    for (const entry of this.#openWaits()) {
      if (this.#parts.rng.chance(chance)) this.#settle(entry.key, this.#answer(entry.kind));
    }
  }

  #openWaits() {
    return [...this.journal.entries.values()].filter((entry) =>
      entry.status === "open" && WAITS.has(entry.kind) && !this.#isDropped(entry.scope)
    );
  }

  #isDropped(scope: string): boolean {
    for (let key: string | null = scope; key !== null; key = this.journal.scopes.get(key)?.parent ?? null) {
      if (this.journal.scopes.get(key)?.status === "dropped") return true;
    }
    return false;
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
    if (Object.keys(can).length === 0) return;
    switch (this.#parts.rng.weighted<"commit" | "deliver" | "effect" | "answer">(can)) {
      case "commit":
        return this.#commit();
      case "deliver":
        return this.#deliver();
      case "effect": {
        const frame = this.#parts.rng.pick([...life.effects.values()]);
        return this.#completeEffect(frame);
      }
      case "answer": {
        const wait = this.#parts.rng.pick(waits);
        return this.#settle(wait.key, this.#answer(wait.kind));
      }
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
      this.#life.waiting = null;
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
        return this.#say(frame);
      case "waiting":
        this.#life.waiting = frame.settled;
        return this.#checkWaiting();
      case "finish":
        this.#finish = frame.result;
        return;
      case "mismatch":
        throw new Error(`${frame.code}: ${frame.message}`);
      default:
        throw new Error(`a frame ${frame.type}`);
    }
  }

  #checkWaiting(): void {
    const open = [...this.journal.entries.values()].filter((entry) =>
      entry.status === "open" && !WAITS.has(entry.kind) && !this.#isDropped(entry.scope)
    );
    if (open.length > 0) throw new Error(`it says that it waits while "${open[0]?.key}" is under way`);
  }

  #begin(frame: BeginFrame): void {
    const life = this.#life;
    life.begun.add(frame.key);
    // The answer may have come while the begin was on its way: the settle has been sent, or is sent again.
    const known = this.journal.entries.get(frame.key);
    if (known !== undefined && known.status !== "open") {
      if (this.#parts.rng.chance(0.5)) life.down.push({ type: "settle", entry: known });
      return;
    }
    this.#attempts.set(frame.key, frame.policy.attempts ?? 1);
    const entry = this.journal.begin(frame);
    life.down.push({ type: "began", key: frame.key, attempt: entry.attempt, at_ms: 0 });
    if (frame.kind === "step" || WAITS.has(frame.kind)) return;
    this.#effect(frame.key, entry.attempt);
    life.effects.set(frame.key, frame);
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
    if (attempt <= fails) return this.#end(frame.key, { ok: false, failure: { code: "http", message: "503" } }, frame);
    this.#settle(frame.key, { ok: true, value: resultOf(frame, ++this.#counter) });
  }

  #end(key: string, result: LeafResult, effect?: BeginFrame): void {
    const entry = this.journal.entries.get(key);
    if (entry?.status !== "open") return;
    const attempts = this.#attempts.get(key) ?? 1;
    if (result.ok || entry.failures.length + 1 >= attempts) return this.#settle(key, result);
    const again = this.journal.repeat(key, result.failure);
    if (again === null) return;
    this.#life.down.push({ type: "began", key, attempt: again.attempt, at_ms: 0 });
    if (effect === undefined) return;
    this.#effect(key, again.attempt);
    this.#life.effects.set(key, effect);
  }

  #settle(key: string, result: LeafResult): void {
    const entry: SettledEntry | null = this.journal.settle(key, result);
    if (entry !== null && !this.#life.dead) this.#life.down.push({ type: "settle", entry });
  }

  #answer(kind: string): LeafResult {
    const { rng } = this.#parts;
    const by = "someone";
    const value = ++this.#counter;
    if (kind === "sleep") return { ok: true, value: null };
    if (kind === "message") return { ok: true, value: [{ message_id: `${value}`, content: `m${value}`, by, at: "" }] };
    if (kind === "ask") return { ok: true, value: { verb: "answered", value, edited: false, feedback: null, by } };
    const verb = rng.pick(["approved", "rejected"]);
    return { ok: true, value: { verb, value: null, edited: false, feedback: `f${value}`, by } };
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

  #say(frame: Extract<ChildFrame, { type: "said" }>): void {
    for (const item of frame.items) {
      const { scope, place } = item;
      const mark = this.journal.scopes.get(scope)?.mark ?? { leaves: 0, counter: 0 };
      if (place.leaves < mark.leaves || (place.leaves === mark.leaves && place.counter <= mark.counter)) {
        throw new Error(`"${scope}" says again what stands at ${place.leaves}.${place.counter}`);
      }
      this.journal.say([item]);
    }
  }
}

function textOf(frame: BeginFrame): string {
  if (frame.kind === "model") return frame.args.messages[0]?.content ?? "0";
  if (frame.kind === "exec") return frame.args.code ?? "0";
  return frame.kind === "tool" && frame.args.tool === "files_read" ? frame.args.path : "0";
}

function resultOf(frame: BeginFrame, value: number): Json {
  if (frame.kind === "tool") return { content: `t${value}`, size_bytes: 1, truncated: false };
  if (frame.kind === "model") {
    const usage = { input_tokens: 0, output_tokens: 0, cached_input_tokens: 0, cost_usd: 0, limit_tokens: null };
    return { text: `m${value}`, calls: [], finish: "stop", output: null, usage: { ...usage, model: "m" } };
  }
  const ended = { ok: true, ended: "exit", exit_code: 0, stdout: "", stderr: "", duration_ms: 1, files: [] };
  return { ...ended, value };
}
