import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Failure } from "../../../workers/sdk/mod.ts";
import { started } from "../sandbox.ts";

const failureOf = async (call: () => Promise<unknown>): Promise<[string, string]> => {
  try {
    await call();
    return ["", ""];
  } catch (error) {
    return error instanceof Failure ? [error.code, error.message] : ["not a Failure", String(error)];
  }
};

Deno.test("[WK-LEAF1] the code after a leaf goes on only when its result is committed", async () => {
  const seen: string[] = [];
  const box = await started(async (ctx) => {
    await ctx.step("a", () => seen.push("ran"));
    seen.push("after");
  });
  assertEquals([box.begun, seen], [["a"], []]);
  await box.began("a");
  assertEquals(seen, ["ran"]);
  await box.settle("a", 1);
  assertEquals(seen, ["ran", "after"]);
});

Deno.test("[WK-LEAF2] a leaf gives the stored JSON copy, not what the step returned", async () => {
  const made = { list: [1] };
  const box = await started(async (ctx) => {
    const got = await ctx.step("a", () => made);
    return [got === made, got];
  });
  await box.run("a");
  assertEquals(box.value, [false, { list: [1] }]);
});

Deno.test("[WK-LEAF3] a missing value is null, a property that is undefined is left out", async () => {
  const box = await started(async (ctx) => [
    await ctx.step("a", () => {}),
    await ctx.step("b", () => ({ x: undefined, y: 1 })),
  ]);
  await box.run("a");
  await box.run("b");
  assertEquals(box.value, [null, { y: 1 }]);
});

for (
  const [what, value, where] of [
    ["undefined in an array", [1, undefined], "[1]"],
    ["a date", { at: new Date(0) }, "at"],
    ["a map", new Map(), ""],
    ["NaN", { deep: [NaN] }, "deep[0]"],
    ["a function", () => 1, ""],
    ["a bigint", 1n, ""],
    ["an instance", new (class Point {})(), ""],
  ] as const
) {
  Deno.test(`[WK-LEAF4] a result with ${what} is refused as not_json`, async () => {
    const box = await started((ctx) => ctx.step("a", () => value as unknown));
    await box.run("a");
    assertEquals(box.failure.code, "not_json");
    assertStringIncludes(box.failure.message, where === "" ? "step" : `"${where}"`);
  });
}

Deno.test("[WK-LEAF5] a result over 1 MB is refused as too_large", async () => {
  const box = await started((ctx) => ctx.step("a", () => "é".repeat(500_001)));
  await box.run("a");
  assertEquals(box.failure.code, "too_large");
});

Deno.test("[WK-LEAF6] a name is 1 to 200 characters", async () => {
  const box = await started(async (ctx) => [
    (await failureOf(() => ctx.step("", () => 1)))[0],
    (await failureOf(() => ctx.exec("x".repeat(201), { code: "" })))[0],
    (await failureOf(() => ctx.group("", "t", () => 1)))[0],
  ]);
  assertEquals(box.value, ["bad_name", "bad_name", "bad_name"]);
});

Deno.test("[WK-LEAF7] a policy that cannot be is refused before the leaf has a place", async () => {
  const box = await started(async (ctx) => {
    const codes = [];
    for (
      const policy of [{ attempts: 0 }, { attempts: 1.5 }, { backoff_s: -1 }, { timeout_s: 0 }, { timeout_s: 1e6 }]
    ) {
      codes.push((await failureOf(() => ctx.step("a", () => 1, policy)))[0]);
    }
    return [codes, await ctx.step("a", () => 2)];
  });
  assertEquals(box.begin("a").pos, 0);
  await box.run("a");
  assertEquals(box.value, [Array(5).fill("bad_args"), 2]);
});

Deno.test("[WK-LEAF8] a failed leaf throws a Failure with code, message and data, and a trace of its caller", async () => {
  const box = await started(async function theWorkflow(ctx) {
    await ctx.exec("a", { code: "1" });
  });
  await box.settle("a", { ok: false, failure: { code: "http", message: "503", data: { status: 503 } } });
  assertEquals(box.failure, { code: "http", message: "503", data: { status: 503 } });
  const [finish] = box.of("finish");
  assertMatch(finish?.result.ok === false ? finish.result.traceback ?? "" : "", /theWorkflow/);
});

Deno.test("[WK-LEAF9] begin carries key, scope, name, place, digest, policy and arguments", async () => {
  const box = await started(async (ctx) => {
    await ctx.group("g", "G", () => ctx.exec("a", { code: "1", label: "L", attempts: 3, backoff_s: 2 }));
  });
  const { digest, ...frame } = box.begin("g/a");
  assertEquals(frame, {
    type: "begin",
    key: "g/a",
    scope: "g",
    name: "a",
    pos: 0,
    policy: { attempts: 3, backoff_s: 2 },
    kind: "exec",
    args: { code: "1", label: "L" },
  });
  assertMatch(digest, /^[0-9a-f]{64}$/);
});

Deno.test("[WK-LEAF10] arguments that JSON would change are refused before the leaf has a place", async () => {
  const box = await started(async (ctx) => {
    const bad = { agent: "a", messages: [], brief: { task: "", turn: 0, attempt: 1, plan: new Date() as never } };
    const [code] = await failureOf(() => ctx.model("m", bad));
    return [code, await ctx.step("s", () => 1)];
  });
  assertEquals(box.begin("s").pos, 0);
  await box.run("s");
  assertEquals(box.value, ["not_json", 1]);
});

Deno.test("[WK-LEAF11] a leaf outside of a run says that no workflow runs", async () => {
  let held: (() => Promise<unknown>) | null = null;
  await started((ctx) => {
    held = () => ctx.step("a", () => 1);
  });
  assertEquals((await failureOf(held!))[0], "no_run");
});
