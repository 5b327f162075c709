import { assertEquals } from "@std/assert";
import { draft } from "@/lib/model/event.ts";
import { project } from "@/lib/engine/project.ts";
import { DEAD_MS } from "@/lib/store/beats.ts";
import type { ForeignCommit } from "@/lib/store/feed.ts";
import { keys } from "@/lib/store/keys.ts";
import { type Connection, openStore } from "@/lib/store/kv.ts";
import { createStore, type Store } from "@/lib/store/store.ts";
import { OWNER, SETTINGS, uuid } from "../engine/support/story.ts";
import { output, Place, testIds, turn } from "./support.ts";
import { VirtualClock } from "./writer/virtual_clock.ts";

/** Two instances on one store. */
class Pair implements AsyncDisposable {
  readonly heard: ForeignCommit[] = [];
  misses = 0;
  fails = 0;
  constructor(readonly a: Place, readonly b: Store, readonly connection: Connection, readonly clock: VirtualClock) {}

  static async open(): Promise<Pair> {
    const clock = new VirtualClock();
    const connection = await openStore(":memory:", { clock });
    const a = new Place(await instanceOf(connection, clock, "a"), connection, clock);
    return new Pair(a, await instanceOf(connection, clock, "b"), connection, clock);
  }
  /** B begins to listen. */
  async listen(): Promise<void> {
    await this.b.feed.start({
      take: (commits) => {
        if (this.fails-- > 0) return Promise.reject(new Error("not now"));
        this.heard.push(...commits);
        return Promise.resolve();
      },
      missed: () => Promise.resolve(void this.misses++),
    });
  }
  /** Lets a time pass, timer by timer. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    for (let next = this.clock.next; next !== null && this.clock.now() + next <= until; next = this.clock.next) {
      this.clock.step();
      await this.rest();
    }
    this.clock.skip(until - this.clock.now());
  }
  /** Until something holds, without time. */
  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + 30_000;
    while (!await holds()) {
      if (performance.now() > end) throw new Error("it did not happen");
      await turn();
    }
  }
  async rest(): Promise<void> {
    for (let turns = 0; turns < 20; turns++) await turn();
  }
  async keys(): Promise<string[]> {
    return (await this.a.allKeys()).map((key) => key.join(" "));
  }
  async [Symbol.asyncDispose](): Promise<void> {
    const closing = Promise.all([this.b.feed.stop(), this.b.beats.stop(), this.b.writer.close()]);
    await this.rest();
    await closing;
    await this.a[Symbol.asyncDispose]();
  }
}

function instanceOf(connection: Connection, clock: VirtualClock, instance: string): Promise<Store> {
  return createStore(connection, {
    clock,
    ids: testIds,
    instance,
    exclusive: false,
    project: (state) => project(state, SETTINGS),
  });
}

Deno.test("[FEED-LIVE] what one instance commits the other hears at once, in order, each once, with what it changed", async () => {
  await using pair = await Pair.open();
  await pair.a.create(uuid(1));
  await pair.listen();
  await pair.a.append(uuid(1), [output("one"), output("two")]);
  const cost = {
    model: "m",
    agent: "a",
    input_tokens: 1,
    output_tokens: 1,
    cached_input_tokens: 0,
    total_cost_usd: 0.5,
  };
  await pair.a.append(uuid(1), [
    draft("approval_expired", null, { approval_id: uuid(9) }),
    draft("cost_update", null, { ...cost, cost_usd: 0.5 }),
  ]);
  await pair.a.say(uuid(1), { by: OWNER, command: { type: "delete_session" } });
  await pair.until(() => pair.heard.length === 3);
  const [one, two, gone] = pair.heard;
  assertEquals([one?.session_id, (one?.last_seq ?? 0) - (one?.first_seq ?? 0)], [uuid(1), 1]);
  assertEquals([two?.first_seq, two?.approvals, two?.cost_usd], [(one?.last_seq ?? 0) + 1, [uuid(9)], 0.5]);
  assertEquals([gone?.deleted, pair.misses], [true, 0]);
});

Deno.test("[FEED-NEW] an instance that begins later is found within a second, and read from its first commit", async () => {
  await using pair = await Pair.open();
  await pair.listen();
  await pair.a.create(uuid(1));
  await pair.a.create(uuid(2));
  await pair.pass(1_000);
  await pair.until(() => pair.heard.length === 2);
  assertEquals(pair.heard.map((one) => one.session_id), [uuid(1), uuid(2)]);
});

Deno.test("[FEED-START] what was committed before it began to listen is not told: the lists are read after", async () => {
  await using pair = await Pair.open();
  await pair.a.create(uuid(1));
  await pair.listen();
  await pair.pass(3_000);
  assertEquals([pair.heard, pair.misses], [[], 0]);
});

