import { assertEquals } from "@std/assert";
import { BEAT_MS, createBeats, DEAD_MS, HOLD_MS, SLOW_BEAT_MS } from "@/lib/store/beats.ts";
import { keys } from "@/lib/store/keys.ts";
import { CALL_DEADLINE_MS, type Kv } from "@/lib/store/kv.ts";
import { turn } from "./support.ts";
import { type Fate, Hostile, World } from "./writer/hostile.ts";
import { VirtualClock } from "./writer/virtual_clock.ts";

class Two implements Disposable {
  readonly clock = new VirtualClock();
  fates: Fate[] = [];
  readonly world: World;
  readonly a;
  readonly b;
  constructor(readonly kv: Deno.Kv) {
    this.world = new World(kv as unknown as Kv, () => {});
    const store = new Hostile(this.world, this.clock, () => this.fates.shift() ?? "ok");
    const options = { clock: this.clock, exclusive: false };
    this.a = createBeats(store, { ...options, instance: "a" });
    this.b = createBeats(kv as unknown as Kv, { ...options, instance: "b" });
  }
  static async open(): Promise<Two> {
    return new Two(await Deno.openKv(":memory:"));
  }
  /** Lets a time pass, timer by timer. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    for (;;) {
      do {
        await this.world.quiet();
        await turn();
      } while (this.world.busy > 0);
      const { next } = this.clock;
      if (next === null || this.clock.now() + next > until) break;
      this.clock.step();
    }
    this.clock.skip(until - this.clock.now());
  }
  /** Lets a time pass in which B looks each second. */
  async watch(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      await this.pass(Math.min(1000, left));
      await this.b.observe();
    }
  }
  [Symbol.dispose](): void {
    this.kv.close();
  }
}

Deno.test("[BEAT-DEAD] an instance is dead only when its beat stood still for 6 s of looking", async () => {
  using two = await Two.open();
  await two.a.start();
  await two.b.observe();
  assertEquals(two.b.judge("a").dead, false);
  await two.watch(DEAD_MS);
  assertEquals(two.b.judge("a").dead, false, "it has beaten since");
  two.fates = Array(50).fill("never");
  const { stamp } = await two.kv.get(keys.beat("a")).then((entry) => ({ stamp: entry.versionstamp }));
  await two.watch(DEAD_MS - 1);
  assertEquals(two.b.judge("a").dead, false);
  await two.watch(1);
  assertEquals(two.b.judge("a"), { dead: true, stamp });
});

Deno.test("[BEAT-GAP] who could not look for a while takes nobody for dead by what was before", async () => {
  using two = await Two.open();
  await two.a.start();
  two.fates = Array(50).fill("never");
  await two.watch(5_000);
  // The store was away for both, or this process stood still.
  await two.pass(10_000);
  await two.b.observe();
  assertEquals(two.b.judge("a").dead, false);
  await two.watch(DEAD_MS - 1);
  assertEquals(two.b.judge("a").dead, false);
  await two.watch(1);
  assertEquals(two.b.judge("a").dead, true);
});

Deno.test("[BEAT-HOLD] the holder stops 4 s after sending the last beat that was acknowledged, before it is dead", async () => {
  using two = await Two.open();
  let lost = 0;
  two.a.onLost(() => void lost++);
  await two.a.start();
  await two.pass(20_000);
  assertEquals([two.a.held, lost], [true, 0]);
  two.fates = Array(50).fill("never");
  await two.pass(HOLD_MS + 2000);
  assertEquals([two.a.held, lost], [false, 1]);
  two.fates = [];
  await two.pass(2100);
  assertEquals(two.a.held, true, "it goes on by itself when the store answers");
});

Deno.test("[BEAT-ABSENT] an instance without a beat is dead only after it was missed for 6 s", async () => {
  using two = await Two.open();
  await two.b.observe();
  assertEquals(two.b.judge("ghost"), { dead: false, stamp: null });
  await two.watch(DEAD_MS);
  assertEquals(two.b.judge("ghost"), { dead: true, stamp: null });
  assertEquals(two.b.judge("b").dead, false);
});

Deno.test("[BEAT-STOP] a stop takes the row away and holds nothing any more", async () => {
  using two = await Two.open();
  await two.a.start();
  await two.a.stop();
  assertEquals((await two.kv.get(keys.beat("a"))).versionstamp, null);
  await two.pass(10_000);
  assertEquals((await two.kv.get(keys.beat("a"))).versionstamp, null);
});

