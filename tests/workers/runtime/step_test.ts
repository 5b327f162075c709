import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Ctx, Failure, z } from "../../../workers/sdk/mod.ts";
import { Sandbox, started, workflow } from "../sandbox.ts";

Deno.test("[WK-STEP1] a step holds no leaf, no wait, no scope and says nothing: the error names both", async () => {
  const calls: [string, (ctx: Ctx) => unknown][] = [
    ["inner", (ctx) => ctx.step("inner", () => 1)],
    ["q", (ctx) => ctx.ask("q", { question: "?", answer: z.number() })],
    ["s", (ctx) => ctx.sleep("s", 1)],
    ["g", (ctx) => ctx.group("g", "G", () => 1)],
    ["m", (ctx) => ctx.map("m", [1], { key: String }, () => 1)],
    ["warning", (ctx) => ctx.emit("warning", { code: "c", message: "m" })],
    ["k", (ctx) => ctx.memory.set("k", 1)],
  ];
  for (const [name, call] of calls) {
    const box = await started((ctx) => ctx.step("outer", () => call(ctx)));
    await box.run("outer");
    assertEquals(box.failure.code, "nested_leaf", name);
    assertStringIncludes(box.failure.message, `"${name}"`);
    assertStringIncludes(box.failure.message, `"outer"`);
  }
});

Deno.test("[WK-STEP2] an unfinished step runs again with a higher attempt, and the key for the world stays", async () => {
  const seen: [number, string][] = [];
  const flow = workflow((ctx) => ctx.step("a", ({ attempt, key }) => void seen.push([attempt, key])));
  const first = await new Sandbox(flow).start();
  await first.began("a");
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals(await second.began("a"), 2);
  assertEquals(seen, [[1, "run-1/a"], [2, "run-1/a"]]);
});

Deno.test("[WK-STEP3] the host decides whether a failed step runs again: began, or settled as failed", async () => {
  const attempts: number[] = [];
  const box = await started((ctx) =>
    ctx.step("a", ({ attempt }) => {
      attempts.push(attempt);
      throw new Failure("flaky", `attempt ${attempt}`, { attempt });
    }, { attempts: 2 })
  );
  await box.began("a");
  assertEquals(box.of("end").map(({ result }) => result), [
    { ok: false, failure: { code: "flaky", message: "attempt 1", data: { attempt: 1 } } },
  ]);
  const next = box.journal.repeat("a", { code: "flaky", message: "attempt 1" });
  box.send({ type: "began", key: "a", attempt: next!.attempt, at_ms: 0 });
  await box.rest();
  assertEquals(attempts, [1, 2]);
  await box.fail("a", "flaky", "attempt 2");
  assertEquals(box.failure, { code: "flaky", message: "attempt 2" });
});

Deno.test("[WK-STEP4] an error that is no Failure ends the attempt with code error", async () => {
  const box = await started((ctx) =>
    ctx.step("a", () => {
      throw new TypeError("oh");
    })
  );
  await box.run("a");
  assertEquals(box.failure, { code: "error", message: "TypeError: oh" });
});

Deno.test("[WK-STEP5] timeout_s ends the attempt with code timeout, aborts its signal, and what it does later is not heard", async () => {
  let signal: AbortSignal | null = null;
  let finish: (value: string) => void = () => {};
  const box = await started((ctx) =>
    ctx.step("a", (step) => {
      signal = step.signal;
      return new Promise<string>((resolve) => finish = resolve);
    }, { timeout_s: 3 })
  );
  await box.began("a");
  assertEquals(box.timers.map(({ ms }) => ms), [3000]);
  box.timers[0]!.fn();
  await box.rest();
  assertEquals(signal!.aborted, true);
  const [end] = box.of("end");
  assertEquals(end?.result.ok === false && end.result.failure.code, "timeout");
  finish("late");
  await box.rest();
  assertEquals(box.of("end").length, 1);
});

Deno.test("[WK-STEP6] a step that ends in time leaves no timer and no aborted signal", async () => {
  let signal: AbortSignal | null = null;
  const box = await started((ctx) => ctx.step("a", (step) => void (signal = step.signal), { timeout_s: 3 }));
  await box.run("a");
  assertEquals(box.timers, []);
  assertEquals(signal!.aborted, false);
});

Deno.test("[WK-STEP7] a step reads, writes and lists the session's files through the host", async () => {
  const box = await started((ctx) =>
    ctx.step("a", async ({ files }) => {
      await files.write("a.txt", "hello");
      return [await files.read("a.txt", 3), await files.list()];
    })
  );
  const reply = async (op: number, value: unknown) => {
    box.send({ type: "files_reply", key: "a", op, result: { ok: true, value: value as never } });
    await box.rest();
  };
  await box.began("a");
  await reply(1, { path: "a.txt", size_bytes: 5 });
  await reply(2, { content: "hel", size_bytes: 5, truncated: true });
  await reply(3, [{ path: "a.txt", size_bytes: 5 }]);
  assertEquals(box.of("files").map(({ args }) => args), [
    { tool: "files_write", path: "a.txt", content: "hello" },
    { tool: "files_read", path: "a.txt", max_bytes: 3 },
    { tool: "files_list" },
  ]);
  assertEquals(box.of("end")[0]?.result, { ok: true, value: ["hel", [{ path: "a.txt", size_bytes: 5 }]] });
});

Deno.test("[WK-STEP8] a file that the host refuses is a Failure, and no file is reached after the attempt", async () => {
  let files: { list(): Promise<unknown> } | null = null;
  const box = await started((ctx) =>
    ctx.step("a", async (step) => {
      files = step.files;
      await step.files.read("../x");
    })
  );
  await box.began("a");
  const failure = { code: "invalid", message: "Cannot read" };
  box.send({ type: "files_reply", key: "a", op: 1, result: { ok: false, failure } });
  await box.rest();
  assertEquals(box.of("end")[0]?.result, { ok: false, failure });
  const late = await files!.list().catch((error) => error);
  assert(late instanceof Failure && late.code === "aborted");
  assertEquals(box.of("files").length, 1);
});
