// The writer's promises one by one; model_test.ts holds them together under a hostile store.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import type { EventDraft } from "@/lib/model/event.ts";
import { guardKv, type Kv } from "@/lib/store/kv.ts";
import { keys } from "@/lib/store/keys.ts";
import { setRow } from "@/lib/store/mutation.ts";
import type { Commit, Submission, Verdict, Writer } from "@/lib/store/writer/types.ts";
import { openWriter } from "@/lib/store/writer/writer.ts";
import { type Fate, Hostile, World } from "./hostile.ts";
import { numberOf, type Toy, toyAggregate } from "./toy.ts";
import { VirtualClock } from "./virtual_clock.ts";

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));
const event = (message: string): EventDraft => ({ event_type: "warning", run_id: null, data: { code: "c", message } });

class Desk implements AsyncDisposable {
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
  static async open(): Promise<Desk> {
    const desk = new Desk(await Deno.openKv(":memory:"));
    desk.writer = await openWriter<Toy>({
      kv: desk.guard.kv,
      aggregate: toyAggregate,
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
    for (let i = 0; i < 3; i++) {
      await this.world.quiet();
      await turn();
    }
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

function applied(state: Toy, op: string, events: EventDraft[] = [event(op)]): Verdict<Toy, string> {
  return { commit: true, state: { ...state, ops: [...state.ops, op] }, events, reply: op };
}
const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  (await assertRejects(() => promise, AppError)).code;

Deno.test("[WR-ORDER] commands of one turn go in one commit, in order, each on the state of the one before", async () => {
  await using desk = await Desk.open();
  const seen: number[] = [];
  const sent = ["a", "b", "c"].map((op) =>
    desk.submit(op, {
      decide: ({ state }) => {
        seen.push(state.ops.length);
        return applied(state, op);
      },
    })
  );
  const done = await Promise.all(sent);
  assertEquals(desk.atomics, 1);
  assertEquals(seen, [0, 1, 2]);
  assertEquals(done.map(({ reply, first_seq, last_seq }) => [reply, first_seq, last_seq]), [
    ["a", 1, 1],
    ["b", 2, 2],
    ["c", 3, 3],
  ]);
});

Deno.test("[WR-WINDOW] what is not urgent waits for the window, and goes at once with what is", async () => {
  await using desk = await Desk.open();
  await desk.submit("a", { urgent: false });
  const waiting = desk.submit("b", { urgent: false });
  await desk.quiet();
  assertEquals(desk.atomics, 1, "the first went at once, the second waits");
  desk.clock.step();
  await waiting;
  const third = desk.submit("c", { urgent: false });
  await desk.submit("d");
  await third;
  assertEquals(desk.atomics, 3);
});

Deno.test("[WR-ANSWER] nobody is answered before the commit, also who is refused on what it decided", async () => {
  await using desk = await Desk.open();
  const told: string[] = [];
  desk.fates = ["ok", "ok", "slow"];
  const first = desk.submit("a").then(() => told.push("a"));
  const refused = desk.submit("b", {
    decide: ({ state }) => ({ commit: false, reply: `saw ${state.ops.join()}` }),
  }).then(({ reply }) => told.push(reply));
  const thrown = desk.submit("c", {
    decide: () => {
      throw new AppError("wrong_state", "no");
    },
  }).catch(() => told.push("thrown"));
  await desk.quiet();
  assertEquals(told, []);
  desk.clock.step();
  await Promise.all([first, refused, thrown]);
  assertEquals(told, ["a", "saw a", "thrown"]);
});

Deno.test("[WR-ANSWER] fan-out comes after the commit and before the answer; its bytes are those of the log", async () => {
  await using desk = await Desk.open();
  let before = -1;
  await desk.submit("a").then(() => {
    before = desk.commits.length;
  });
  await desk.submit("b");
  assertEquals(before, 1);
  const shown = desk.commits.map((commit) => new TextDecoder().decode(commit.lines)).join("");
  assertEquals(shown, await desk.log());
  assertEquals(desk.commits.map(({ first_seq, last_seq, state }) => [first_seq, last_seq, state.ops.length]), [
    [1, 1, 1],
    [2, 2, 2],
  ]);
});

Deno.test("[WR-ANSWER] what a listener throws keeps nobody from an answer; a commit without events is told too", async () => {
  await using desk = await Desk.open();
  desk.writer.onCommit(() => {
    throw new Error("a broken listener");
  });
  const done = await desk.submit("a");
  assertEquals(done.first_seq, 1);
  const silent = await desk.submit("b", { decide: ({ state }) => applied(state, "b", []) });
  assertEquals([silent.first_seq, silent.last_seq], [undefined, undefined]);
  const last = desk.commits.at(-1);
  assertEquals([last?.first_seq, last?.last_seq, last?.lines.length], [2, 1, 0]);
});

Deno.test("[WR-OUTSIDE] a second command on an outside key waits and is decided on what the first one wrote", async () => {
  await using desk = await Desk.open();
  const claim = (session_id: string) =>
    desk.submit("claim", {
      session_id,
      outside: [["n"]],
      decide: ({ state, outside }) => {
        const n = numberOf(outside[0]);
        return { ...applied(state, "claim"), rows: [setRow(["n"], n + 1)], reply: `read ${n}` };
      },
    });
  const done = await Promise.all([claim("s-1"), claim("s-2"), claim("s-1")]);
  assertEquals(done.map(({ reply }) => reply).sort(), ["read 0", "read 1", "read 2"]);
  assertEquals(desk.atomics, 3);
});

Deno.test("[WR-BUSY] a person's command is decided five times, then busy; a run's until it lands", async () => {
  await using desk = await Desk.open();
  await desk.submit("a");
  for (const owner of ["person", "run"] as const) {
    let decided = 0;
    const sent = desk.submit("b", {
      owner,
      decide: ({ state }) => {
        // Another instance moves the head between each decision and its commit, eight times.
        if (++decided <= 8) void desk.kv.set(keys.head("s-1"), new TextEncoder().encode(JSON.stringify(state.head)));
        return applied(state, "b");
      },
    });
    if (owner === "person") assertEquals(await codeOf(sent), "busy");
    else assertEquals((await sent).reply, "b");
    assertEquals(decided, owner === "person" ? 5 : 9);
  }
});

Deno.test("[WR-LIMITS] time limits and signals end what is not in flight, and say that it has not happened", async () => {
  await using desk = await Desk.open();
  desk.fates = ["ok", "ok", "never"];
  const flying = desk.submit("a", { deadline_ms: 20, owner: "person" });
  await desk.quiet();
  const aborted = new AbortController();
  const queued = desk.submit("b", { deadline_ms: 10, owner: "person" });
  const signalled = desk.submit("c", { signal: aborted.signal });
  aborted.abort(new Error("the client has gone"));
  await assertRejects(() => signalled, Error, "the client has gone");
  assertEquals(desk.writer.backlog_bytes, 1024);
  assertEquals(await codeOf(desk.until(queued)), "busy");
  assertEquals(await codeOf(desk.until(flying)), "in_doubt");
  assertEquals(desk.writer.backlog_bytes, 0);
  await desk.until(desk.submit("d"));
  assert(!(await desk.log()).includes('"b"'));
});

Deno.test("[WR-AWAY] while the store is away persons are refused at once; runs wait; it recovers by itself", async () => {
  await using desk = await Desk.open();
  await desk.submit("a");
  desk.fates = Array(9).fill("never");
  const lost = desk.submit("b");
  while (!desk.writer.readonly) {
    await desk.quiet();
    desk.clock.step();
  }
  assertEquals(await codeOf(desk.submit("c", { owner: "person" })), "store_away");
  const waits = desk.submit("d");
  await desk.until(Promise.all([lost, waits]));
  assertEquals(desk.writer.readonly, false);
  assertEquals((await desk.log()).split("\n").map((line) => /"message":"(.)"/.exec(line)?.[1]).join(""), "abd");
});

Deno.test("[WR-CLOSE] close commits what is queued, takes nothing more, and removes the writer's row", async () => {
  const desk = await Desk.open();
  const sent = desk.submit("a", { urgent: false });
  const second = desk.submit("b", { urgent: false });
  const closed = desk.writer.close();
  assertEquals(await codeOf(desk.submit("c")), "draining");
  await Promise.all([sent, second, closed]);
  assertEquals((await desk.kv.get(keys.writer("w-1"))).versionstamp, null);
  desk.kv.close();
});

Deno.test("[WR-CLOSE] a close that the store keeps waiting ends at its time", async () => {
  const desk = await Desk.open();
  desk.fates = ["ok", "ok", ...Array(50).fill("throws_before")];
  const doubted = codeOf(desk.submit("a"));
  await desk.quiet();
  const queued = codeOf(desk.submit("b"));
  const closed = desk.writer.close(100);
  await desk.until(closed);
  assertEquals(await queued, "draining");
  assertEquals(await desk.until(doubted), "in_doubt");
  desk.kv.close();
});

Deno.test("[WR-SIZES] a window that is larger than a commit goes in several, a command of many events too", async () => {
  await using desk = await Desk.open();
  const big = Array.from({ length: 2 }, () => event("x".repeat(50_000)));
  const sent = Array.from(
    { length: 20 },
    (_, i) => desk.submit(`o${i}`, { decide: ({ state }) => applied(state, `o${i}`, big) }),
  );
  const done = await Promise.all(sent);
  assertEquals(done.map(({ first_seq }) => first_seq), sent.map((_, i) => 1 + 2 * i));
  assert(desk.atomics >= 4, `${desk.atomics} commits`);
});

Deno.test("[WR-SIZES] a command that no spilling makes small enough is refused and harms nobody", async () => {
  await using desk = await Desk.open();
  const many = Array.from({ length: 1000 }, () => event("x".repeat(1900)));
  const refused = desk.submit("a", { decide: ({ state }) => applied(state, "a", many) });
  const fine = desk.submit("b");
  assertEquals(await codeOf(refused), "too_large");
  assertEquals((await fine).first_seq, 1);
  const outside = Array.from({ length: 30 }, (_, n) => ["k", n]);
  assertEquals(await codeOf(desk.submit("c", { outside })), "too_large");
});

Deno.test("[WR-CACHE] a forgotten session is read again; one that another has moved too", async () => {
  await using desk = await Desk.open();
  await desk.submit("a");
  desk.writer.forget("s-1");
  assertEquals((await desk.submit("b")).first_seq, 2);
  const { state } = await toyAggregate.load(desk.kv as unknown as Kv, "s-1");
  const moved = { ...state, ops: [...state.ops, "other"] };
  for (const row of toyAggregate.diff("s-1", state, moved)) {
    if (row.type === "set") await desk.kv.set(row.key, row.value);
  }
  const seen = await desk.submit("look", {
    decide: ({ state }) => ({ commit: false, reply: state.ops.join() }),
  });
  assertEquals(seen.reply, "a,b,other");
});