Deno.test("[BEAT-ALONE] who has the file for itself writes no beats; every other instance is dead at once", async () => {
  using kv = await Deno.openKv(":memory:");
  const beats = createBeats(kv as unknown as Kv, { clock: new VirtualClock(), instance: "a", exclusive: true });
  await beats.start();
  await beats.observe();
  assertEquals([beats.held, beats.judge("b").dead, beats.judge("a").dead], [true, true, false]);
  assertEquals(await Array.fromAsync(kv.list({ prefix: [] })), []);
  beats.onLost(() => {})();
  await beats.stop();
});

Deno.test("[BEAT-HOLD] the 4 s count from sending a beat, not from its answer", async () => {
  using two = await Two.open();
  let lost = 0;
  two.a.onLost(() => void lost++);
  two.fates = ["ok", "slow", ...Array(50).fill("never")];
  const started = two.a.start();
  await two.pass(100);
  await started;
  await two.pass(3899);
  assertEquals([two.a.held, lost], [true, 0]);
  await two.pass(1);
  assertEquals([two.a.held, lost], [false, 1]);
});

/** A way to the store whose calls take a time of their own. */
class Slow extends Hostile {
  ms = 0;
  constructor(two: Two) {
    super(two.world, two.clock, () => this.ms === 0 ? "ok" : "slow");
  }
  override sleep(): Promise<void> {
    return super.sleep(this.ms);
  }
}
/** An instance on a slow way, and how often it was lost. */
function slowly(two: Two, instance: string) {
  const way = new Slow(two);
  const beats = createBeats(way, { clock: two.clock, exclusive: false, instance });
  const lost = { times: 0 };
  beats.onLost(() => void lost.times++);
  return { way, beats, lost };
}

for (const ms of [600, 2_500, CALL_DEADLINE_MS - 100]) {
  Deno.test(`[BEAT-SLOW] a store that answers each call after ${ms} ms takes nothing away, and nobody is dead for another`, async () => {
    using two = await Two.open();
    const { way, beats, lost } = slowly(two, "c");
    way.ms = ms;
    void beats.start();
    await two.pass(2 * ms + 1);
    for (let n = 0; n < 40; n++) {
      await two.watch(1_000);
      assertEquals([beats.held, lost.times, two.b.judge("c").dead], [true, 0, false]);
    }
    // It is slow for a minute after the last slow answer; then a beat each 2 s does.
    way.ms = 0;
    await two.pass(70_000);
    const { versionstamp } = await two.kv.get(keys.beat("c"));
    await two.pass(BEAT_MS - SLOW_BEAT_MS);
    const once = (await two.kv.get(keys.beat("c"))).versionstamp;
    await two.pass(SLOW_BEAT_MS);
    const twice = (await two.kv.get(keys.beat("c"))).versionstamp;
    assertEquals(new Set([versionstamp, once, twice]).size, 2, "one of two seconds has a beat");
  });
}

Deno.test("[BEAT-LATE] a look that was answered late makes nobody older: the holder has stopped before it is dead", async () => {
  using two = await Two.open();
  const { way, beats } = slowly(two, "c");
  way.ms = 2_500;
  const first = beats.observe();
  await two.pass(2_400);
  await two.a.start();
  two.fates = Array(50).fill("never");
  await two.pass(100);
  await first;
  way.ms = 0;
  for (const ms of [0, 1_000, 1_000, 1_000, 700]) {
    await two.pass(ms);
    await beats.observe();
  }
  assertEquals([two.a.held, beats.judge("a").dead], [true, false]);
  await two.pass(2_400);
  await beats.observe();
  assertEquals([two.a.held, beats.judge("a").dead], [false, true]);
});

Deno.test("[BEAT-STOP] a beat that is on its way when it stops does not stand there after", async () => {
  using two = await Two.open();
  const { way, beats } = slowly(two, "c");
  await beats.start();
  way.ms = 2_500;
  await two.pass(4_600);
  way.ms = 0;
  const stopped = beats.stop();
  await two.pass(10_000);
  await stopped;
  assertEquals((await two.kv.get(keys.beat("c"))).versionstamp, null);
});

Deno.test("[BEAT-TIMES] a beat each 2 s, the holder stops at 4 s, others take over at 6 s", () => {
  assertEquals([BEAT_MS, HOLD_MS, DEAD_MS], [2_000, 4_000, 6_000]);
  assertEquals(SLOW_BEAT_MS + CALL_DEADLINE_MS <= HOLD_MS, true, "whatever is answered in time keeps it");
});
