import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { type Ctx, z } from "../../../workers/sdk/mod.ts";
import { Sandbox, started, workflow } from "../sandbox.ts";

const exec = async (ctx: Ctx, name: string, code = "") => (await ctx.exec(name, { code })).value;
const done = (value: number) => ({ ok: true as const, value: { value } });

Deno.test("[WK-RPL1] what is stored settles without a frame", async () => {
  const flow = workflow(async (ctx) => [await exec(ctx, "a"), await ctx.step("b", () => 2), await exec(ctx, "a")]);
  const first = await new Sandbox(flow).start();
  await first.settle("a", done(1));
  await first.run("b");
  await first.settle("a#2", done(3));
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals(second.value, [1, 2, 3]);
  assertEquals(second.frames.map(({ type }) => type), ["ready", "finish"]);
});

Deno.test("[WK-RPL2] leaves settle by number, one at a time, with all code between that they woke", async () => {
  const order: string[] = [];
  const flow = workflow((ctx) =>
    ctx.map("m", ["a", "b", "c"], { key: (key) => key }, async (key) => {
      await exec(ctx, "x");
      order.push(`${key}1`);
      for (let i = 0; i < 20; i++) await null;
      order.push(`${key}2`);
      await exec(ctx, "y");
      order.push(`${key}3`);
    })
  );
  const first = await new Sandbox(flow).start();
  for (const key of ["m/c/x", "m/a/x", "m/a/y", "m/b/x", "m/c/y", "m/b/y"]) await first.settle(key, done(1));
  const live = order.splice(0);
  await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals(order, live);
  assertEquals(live, ["c1", "c2", "a1", "a2", "a3", "b1", "b2", "c3", "b3"]);
});

Deno.test("[WK-RPL3] entries that the host hands over together settle one at a time too", async () => {
  const order: string[] = [];
  const box = await started((ctx) =>
    ctx.map("m", ["a", "b"], { key: (key) => key }, async (key) => {
      await exec(ctx, "x");
      order.push(key);
      await null;
      order.push(key);
    })
  );
  const entries = [box.commit("m/b/x", done(1)), box.commit("m/a/x", done(1))];
  for (const entry of entries) box.send({ type: "settle", entry });
  await box.rest();
  assertEquals(order, ["b", "b", "a", "a"]);
});

Deno.test("[WK-RPL4] no effect begins, and nothing is said, before the last stored entry has settled", async () => {
  const flow = workflow((ctx) =>
    ctx.all("m", {
      a: async () => {
        ctx.emit("warning", { code: "early", message: "" });
        await exec(ctx, "new");
      },
      b: async () => {
        await exec(ctx, "x");
        await exec(ctx, "y");
        throw new Error("b stops the others");
      },
    })
  );
  const first = await new Sandbox(flow).start();
  await first.settle("m/b/x", done(1));
  first.journal.begin(first.begin("m/b/y"));
  first.commit("m/b/y", done(1));
  first.journal.entries.delete("m/a/new");
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals(second.begun, []);
  assertEquals(second.failure.message, "Error: b stops the others");
});

Deno.test("[WK-RPL5] what was open begins again, after all that is stored", async () => {
  const flow = workflow((ctx) =>
    ctx.all("m", { a: () => exec(ctx, "x"), b: async () => [await exec(ctx, "x"), await exec(ctx, "y")] })
  );
  const first = await new Sandbox(flow).start();
  await first.began("m/a/x");
  await first.settle("m/b/x", done(1));
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals(second.begun, ["m/a/x", "m/b/y"]);
  assertEquals(await second.began("m/a/x"), 2);
  assertEquals(await second.began("m/b/y"), 1);
});

Deno.test("[WK-RPL6] keys count names in their own scope, in the order of calls there", async () => {
  const box = await started(async (ctx) => {
    await ctx.all("m", {
      a: async () => [await exec(ctx, "x"), await exec(ctx, "x")],
      b: async () => [await exec(ctx, "x"), await ctx.group("x", "X", () => exec(ctx, "x"))],
    });
  });
  for (const key of ["m/b/x", "m/a/x", "m/b/x#2/x", "m/a/x#2"]) await box.settle(key, done(1));
  assertEquals(box.begun, ["m/a/x", "m/b/x", "m/b/x#2/x", "m/a/x#2"]);
});

Deno.test("[WK-RPL7] failed and caught calls count", async () => {
  const box = await started(async (ctx) => {
    await exec(ctx, "x").catch(() => {});
    await exec(ctx, "x");
  });
  await box.fail("x", "http");
  assertEquals(box.begun, ["x", "x#2"]);
  assertEquals(box.begin("x#2").pos, 1);
});

