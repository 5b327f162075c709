// A writer of toys at a desk: its store may be hostile, its clock stands.
import { assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import type { EventDraft } from "@/lib/model/event.ts";
import { guardKv, type Kv } from "@/lib/store/kv.ts";
import { keys } from "@/lib/store/keys.ts";
import type { Commit, Submission, Verdict, Writer } from "@/lib/store/writer/types.ts";
import { openWriter } from "@/lib/store/writer/writer.ts";
import { type Fate, Hostile, World } from "./hostile.ts";
import { type Toy, toyAggregate } from "./toy.ts";
import { VirtualClock } from "./virtual_clock.ts";

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));
/** An event that says something. */
export const event = (message: string): EventDraft => ({
  event_type: "warning",
  run_id: null,
  data: { code: "c", message },
});

/** A writer with its store and clock. */
export class Desk implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly commits: Commit<Toy>[] = [];
  fates: Fate[] = [];
  atomics = 0;
  writer!: Writer<Toy>;
  readonly world: World;
  readonly guard: ReturnType<typeof guardKv>;

  constructor(readonly kv: Deno.Kv) {
    this.world = new World(kv as unknown as Kv, () => void this.atomics++);
    this.guard = guardKv(new Hostile(this.world, this.clock, () => this.fates.shift() ?? "ok"), { clock: this.clock });
  }
  static async open(aggregate = toyAggregate): Promise<Desk> {
    const desk = new Desk(await Deno.openKv(":memory:"));
    desk.writer = await openWriter<Toy>({
      kv: desk.guard.kv,
      aggregate,
      clock: desk.clock,
      ids: { uuid: () => "w-1", token: () => "" },
      remote: false,
      instance: "i",
      away: () => desk.guard.away,
    });
    desk.writer.onCommit((commit) => void desk.commits.push(commit));
    desk.atomics = 0;
    return desk;
  }
  submit(op: string, more: Partial<Submission<Toy, string>> = {}) {
    return this.writer.submit<string>({
      session_id: "s-1",
      outside: [],
      urgent: true,
      owner: "run",
      decide: ({ state }) => applied(state, op),
      ...more,
    });
  }
  async quiet(): Promise<void> {
    do {
      await this.world.quiet();
      await turn();
    } while (this.world.busy > 0);
  }
  /** Lets time pass timer by timer until a promise is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const done = () => {
      over = true;
    };
    promise.then(done, done);
    for (let i = 0; !over && i < 500; i++) {
      await this.quiet();
      if (!over) this.clock.step();
    }
    return await promise;
  }
  async log(session_id = "s-1"): Promise<string> {
    let text = "";
    for await (const chunk of this.kv.list<Uint8Array>({ prefix: keys.events(session_id) })) {
      text += new TextDecoder().decode(chunk.value);
    }
    return text;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.fates = [];
    this.guard.close();
    await this.until(this.writer.close());
    this.kv.close();
  }
}

/** Applies a command to a toy. */
export function applied(state: Toy, op: string, events: EventDraft[] = [event(op)]): Verdict<Toy, string> {
  return { commit: true, state: { ...state, ops: [...state.ops, op] }, events, reply: op };
}
/** The code of what a promise is rejected with. */
export const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  (await assertRejects(() => promise, AppError)).code;