Deno.test("[FEED-MISSED] where a row is missing that is told once, and reading goes on at the head", async () => {
  await using pair = await Pair.open();
  await pair.a.create(uuid(1));
  await pair.a.create(uuid(2));
  await pair.a.kv.atomic().delete(keys.feedItem("a", 1)).commit();
  // It listens as one that had read nothing of this feed.
  await pair.a.kv.atomic().delete(keys.feedHead("a")).commit();
  await pair.listen();
  await pair.a.create(uuid(3));
  await pair.pass(1_000);
  await pair.until(() => pair.misses === 1);
  await pair.a.create(uuid(4));
  await pair.until(() => pair.heard.length > 0);
  assertEquals([pair.heard.map((one) => one.session_id), pair.misses], [[uuid(4)], 1]);
});

Deno.test("[FEED-AGAIN] what could not be taken comes again, in the same order", async () => {
  await using pair = await Pair.open();
  await pair.a.create(uuid(1));
  await pair.listen();
  pair.fails = 1;
  await pair.a.append(uuid(1), [output("one")]);
  await pair.a.append(uuid(1), [output("two")]);
  await pair.pass(1_000);
  await pair.until(() => pair.heard.length === 2);
  const [one, two] = pair.heard;
  assertEquals(two?.first_seq, (one?.last_seq ?? 0) + 1);
});

Deno.test("[FEED-LATE] who could not look for 30 s reads everything anew", async () => {
  await using pair = await Pair.open();
  await pair.a.create(uuid(1));
  await pair.listen();
  pair.clock.skip(31_000);
  await pair.pass(1_000);
  await pair.until(() => pair.misses === 1);
});

Deno.test("[FEED-SWEEP] what a dead instance left beside sessions goes a minute later; a living one keeps all", async () => {
  await using pair = await Pair.open();
  await pair.a.create(uuid(1));
  await pair.a.store.beats.start();
  await pair.b.beats.start();
  await pair.listen();
  const looking = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1_000) {
      await pair.b.beats.observe();
      await pair.pass(1_000);
    }
  };
  const own = (all: string[]) => all.filter((key) => /^(feed|feed_head|beat) a\b/.test(key));
  await looking(90_000);
  assertEquals(own(await pair.keys()), ["beat a", "feed a 1", "feed_head a"]);
  const writers = (await pair.keys()).filter((key) => key.startsWith("writer ")).length;
  // As kill -9 leaves it: the row stands and is not written any more.
  const beat = await pair.a.kv.get(keys.beat("a"));
  await pair.a.store.beats.stop();
  await pair.a.kv.atomic().set(beat.key, beat.value).commit();
  await looking(DEAD_MS + 50_000);
  assertEquals(own(await pair.keys()).length, 3);
  await looking(20_000);
  // The rows of its writer go after those of its feed.
  const left = async () => (await pair.keys()).filter((key) => key.startsWith("writer "));
  await pair.until(async () => (await left()).length < writers);
  assertEquals([own(await pair.keys()), (await left()).length], [[], writers - 1]);
});

Deno.test("[SUM-LATEST] of two states of a session the later one stands, whichever is heard of first", async () => {
  await using pair = await Pair.open();
  const { summaries } = pair.b;
  await pair.a.create(uuid(1));
  await summaries.load();
  await pair.a.say(uuid(1), { by: OWNER, command: { type: "update_session", version: 1, name: "Later" } });
  await summaries.refresh([uuid(1)]);
  const later = summaries.get(uuid(1));
  assertEquals(later?.name, "Later");
  summaries.apply(uuid(1), { ...later!, name: "Earlier" }, "0".repeat(20));
  assertEquals(summaries.get(uuid(1))?.name, "Later");
  await pair.a.say(uuid(1), { by: OWNER, command: { type: "delete_session" } });
  await summaries.refresh([uuid(1)]);
  summaries.apply(uuid(1), later, "f".repeat(20));
  assertEquals([summaries.get(uuid(1)), summaries.size], [null, 0]);
});

Deno.test("[SUM-RELOAD] read anew the list holds what stands: changed, new and gone ones are told, others are not", async () => {
  await using pair = await Pair.open();
  const { summaries } = pair.b;
  for (const n of [1, 2, 3]) await pair.a.create(uuid(n));
  await summaries.load();
  await pair.a.say(uuid(1), { by: OWNER, command: { type: "delete_session" } });
  await pair.a.say(uuid(2), { by: OWNER, command: { type: "update_session", version: 1, name: "Changed" } });
  await pair.a.create(uuid(4));
  const told: string[] = [];
  summaries.onChange((id, summary) => told.push(`${id} ${summary?.name ?? "gone"}`));
  await summaries.reload();
  assertEquals(told.sort(), [`${uuid(1)} gone`, `${uuid(2)} Changed`, `${uuid(4)} Demo`]);
  assertEquals((await summaries.list(OWNER, { limit: 10 })).total, 3);
});
