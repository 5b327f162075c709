// The settle machine alone, each branch by name; the model test walks them in every order.
import { assertEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import type { Kv } from "@/lib/store/kv.ts";
import { keys } from "@/lib/store/keys.ts";
import { type Outcome, WriterRow } from "@/lib/store/writer/row.ts";
import { type Fate, Hostile, World } from "./hostile.ts";
import { VirtualClock } from "./virtual_clock.ts";

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

class Stage implements Disposable {
  readonly clock = new VirtualClock();
  fates: Fate[] = [];
  row: WriterRow;
  store: Hostile;
  constructor(readonly kv: Deno.Kv, remote: boolean) {
    const world = new World(kv as unknown as Kv, () => {});
    this.store = new Hostile(world, this.clock, () => this.fates.shift() ?? "ok");
    const ids = { uuid: () => "w-1", token: () => "" };
    this.row = new WriterRow({ kv: this.store, clock: this.clock, ids, remote, instance: "i" });
  }
  static async open(remote = false): Promise<Stage> {
    const stage = new Stage(await Deno.openKv(":memory:"), remote);
    await stage.row.open();
    return stage;
  }
  /** Sends a batch that sets a row, and lets time pass until it is settled. */
  async send(value: string, fates: Fate[], check = false): Promise<Outcome> {
    this.fates = fates;
    const sent = this.row.send((op) => {
      if (check) op.check({ key: ["x"], versionstamp: null });
      op.set(["x"], value);
    });
    return await this.settled(sent);
  }
  async settled<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const done = () => {
      over = true;
    };
    promise.then(done, done);
    for (let i = 0; !over && i < 200; i++) {
      do {
        await this.store.world.quiet();
        await turn();
      } while (this.store.world.busy > 0);
      if (!over) this.clock.step();
    }
    return await promise;
  }
  async value(): Promise<unknown> {
    return (await this.kv.get(["x"])).value;
  }
  [Symbol.dispose](): void {
    this.kv.close();
  }
}

Deno.test("[WR-ROW] an answered batch landed; a refused one never lands", async () => {
  using stage = await Stage.open();
  assertEquals((await stage.send("one", ["ok"])).kind, "landed");
  assertEquals((await stage.send("two", ["ok"], true)).kind, "refused");
  assertEquals(await stage.value(), "one");
  assertEquals((await stage.send("three", ["ok"])).kind, "landed");
});

Deno.test("[WR-ROW] a batch that threw after landing is found to have landed", async () => {
  using stage = await Stage.open();
  assertEquals((await stage.send("one", ["throws_after"])).kind, "landed");
  assertEquals(await stage.value(), "one");
});

Deno.test("[WR-ROW] a batch that threw before landing is voided, and never lands later", async () => {
  using stage = await Stage.open();
  assertEquals((await stage.send("one", ["throws_lands_later"])).kind, "voided");
  while (stage.clock.step()) await turn();
  await stage.store.world.quiet();
  assertEquals(await stage.value(), null);
});

Deno.test("[WR-ROW] a void whose answer was lost is found by its mark", async () => {
  using stage = await Stage.open();
  assertEquals((await stage.send("one", ["throws_before", "throws_after"])).kind, "voided");
  assertEquals((await stage.send("two", ["ok"])).kind, "landed");
});

Deno.test("[WR-ROW] voids are repeated until one is answered", async () => {
  using stage = await Stage.open();
  const fates: Fate[] = ["throws_after", "throws_before", "throws_before", "throws_before"];
  assertEquals((await stage.send("one", fates)).kind, "landed");
});

Deno.test("[WR-ROW] over KV Connect ok:false is settled: it may be a lie", async () => {
  using stage = await Stage.open(true);
  assertEquals((await stage.send("one", ["lies_false"])).kind, "landed");
  assertEquals((await stage.send("two", ["repeats"])).kind, "landed");
  assertEquals(await stage.value(), "two");
  assertEquals((await stage.send("three", ["ok"], true)).kind, "voided");
});

Deno.test("[WR-ROW] a row that others removed leaves the batch unknown", async () => {
  using stage = await Stage.open();
  await stage.kv.delete(keys.writer("w-1"));
  assertEquals((await stage.send("one", ["throws_before"])).kind, "lost");
  await stage.row.open();
  assertEquals((await stage.send("two", ["ok"])).kind, "landed");
});

Deno.test("[WR-ROW] a row that others moved is no refusal that would repeat for ever", async () => {
  using stage = await Stage.open();
  await stage.kv.set(keys.writer("w-1"), new Uint8Array());
  assertEquals((await stage.send("one", ["ok"])).kind, "lost");
});

Deno.test("[WR-ROW] a size that the store refuses is no doubt", async () => {
  using stage = await Stage.open();
  await assertRejects(
    () =>
      stage.row.send((op) => {
        for (let n = 0; n < 1100; n++) op.set(["x", n], 1);
      }),
    TypeError,
    "Too many mutations",
  );
  assertEquals((await stage.send("two", ["ok"])).kind, "landed");
});

Deno.test("[WR-ROW] an abandoned row ends its waits with in_doubt", async () => {
  using stage = await Stage.open();
  stage.fates = ["throws_before", "throws_before", "throws_before"];
  const sent = stage.row.send((op) => op.set(["x"], 1));
  await turn();
  stage.row.abandon();
  const error = await assertRejects(() => stage.settled(sent), AppError);
  assertEquals(error.code, "in_doubt");
});
