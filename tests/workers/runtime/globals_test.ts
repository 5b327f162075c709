import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { installGlobals } from "../../../workers/runtime/globals.ts";
import { Failure } from "../../../workers/sdk/mod.ts";
import { CREATED_MS, started } from "../sandbox.ts";

Deno.test("[WK-GLOB1] outside a step the clocks of the language give the time of the last entry", async () => {
  using _patched = installGlobals();
  const box = await started(async (ctx) => {
    await ctx.step("a", () => 1);
    const times = [Date.now(), new Date().getTime(), Date.parse(`${Date()}`), Temporal.Now.instant().epochMilliseconds];
    return [...times, Math.round(performance.timeOrigin + performance.now())].map((time) => time - CREATED_MS);
  });
  await box.run("a");
  assertEquals(box.value, [1000, 1000, 1000, 1000, 1000]);
});

Deno.test("[WK-GLOB2] outside a step random numbers come from the scope's stream, the same in a replay", async () => {
  using _patched = installGlobals();
  const draw = async () => {
    const box = await started(
      () => [Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(4))]],
    );
    return box.value;
  };
  assertEquals(await draw(), await draw());
});

Deno.test("[WK-GLOB3] inside a step, and outside of a run, they are the real ones", async () => {
  using _patched = installGlobals();
  const box = await started((ctx) => ctx.step("a", () => [Date.now(), Math.random()]));
  await box.run("a");
  const value = box.value;
  assert(Array.isArray(value));
  assertGreater(Number(value[0]), CREATED_MS + 1000);
  assertGreater(Date.now(), CREATED_MS + 1000);
  assert(new Date(5).getTime() === 5 && new Date() instanceof Date);
});

for (
  const [name, leaf] of [["fetch", "ctx.tool"], ["setTimeout", "ctx.sleep"], ["setInterval", "ctx.sleep"]] as const
) {
  Deno.test(`[WK-GLOB4] ${name} outside a step throws a Failure that names the leaf to use`, async () => {
    using _patched = installGlobals();
    const box = await started(() => {
      const call: unknown = Reflect.get(globalThis, name);
      assert(typeof call === "function");
      call("http://127.0.0.1:9/");
    });
    assertEquals(box.failure.code, "not_in_workflow");
    assertStringIncludes(box.failure.message, leaf);
    assertStringIncludes(box.failure.message, name);
  });
}

Deno.test("[WK-GLOB5] timers work inside a step", async () => {
  using _patched = installGlobals();
  let done: () => void = () => {};
  const ran = new Promise<void>((resolve) => done = resolve);
  const box = await started((ctx) =>
    ctx.step("a", async () => {
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
      done();
      return "slept";
    })
  );
  await box.began("a");
  await ran;
  await box.rest();
  assertEquals(box.of("end")[0]?.result, { ok: true, value: "slept" });
});

Deno.test("[WK-GLOB6] what was replaced is put back", () => {
  const before = [Date, Math.random, fetch, setTimeout, performance.now];
  {
    using _patched = installGlobals();
    assert(Date !== before[0]);
  }
  assertEquals([Date, Math.random, fetch, setTimeout, performance.now].map((one, i) => one === before[i]), [
    true,
    true,
    true,
    true,
    true,
  ]);
  assert(Failure !== undefined);
});

Deno.test("[WK-GLOB7] a format without a date and the origin of performance are journaled too", async () => {
  using _patched = installGlobals();
  const seen = await started(() => [
    new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "long", timeZone: "UTC" }).format(),
    new Intl.DateTimeFormat("en", { timeZone: "UTC" }).format(new Date(0)),
    performance.timeOrigin,
    performance.now() - CREATED_MS,
  ]);
  const format = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "long", timeZone: "UTC" });
  assertEquals(seen.value, [format.format(new Date(CREATED_MS)), "1/1/1970", 0, 0]);
  assertGreater(performance.timeOrigin, CREATED_MS);
});

for (
  const [name, reach] of [
    ["WebSocket", () => new WebSocket("ws://127.0.0.1:9/")],
    ["EventSource", () => new EventSource("http://127.0.0.1:9/")],
    ["Worker", () => new Worker(new URL("data:text/javascript,1"), { type: "module" })],
    ["BroadcastChannel", () => new BroadcastChannel("x")],
    ["AbortSignal.timeout", () => AbortSignal.timeout(1)],
  ] as const
) {
  Deno.test(`[WK-GLOB8] ${name} outside a step throws a Failure that says what to do instead`, async () => {
    using _patched = installGlobals();
    const box = await started(() => void reach());
    assertEquals(box.failure.code, "not_in_workflow");
    assertStringIncludes(box.failure.message, name);
  });
}