Deno.test("[WK-RPL8] an entry that the host hands over twice settles once", async () => {
  const box = await started(async (ctx) => [await exec(ctx, "a"), await exec(ctx, "b")]);
  const entry = await box.settle("a", done(1));
  box.send({ type: "settle", entry });
  await box.settle("b", done(2));
  assertEquals(box.value, [1, 2]);
});

Deno.test("[WK-RPL9] an entry out of order is refused", async () => {
  const box = await started((ctx) => ctx.all("m", { a: () => exec(ctx, "x"), b: () => exec(ctx, "x") }));
  const late = box.commit("m/a/x", done(1));
  const early = box.commit("m/b/x", done(1));
  box.send({ type: "settle", entry: early });
  let refused = "";
  try {
    box.send({ type: "settle", entry: late });
  } catch (error) {
    refused = error instanceof RangeError ? error.message : "?";
  }
  assertStringIncludes(refused, "comes after");
});

Deno.test("[WK-RPL10] an answer that comes during a replay waits for the stored entries before it", async () => {
  const flow = workflow(async (ctx) => {
    const order: string[] = [];
    await ctx.all("m", {
      a: async () => void order.push(await ctx.ask("q", { question: "?", answer: z.string() })),
      b: async () => void order.push(`${await exec(ctx, "x")}`),
    });
    return order;
  });
  const first = await new Sandbox(flow).start();
  await first.began("m/a/q");
  await first.began("m/b/x");
  first.commit("m/b/x", done(1));
  const second = new Sandbox(flow, { journal: first.journal });
  const entry = first.commit("m/a/q", { verb: "answered", value: "yes", edited: true, feedback: null, by: "ada" });
  const starting = second.start();
  second.send({ type: "settle", entry });
  await starting;
  assertEquals(second.value, ["1", "yes"]);
});

Deno.test("[WK-RPL11] equal arguments have one digest, whatever the order of their keys", async () => {
  const digestOf = async (args: { code: string; label?: string }) =>
    (await started((ctx) => ctx.exec("a", args))).begin("a").digest;
  assertEquals(await digestOf({ code: "1", label: "l" }), await digestOf({ label: "l", code: "1" }));
  assertNotEquals(await digestOf({ code: "1" }), await digestOf({ code: "2" }));
});

Deno.test("[WK-RPL12] a retry reads entries of another run whose scopes it has not: they begin after the replay", async () => {
  const flow = workflow(async (ctx) => {
    await ctx.group("g", "G", () => exec(ctx, "a"));
    await ctx.group("h", "H", () => exec(ctx, "a"));
  });
  const parent = await new Sandbox(flow).start();
  await parent.settle("g/a", done(1));
  const { journal } = new Sandbox(flow, { journal: parent.journal });
  for (const key of ["g", "h"]) journal.scopes.delete(key);
  journal.entries.delete("h/a");
  const retry = await new Sandbox(flow, { journal, start: { run_id: "run-2" } }).start();
  assertEquals(retry.frames.map((frame) => "key" in frame ? `${frame.type} ${frame.key}` : frame.type), [
    "ready",
    "scope_begin g",
    "scope_end g",
    "scope_begin h",
    "begin h/a",
  ]);
});

Deno.test("[WK-RPL13] 2,000 stored entries of 2 KB are replayed without a frame", async () => {
  const flow = workflow(async (ctx) => {
    let sum = 0;
    for (let i = 0; i < 2000; i++) sum += (await ctx.step(`s${i}`, () => ({ i, text: "x" }))).i;
    return sum;
  });
  const box = new Sandbox(flow);
  for (let i = 0; i < 2000; i++) {
    const name = `s${i}`;
    const digest = "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b";
    box.journal.begin({ type: "begin", key: name, scope: "", name, pos: i, digest, policy: {}, kind: "step" });
    box.journal.settle(name, { ok: true, value: { i, text: "x".repeat(2000) } });
  }
  await box.start();
  for (let i = 0; i < 100 && box.of("finish").length === 0; i++) await box.rest();
  assertEquals(box.value, 1_999_000);
  assert(box.frames.length === 2);
});

Deno.test("[WK-RPL14] stored entries settle by their numbers, in whatever order they were sent", async () => {
  const order: string[] = [];
  const flow = workflow((ctx) =>
    ctx.map("m", ["a", "b", "c"], { key: (key) => key }, async (key) => {
      await exec(ctx, "x");
      order.push(key);
    })
  );
  const first = await new Sandbox(flow).start();
  for (const key of ["m/c/x", "m/a/x", "m/b/x"]) await first.settle(key, done(1));
  const live = order.splice(0);
  const second = new Sandbox(flow, { journal: first.journal });
  const { journal } = second;
  journal.stored = () => [...journal.entries.values()].sort((one, other) => one.key < other.key ? -1 : 1);
  await second.start();
  assertEquals([live, order], [["c", "a", "b"], ["c", "a", "b"]]);
});
