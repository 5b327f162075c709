import { assertEquals } from "@std/assert";
import { type Ctx, z } from "../../../workers/sdk/mod.ts";
import { Sandbox, started, workflow } from "../sandbox.ts";

const ask = (ctx: Ctx, name: string) => ctx.ask(name, { question: "?", answer: z.string() });
const yes = { verb: "answered", value: "yes", edited: true, feedback: null, by: "ada" };
const told = (box: Sandbox) => box.of("waiting").map(({ settled }) => settled);

Deno.test("[WK-WAIT1] waiting is said when the wait is committed, not before", async () => {
  const box = await started((ctx) => ask(ctx, "q"));
  assertEquals(told(box), []);
  await box.began("q");
  assertEquals(told(box), [0]);
});

Deno.test("[WK-WAIT2] every kind of wait counts, and a leaf at work does not", async () => {
  const box = await started((ctx) =>
    ctx.all("m", {
      a: () => ask(ctx, "q"),
      b: () => ctx.sleep("s", 60),
      c: () => ctx.waitForMessage("m"),
      d: () => ctx.approve("ok", { type: "step_approval", title: "T", subject: 1 }),
      e: () => ctx.exec("x", { code: "" }),
    })
  );
  for (const key of box.begun) await box.began(key);
  assertEquals(told(box), []);
  await box.settle("m/e/x", {});
  assertEquals(told(box), [1]);
});

Deno.test("[WK-WAIT3] waiting is said again after a settle when it is so again, with the last number", async () => {
  const box = await started(async (ctx) => {
    await ctx.all("m", { a: () => ask(ctx, "q"), b: async () => [await ask(ctx, "q"), await ask(ctx, "q")] });
  });
  await box.began("m/a/q");
  await box.began("m/b/q");
  assertEquals(told(box), [0]);
  await box.settle("m/b/q", yes);
  assertEquals(told(box), [0]);
  await box.began("m/b/q#2");
  assertEquals(told(box), [0, 1]);
  await box.settle("m/b/q#2", yes);
  assertEquals(told(box), [0, 1, 2]);
});

Deno.test("[WK-WAIT4] waiting is said once while nothing changes", async () => {
  const box = await started((ctx) => ask(ctx, "q"));
  await box.began("q");
  await box.rest();
  await box.rest();
  assertEquals(told(box), [0]);
});

Deno.test("[WK-WAIT5] a question that is open and not awaited does not make the code wait", async () => {
  const box = await started(async (ctx) => {
    const opened = ctx.open("q", { question: "?", answer: z.string() });
    await ctx.exec("x", { code: "" });
    return await ctx.answer(opened);
  });
  await box.began("q");
  assertEquals(told(box), []);
  await box.settle("x", {});
  assertEquals(told(box), [1]);
});

Deno.test("[WK-WAIT6] code that awaits something else is not waiting", async () => {
  let go: () => void = () => {};
  const box = await started((ctx) =>
    ctx.all("m", { a: () => ask(ctx, "q"), b: () => new Promise<void>((resolve) => go = resolve) })
  );
  await box.began("m/a/q");
  assertEquals(told(box), []);
  go();
  await box.rest();
  assertEquals(told(box), [0]);
});

Deno.test("[WK-WAIT7] branches that have not started yet for the limit do not count", async () => {
  const box = await started((ctx) => ctx.map("m", [1, 2], { key: String, limit: 1 }, () => ask(ctx, "q")));
  await box.began("m/1/q");
  assertEquals(told(box), [0]);
});

Deno.test("[WK-WAIT8] after a restart waiting is said with the number of the last stored entry", async () => {
  const flow = workflow(async (ctx) => {
    await ctx.exec("x", { code: "" });
    await ask(ctx, "q");
  });
  const first = await new Sandbox(flow).start();
  await first.settle("x", {});
  await first.began("q");
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  await second.began("q");
  assertEquals([told(first), told(second)], [[1], [1]]);
});

Deno.test("[WK-WAIT9] an entry that is passed over counts: waiting is said again with its number", async () => {
  const box = await started(async (ctx) => {
    await ctx.all("m", { a: () => ctx.exec("x", { code: "" }), b: () => ask(ctx, "q") }).catch(() => {});
    await ask(ctx, "q");
  });
  await box.began("m/b/q");
  await box.fail("m/a/x", "broken");
  await box.began("q");
  await box.settle("m/b/q", yes);
  assertEquals(told(box), [1, 2]);
});
