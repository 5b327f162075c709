import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Ctx, defineWorkflow, z } from "../../../workers/sdk/mod.ts";
import { CREATED_MS, Sandbox, started } from "../sandbox.ts";

const TURN = {
  text: "t",
  calls: [],
  finish: "stop",
  usage: {
    input_tokens: 1,
    output_tokens: 1,
    cached_input_tokens: 0,
    cost_usd: 0,
    limit_tokens: null,
    model: "m",
  },
};
const messages = [{ role: "user" as const, content: "hi" }];

Deno.test("[WK-WORK1] a model turn without a schema has output null", async () => {
  const box = await started(async (ctx) => (await ctx.model("m", { agent: "a", messages })).output);
  await box.settle("m", { ok: true, value: { ...TURN, output: null } });
  assertEquals(box.value, null);
});

Deno.test("[WK-WORK2] a model turn sends its schema as JSON Schema and gives the output by it", async () => {
  const Plan = z.object({ steps: z.array(z.string()), note: z.string().default("none") });
  const box = await started(async (ctx) => (await ctx.model("m", { agent: "a", messages, output: Plan })).output);
  const frame = box.begin("m");
  assertEquals(frame.kind === "model" && frame.args.output?.["required"], ["steps"]);
  await box.settle("m", { ok: true, value: { ...TURN, output: { steps: ["x"] } } });
  assertEquals(box.value, { steps: ["x"], note: "none" });
});

Deno.test("[WK-WORK3] an output that does not fit its schema throws bad_output", async () => {
  const box = await started((ctx) => ctx.model("m", { agent: "a", messages, output: z.object({ a: z.string() }) }));
  await box.settle("m", { ok: true, value: { ...TURN, output: {} } });
  assertEquals(box.failure.code, "bad_output");
});

Deno.test("[WK-WORK4] exec returns what its code did and does not throw for it", async () => {
  const box = await started(async (ctx) => {
    const { ok, ended, exit_code, stderr } = await ctx.exec("e", { code: "throw 1" });
    return [ok, ended, exit_code, stderr];
  });
  const result = {
    ok: false,
    ended: "exit",
    exit_code: 1,
    stdout: "",
    stderr: "oh",
    value: null,
    duration_ms: 1,
    files: [],
  };
  await box.settle("e", { ok: true, value: result });
  assertEquals(box.value, [false, "exit", 1, "oh"]);
});

Deno.test("[WK-WORK5] exec takes code, or a module by its URL with an input", async () => {
  const box = await started((ctx) => ctx.exec("e", { module: new URL("file:///ocr.ts"), input: { page: 1 } }));
  const frame = box.begin("e");
  assertEquals(frame.kind === "exec" && frame.args, { module: "file:///ocr.ts", input: { page: 1 } });
  const neither = await started((ctx) => ctx.exec("e", {} as never));
  assertEquals(neither.failure.code, "bad_args");
});

Deno.test("[WK-WORK6] a tool is a leaf by its own name", async () => {
  const box = await started(async (ctx) => (await ctx.tool("files_read", { path: "a.txt" }, { attempts: 2 })).content);
  const frame = box.begin("files_read");
  assertEquals(frame.kind === "tool" && [frame.args, frame.policy], [{ tool: "files_read", path: "a.txt" }, {
    attempts: 2,
  }]);
  await box.settle("files_read", { ok: true, value: { content: "hello", size_bytes: 5, truncated: false } });
  assertEquals(box.value, "hello");
});

Deno.test("[WK-WORK7] a sleep lasts until a time counted from the journaled now", async () => {
  const box = await started(async (ctx) => {
    await ctx.step("a", () => 1);
    await ctx.sleep("seconds", 90);
    await ctx.sleep("date", new Date(CREATED_MS + 5));
  });
  await box.run("a");
  const until = (key: string) => {
    const frame = box.begin(key);
    return frame.kind === "sleep" ? frame.args.until_ms - CREATED_MS : null;
  };
  assertEquals(until("seconds"), 91_000);
  await box.settle("seconds", null);
  assertEquals(until("date"), 5);
});

Deno.test("[WK-WORK8] a sleep that is no time is refused", async () => {
  const box = await started((ctx) => ctx.sleep("s", NaN));
  assertEquals(box.failure.code, "bad_args");
});

Deno.test("[WK-WORK9] waitForMessage gives all messages that are there, and [] at its timeout", async () => {
  const box = await started(async (ctx) => [
    (await ctx.waitForMessage("m")).map(({ content }) => content),
    await ctx.waitForMessage("m", { timeout_s: 0 }),
  ]);
  const frame = box.begin("m");
  assertEquals(frame.kind === "message" && frame.args, {});
  await box.settle("m", [{ message_id: "1", content: "hi", by: "ada", at: "" }]);
  const second = box.begin("m#2");
  assertEquals(second.kind === "message" && second.args, { timeout_s: 0 });
  await box.settle("m#2", []);
  assertEquals(box.value, [["hi"], []]);
});

Deno.test("[WK-WORK10] arguments over their limits are refused", async () => {
  const agent = await started((ctx) => ctx.model("m", { agent: "a".repeat(101), messages }));
  const code = await started((ctx) => ctx.exec("e", { code: "x".repeat(1_000_001) }));
  assertEquals([agent.failure.code, code.failure.code], ["bad_args", "too_large"]);
  assertStringIncludes(code.failure.message, "1000000");
});

Deno.test("[WK-WORK11] a tool that is not there is refused", async () => {
  const box = await started((ctx) => ctx.tool("rm" as never, {}));
  assertEquals(box.failure.code, "bad_args");
});

Deno.test("[WK-WORK12] a workflow that takes no messages cannot wait for one: nobody could send it", async () => {
  const config = z.strictObject({});
  const flow = defineWorkflow({ id: "test", config, run: (ctx) => ctx.waitForMessage("word") });
  const box = await new Sandbox(flow).start();
  assertEquals(box.failure.code, "bad_args");
  assertStringIncludes(box.failure.message, "messages: true");
});

Deno.test("[WK-WORK13] where the folder of a module lies is no argument: a journal fits the same files elsewhere", async () => {
  const run = (ctx: Ctx) => ctx.exec("heavy", { module: new URL(`${at}/parts/heavy.ts`) });
  let at = "file:///srv/flows";
  const started = async () => {
    const flow = defineWorkflow({ id: "test", config: z.strictObject({}), run });
    const box = new Sandbox(flow, { workflows: at.slice("file://".length) });
    await box.start();
    return box.of("begin")[0];
  };
  const here = await started();
  at = "file:///opt/other";
  const there = await started();
  assertEquals(here?.digest, there?.digest);
  assertEquals(there?.kind === "exec" ? there.args.module : "", "file:///opt/other/parts/heavy.ts");
});
