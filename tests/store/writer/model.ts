// A history: what people, runs, another instance and the store do, step by step, and what must hold at each moment.
//
//   M1. What was acknowledged stands in the store at that moment, and at the end.
//   M2. Nothing stands twice; nothing stands that was told not to have happened.
//   M3. seq is gapless; fan-out shows each line once, in order, byte for byte, after it is durable.
//   M4. A refusal rests on a state, with its outside row, that stood between question and answer.
//   M5. No outside row is used twice on one value.
//   M6. Every command is answered, once the store behaves.
import { AppError } from "@/lib/model/error.ts";
import { guardKv, type Kv } from "@/lib/store/kv.ts";
import { createFeed } from "@/lib/store/feed.ts";
import { keys } from "@/lib/store/keys.ts";
import { type Key, setRow } from "@/lib/store/mutation.ts";
import type { Faults, Writer } from "@/lib/store/writer/types.ts";
import { openWriter } from "@/lib/store/writer/writer.ts";
import { type History, outOfOrder, type Sent, type Step } from "./history.ts";
import { type Fate, Hostile, World } from "./hostile.ts";
import { decideToy, numberOf, type Reply, type Toy, toyAggregate } from "./toy.ts";
import { readLines, Truth } from "./truth.ts";
import { VirtualClock } from "./virtual_clock.ts";

const MOST_STEPS = 3000;
const MOST_CALLS = 300;
class Stuck extends Error {}
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));
let histories = 0;

/** Runs one history on a real store; the problems it shows. */
export async function runHistory(real: Kv, history: History, faults: Faults = {}): Promise<string[]> {
  const run = new Run(real, history, faults);
  try {
    await run.play();
  } catch (error) {
    if (!(error instanceof Stuck)) throw error;
    run.problems.push(error.message);
    run.kill();
  }
  return run.problems;
}

class Run {
  readonly truth = new Truth();
  readonly problems = this.truth.problems;
  readonly #clock = new VirtualClock();
  readonly #world: World;
  readonly #name = `h${++histories}`;
  readonly #sent: Sent[] = [];
  /** Values of outside rows that others used. */
  readonly #claims: string[] = [];
  #fates: Fate[];
  #made = 0;
  #processes = 0;
  #process: { store: Hostile; writer: Writer<Toy>; seen: Map<string, number>; kill(): void } | null = null;

  constructor(readonly real: Kv, readonly history: History, readonly faults: Faults) {
    this.#fates = [...history.fates];
    this.#world = new World(real, this.truth.landed);
  }

  async play(): Promise<void> {
    await this.#start();
    for (const step of this.history.steps) await this.#step(step);
    this.#fates = [];
    for (let i = 0; this.#sent.some((sent) => sent.state === "waiting"); i++) {
      if (i > MOST_STEPS) return void this.problems.push("a command was never answered");
      await this.#time(1);
    }
    const closed = this.#process?.writer.close();
    for (let i = 0; i < MOST_STEPS && this.#clock.next !== null; i++) await this.#time(1);
    await closed;
    await this.#verify();
  }

  kill(): void {
    this.#process?.kill();
  }

  async #step(step: Step): Promise<void> {
    switch (step.do) {
      case "submit":
        return this.#submit(step);
      case "interfere":
        return await this.#interfere(step);
      case "race": {
        const both = { session: step.session, what: "claim", key: step.key } as const;
        this.#submit({ do: "submit", urgent: true, owner: "run", short: false, ...both });
        return await this.#interfere({ do: "interfere", ...both });
      }
      case "time":
        return await this.#time(step.timers);
      case "turn":
        return await this.#quiesce();
      case "crash":
        return await this.#crash();
      case "forget":
        return this.#process?.writer.forget(this.#session(step.session));
    }
  }

