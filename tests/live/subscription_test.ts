import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LiveHub } from "@/lib/live/hub.ts";
import { AppError } from "@/lib/model/error.ts";
import { type Sink, Subscription } from "@/lib/live/subscription.ts";
import type { Clock } from "@/lib/service/ports.ts";
import { FakeClock } from "@/tests/service/support/fake_clock.ts";
import { MemoryLog, settle } from "./support.ts";

const ID = "00000000-0000-4000-8000-000000000001";

/** A sink that writes down what it gets. */
class Notes implements Sink {
  readonly lines: string[] = [];
  readonly said: string[] = [];
  error: unknown = null;
  full: Promise<void> = Promise.resolve();
  flush = (flush: { lines: readonly string[] }) => void this.lines.push(...flush.lines);
  caughtUp = (head_seq: number) => void this.said.push(`caught_up ${head_seq} after ${this.lines.length}`);
  reset = (from_seq: number) => void this.said.push(`reset ${from_seq}`);
  gone = () => void this.said.push("gone");
  failed = (error: unknown) => void (this.error = error);
  room = () => this.full;
}

function setup(clock: Clock = new FakeClock()) {
  const log = new MemoryLog();
  log.open(ID);
  const hub = new LiveHub(clock);
  const sink = new Notes();
  const follow = (after: number) => new Subscription({ session_id: ID, after, log, hub, clock, sink });
  return { log, hub, sink, follow };
}

Deno.test("[LIVE1] a subscriber gets all lines after its cursor, then caught_up, then live ones", async () => {
  const { log, hub, sink, follow } = setup();
  for (let commit = 0; commit < 5; commit++) hub.publish(log.commit(ID, 3));
  const subscription = follow(4);
  await settle();
  assertEquals(sink.lines, log.lines(ID).slice(4));
  assertEquals(sink.said, ["caught_up 15 after 11"]);
  hub.publish(log.commit(ID, 2));
  assertEquals(sink.lines, log.lines(ID).slice(4));
  assertEquals(subscription.cursor, 17);
  subscription.close();
  hub.publish(log.commit(ID, 1));
  assertEquals(sink.lines.length, 13);
});

/** A clock whose timers are steps of the schedule. */
function scheduledClock(s: fc.Scheduler): Clock {
  let time = 0;
  const after: Clock["after"] = (_ms, fn) => {
    let cancelled = false;
    s.schedule(Promise.resolve(), "timer").then(() => cancelled || fn());
    return () => void (cancelled = true);
  };
  return {
    now: () => time,
    monotonic: () => time += 7,
    after,
    sleep: (ms) => new Promise((done) => void after(ms, done)),
  };
}

Deno.test("[LIVE2] no gap and no repeat, whatever is committed, told late or never told while the log is read", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.record({ lines: fc.integer({ min: 1, max: 4 }), told: fc.boolean() }), { maxLength: 12 }),
      fc.integer({ min: 0, max: 9 }),
      async (s, commits, before) => {
        const { log, hub, sink, follow } = setup(scheduledClock(s));
        log.before = () => s.schedule(Promise.resolve(), "read");
        for (let n = 0; n < before; n++) log.commit(ID, 1);
        const after = Math.floor(before / 2);
        const subscription = follow(after);
        s.scheduleSequence(commits.map(({ lines, told }) => () => {
          const committed = log.commit(ID, lines);
          if (told) hub.publish(committed);
          return Promise.resolve();
        }));
        await s.waitIdle();
        const healed = subscription.refresh();
        await s.waitIdle();
        await healed;
        assertEquals(sink.error, null);
        assertEquals(sink.lines, log.lines(ID).slice(after));
        assertEquals(sink.said.filter((said) => said.startsWith("caught_up")).length, 1);
        subscription.close();
      },
    ),
    { numRuns: 300, seed: 20260301 },
  );
});

Deno.test("[LIVE3] a cursor beyond the log is told as reset and the log begins again", async () => {
  const { log, hub, sink, follow } = setup();
  hub.publish(log.commit(ID, 3));
  const subscription = follow(50);
  await settle();
  assertEquals(sink.said, ["reset 1", "caught_up 3 after 3"]);
  assertEquals(sink.lines, log.lines(ID));
  subscription.close();
});

Deno.test("[LIVE4] a session that is unknown or deleted ends its subscription once", async () => {
  const { log, hub, sink, follow } = setup();
  follow(0);
  await settle();
  hub.publish(log.remove(ID));
  hub.publish(log.remove(ID));
  assertEquals(sink.said, ["caught_up 0 after 0", "gone"]);
  follow(0);
  await settle();
  assertEquals(sink.said, ["caught_up 0 after 0", "gone", "gone"]);
});

Deno.test("[LIVE5] what is held while a slow reader replays is bounded, and nothing of it is lost", async () => {
  const { log, hub, sink, follow } = setup();
  hub.publish(log.commit(ID, 1));
  const room = Promise.withResolvers<void>();
  sink.full = room.promise;
  const subscription = follow(0);
  await settle();
  for (let n = 0; n < 200; n++) hub.publish(log.commit(ID, 2, { bytes: 5000 }));
  assertEquals(sink.lines, []);
  const reads = log.reads;
  sink.full = Promise.resolve();
  room.resolve();
  await settle();
  assert(log.reads > reads, "2 MB were held in memory instead of being read again");
  assertEquals(sink.lines, log.lines(ID));
  subscription.close();
});

Deno.test("[LIVE6] a log that cannot be read fails the subscription and says why", async () => {
  const { log, sink, follow } = setup();
  log.before = () => Promise.reject(new Error("away"));
  follow(0);
  await settle();
  assert(sink.error instanceof Error && sink.error.message === "away");
});

Deno.test("[LIVE10] commits that nobody told of are read when the hub says that some went by", async () => {
  const { log, hub, sink, follow } = setup();
  log.commit(ID, 3);
  const subscription = follow(0);
  hub.missed();
  log.commit(ID, 2);
  await settle();
  assertEquals(sink.lines, log.lines(ID));
  log.commit(ID, 4);
  await settle();
  assertEquals(sink.lines.length, 5);
  hub.missed();
  await settle();
  assertEquals(sink.lines, log.lines(ID));
  log.remove(ID);
  hub.missed();
  await settle();
  assertEquals(sink.said.at(-1), "gone");
  subscription.close();
});

Deno.test("[LIVE11] what is closed while it waits for room is told nothing more", async () => {
  const { log, hub, sink, follow } = setup();
  for (let commit = 0; commit < 3; commit++) hub.publish(log.commit(ID, 2));
  const room = Promise.withResolvers<void>();
  sink.full = room.promise;
  const subscription = follow(0);
  await settle();
  subscription.close();
  room.resolve();
  await settle();
  assertEquals([sink.lines, sink.said, sink.error], [[], [], null]);
});

Deno.test("[LIVE12] a replay that the store leaves goes on where it stopped when the store answers again", async () => {
  const clock = new FakeClock();
  const { log, hub, sink, follow } = setup(clock);
  for (let commit = 0; commit < 4; commit++) hub.publish(log.commit(ID, 2));
  const chunks = log.chunks.bind(log);
  let away = 2;
  log.chunks = async function* (session_id, after) {
    for await (const chunk of chunks(session_id, after)) {
      yield chunk;
      if (away-- > 0) throw new AppError("store_away", "no answer");
    }
  };
  const subscription = follow(0);
  for (let turns = 0; turns < 4; turns++) {
    await settle();
    clock.advance(1_000);
  }
  await settle();
  assertEquals([sink.lines, sink.said.length, sink.error], [log.lines(ID), 1, null]);
  subscription.close();
});
