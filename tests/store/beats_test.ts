import { assertEquals } from "@std/assert";
import { BEAT_MS, createBeats, DEAD_MS, HOLD_MS } from "@/lib/store/beats.ts";
import { keys } from "@/lib/store/keys.ts";
import type { Kv } from "@/lib/store/kv.ts";
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

Deno.test("[BEAT-TIMES] a beat each 2 s, the holder stops at 4 s, others take over at 6 s", () => {
  assertEquals([BEAT_MS, HOLD_MS, DEAD_MS], [2_000, 4_000, 6_000]);
});