  #session = (n: number): string => `${this.#name}-s${n}`;
  #out(n: number): { id: string; key: Key } {
    return { id: `${this.#name}-k${n}`, key: ["out", `${this.#name}-k${n}`] };
  }

  async #quiesce(): Promise<void> {
    for (let i = 0; i === 0 || this.#world.busy > 0; i++) {
      await this.#world.quiet();
      await turn();
      if (i > MOST_CALLS) throw new Stuck("the writer asks the store without end");
    }
  }
  async #time(timers: number): Promise<void> {
    await this.#quiesce();
    for (let i = 0; i < timers; i++) {
      if (!this.#clock.step()) return;
      await this.#quiesce();
    }
  }

  /** Starts a process: a way to the store of its own, a writer of its own. */
  async #start(): Promise<void> {
    const { remote } = this.history;
    const store = new Hostile(this.#world, this.#clock, () => {
      const fate = this.#fates.shift() ?? "ok";
      return !remote && (fate === "lies_false" || fate === "repeats") ? "throws_after" : fate;
    });
    const guard = guardKv(store, { clock: this.#clock });
    const instance = `${this.#name}-p${this.#processes}`;
    const opening = openWriter({
      kv: guard.kv,
      beside: createFeed(guard.kv, { instance, clock: this.#clock, keep: 5 }),
      aggregate: toyAggregate,
      clock: this.#clock,
      ids: { uuid: () => `${this.#name}-w${++this.#made}`, token: () => "" },
      remote,
      instance,
      away: () => guard.away,
      faults: this.faults,
    });
    let writer: Writer<Toy> | null = null;
    opening.then((opened) => {
      writer = opened;
    });
    for (let i = 0; writer === null && i < MOST_STEPS; i++) await this.#time(1);
    const opened = await opening;
    const seen = new Map<string, number>();
    opened.onCommit((commit) => this.#onCommit(store, seen, commit));
    this.#process = {
      store,
      writer: opened,
      seen,
      kill() {
        store.cut = true;
        guard.close();
        void opened.close(0);
      },
    };
  }

  async #crash(): Promise<void> {
    for (const sent of this.#sent) if (sent.state === "waiting") sent.state = "unknown";
    this.#process?.kill();
    this.#processes++;
    await this.#start();
  }

  #onCommit(store: Hostile, seen: Map<string, number>, commit: {
    session_id: string;
    first_seq: number;
    last_seq: number;
    lines: Uint8Array;
  }): void {
    if (store.cut) return;
    const { session_id, first_seq, last_seq } = commit;
    const log = this.truth.linesOf(session_id);
    if (first_seq <= (seen.get(session_id) ?? 0)) this.problems.push("fan-out went back");
    if (last_seq > log.length) return void this.problems.push("fan-out before the commit");
    const stored = log.slice(first_seq - 1, last_seq).map((line) => line.bytes).join("");
    if (stored !== new TextDecoder().decode(commit.lines)) this.problems.push("fan-out shows other bytes than the log");
    seen.set(session_id, last_seq);
  }

  #submit(step: Extract<Step, { do: "submit" }>): void {
    const session_id = this.#session(step.session);
    const op = `${this.#name}-o${++this.#made}`;
    const sent: Sent = { op, session_id, what: step.what, process: this.#processes, state: "waiting", seqs: null };
    this.#sent.push(sent);
    const from = this.truth.now;
    const fence = this.truth.last.ops.get(session_id)?.filter((one) => one.endsWith("!")).length ?? 0;
    const out = step.what === "claim" || step.what === "look_out" ? this.#out(step.key) : null;
    const store = this.#process?.store;
    this.#process?.writer.submit<Reply>({
      session_id,
      outside: out ? [out.key] : [],
      urgent: step.urgent,
      owner: step.owner,
      ...(step.short ? { deadline_ms: 40 } : {}),
      decide: ({ state, outside }) =>
        decideToy(state, { op, what: step.what, fence: step.owner === "run" ? fence : null, out, outside }),
    }).then(
      (done) => store?.cut || this.#answered(sent, from, done),
      (error) => store?.cut || this.#rejected(sent, error),
    );
  }

  #answered(sent: Sent, from: number, done: { reply: Reply; first_seq?: number; last_seq?: number }): void {
    if (done.reply.ok) {
      sent.state = "acked";
      sent.seqs = [done.first_seq ?? 0, done.last_seq ?? -1];
      if (!this.#stands(sent)) this.problems.push(`${sent.what} was acknowledged and does not stand`);
      if ((this.#process?.seen.get(sent.session_id) ?? 0) < sent.seqs[1]) this.problems.push("told before fan-out");
      return;
    }
    sent.state = "not";
    if (!this.truth.stood(sent.session_id, from, done.reply.snapshot)) {
      this.problems.push(`${sent.what} was refused on a state that never stood while it waited`);
    }
  }

  #rejected(sent: Sent, error: unknown): void {
    const code = error instanceof AppError ? error.code : String(error);
    sent.state = code === "in_doubt" ? "unknown" : "not";
    if (!["in_doubt", "busy", "store_away"].includes(code)) this.problems.push(`${sent.what} ended with ${code}`);
  }

  #stands(sent: Sent): boolean {
    const [first, last] = sent.seqs ?? [0, -1];
    const lines = this.truth.linesOf(sent.session_id).slice(first - 1, last);
    return last >= first && lines.length === last - first + 1 &&
      lines.every((line, i) => line.op === sent.op && line.part === i);
  }

  /** Another instance, with a way to the store that works. */
  async #interfere(step: Extract<Step, { do: "interfere" }>): Promise<void> {
    await this.#quiesce();
    const session_id = this.#session(step.session);
    const store = new Hostile(this.#world, this.#clock, () => "ok");
    if (step.what === "claim") return await this.#claimElsewhere(store, this.#out(step.key));
    const { state, stamp } = await toyAggregate.load(store, session_id);
    const op = `${this.#name}-i${++this.#made}`;
    const verdict = decideToy(state, { op, what: step.what, fence: null, out: null, outside: [] });
    if (!verdict.commit || toyAggregate.phase(state) === "absent") return;
    const head_seq = state.head.head_seq + verdict.events.length;
    const atomic = store.atomic().check({ key: keys.head(session_id), versionstamp: stamp });
    const after = toyAggregate.withHeadSeq(verdict.state, head_seq);
    for (const row of [...toyAggregate.diff(session_id, state, after), ...verdict.rows ?? []]) {
      if (row.type === "set") atomic.set(row.key, row.value);
    }
    const lines = verdict.events.map((event, i) => {
      return JSON.stringify({ seq: state.head.head_seq + 1 + i, data: event.data }) + "\n";
    });
    atomic.set(keys.chunk(session_id, state.head.head_seq + 1), new TextEncoder().encode(lines.join("")));
    const result = await atomic.commit();
    if (!result.ok) return;
    const seqs: [number, number] = [state.head.head_seq + 1, head_seq];
    this.#sent.push({ op, session_id, what: step.what, process: -1, state: "acked", seqs });
  }

  /** Uses an outside row for a session that this history does not follow. */
  async #claimElsewhere(store: Hostile, out: { id: string; key: Key }): Promise<void> {
    const entry = await store.get(out.key);
    const value = numberOf(entry);
    const raised = setRow(out.key, value + 1);
    const atomic = store.atomic().check(entry);
    if (raised.type === "set") atomic.set(raised.key, raised.value);
    if ((await atomic.commit()).ok) this.#claims.push(`${out.id}:${value}`);
  }

  async #verify(): Promise<void> {
    if (outOfOrder(this.#sent)) this.problems.push("commands of one session changed places");
    for (const sent of this.#sent) {
      if (sent.state === "acked" && !this.#stands(sent)) {
        this.problems.push(`${sent.what} was acknowledged and is gone`);
      }
      const found = this.truth.linesOf(sent.session_id).filter((line) => line.op === sent.op);
      if (sent.state === "not" && found.length > 0) this.problems.push(`${sent.what} was refused and stands`);
      if (new Set(found.map((line) => line.part)).size !== found.length) {
        this.problems.push(`${sent.what} stands twice`);
      }
    }
    const claims = [...this.#claims, ...[...this.truth.lines.values()].flat().flatMap((line) => line.claim ?? [])];
    if (new Set(claims).size !== claims.length) this.problems.push("an outside value was used twice");
    for (const session_id of this.truth.lines.keys()) await this.#verifyStored(session_id);
  }

  async #verifyStored(session_id: string): Promise<void> {
    let seq = 0;
    for await (const chunk of this.real.list({ prefix: keys.events(session_id) })) {
      for (const line of readLines(chunk.value)) if (line.seq !== ++seq) this.problems.push("the log has a gap");
    }
    const { state } = await toyAggregate.load(this.real, session_id);
    if (state.head.head_seq !== seq) this.problems.push("the head does not say the last seq");
    const ops = new Set(this.truth.linesOf(session_id).map((line) => line.op));
    if (JSON.stringify([...ops]) !== JSON.stringify(state.ops.map((op) => op.replace("!", "")))) {
      this.problems.push("record and log differ");
    }
  }
}
