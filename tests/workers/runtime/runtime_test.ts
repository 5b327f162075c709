import { assertEquals, assertNotEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { WorkflowDescription } from "../../../lib/model/workflow.ts";
import { ChildFrame } from "../../../lib/protocol/sandbox.ts";
import { Runtime } from "../../../workers/runtime/runtime.ts";
import { defineWorkflow, Failure, z } from "../../../workers/sdk/mod.ts";
import { Sandbox, started, workflow } from "../sandbox.ts";

Deno.test("[WK-RUN1] a workflow that returns ends the run with its result; nothing is null", async () => {
  assertEquals((await started(() => ({ a: 1 }))).value, { a: 1 });
  const box = await started(() => {});
  assertEquals([box.value, box.over], [null, "finished"]);
});

Deno.test("[WK-RUN2] a result that JSON would change ends the run not_json", async () => {
  assertEquals((await started(() => new Date())).failure.code, "not_json");
});

Deno.test("[WK-RUN13] a result nested deeper than the host reads ends the run not_json", async () => {
  const nested = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  assertEquals((await started(() => nested(160))).failure.code, "not_json");
  assertEquals((await started(() => nested(5000))).failure.code, "not_json");
  assertEquals((await started(() => nested(140))).value, nested(140));
});

Deno.test("[WK-RUN3] an error that is no Failure ends the run failed, with its trace", async () => {
  const box = await started(() => {
    throw new TypeError("oh");
  });
  const [finish] = box.of("finish");
  assertEquals(box.failure, { code: "error", message: "TypeError: oh" });
  assertStringIncludes(finish?.result.ok === false ? finish.result.traceback ?? "" : "", "runtime_test.ts");
});

Deno.test("[WK-RUN12] what an error carries arrives cut, and data that JSON would change is left out", async () => {
  const long = await started(() => {
    throw new Error("x".repeat(30_000));
  });
  assertEquals(long.failure.message.length, 20_001);
  const odd = await started(() => {
    throw new Failure("odd", "m", { at: new Date() } as never);
  });
  assertEquals(odd.failure, { code: "odd", message: "m" });
});

Deno.test("[WK-RUN4] an error that no code awaits ends the run failed", async () => {
  const box = await started((ctx) => ctx.exec("a", { code: "" }));
  assertEquals(box.runtime.fail(new Error("nobody awaits it")), true);
  assertEquals(box.failure.message, "Error: nobody awaits it");
  assertEquals(box.runtime.fail(new Error("again")), false);
});

Deno.test("[WK-RUN5] cancel throws nothing: the promise stays open, steps are aborted, nothing more is sent", async () => {
  const seen: string[] = [];
  let signal: AbortSignal | null = null;
  const box = await started(async (ctx) => {
    try {
      await ctx.step("a", (step) => {
        signal = step.signal;
        return new Promise(() => {});
      });
    } catch {
      seen.push("caught");
    } finally {
      seen.push("finally");
    }
  });
  await box.began("a");
  const before = box.frames.length;
  box.send({ type: "cancel" });
  await box.rest();
  assertEquals([seen, signal!.aborted, box.over, box.frames.length], [[], true, "cancelled", before]);
});

Deno.test("[WK-RUN6] a cancel that comes before the code begins lets none of it run", async () => {
  const seen: string[] = [];
  const box = new Sandbox(workflow(() => void seen.push("ran")));
  box.send({ type: "cancel" });
  await box.start();
  assertEquals([seen, box.over], [[], "cancelled"]);
});

Deno.test("[WK-RUN7] a workflow that is not there ends the run unknown_workflow", async () => {
  const box = await new Sandbox(workflow(() => 1), { start: { workflow: "other" } }).start();
  assertEquals(box.failure.code, "unknown_workflow");
});

Deno.test("[WK-RUN8] describe tells what the server needs to know, by the schema of the protocol", () => {
  const frames: unknown[] = [];
  const config = z.strictObject({ depth: z.int().default(3), name: z.string() });
  const flow = defineWorkflow({
    id: "a-mode",
    label: "A mode",
    description: "Does it",
    version: 4,
    config,
    messages: true,
    asks: ["before each step"],
    run: () => 1,
  });
  const ports = { output: () => {}, later: () => {}, after: () => () => {}, over: () => {} };
  const runtime = new Runtime({ workflows: [flow], ports: { ...ports, send: (frame) => frames.push(frame) } });
  runtime.receive({ type: "hello", protocol: 1, nonce: "n".repeat(16), parent_pid: 0, source_digest: "d".repeat(64) });
  runtime.receive({ type: "describe" });
  const frame = ChildFrame.parse(JSON.parse(JSON.stringify(frames[1])));
  const described = WorkflowDescription.parse(frame.type === "described" ? frame.workflows[0] : null);
  const { config_schema, ...rest } = described;
  assertEquals(rest, {
    id: "a-mode",
    label: "A mode",
    description: "Does it",
    version: 4,
    supports_resume: true,
    supports_hitl: true,
    takes_messages: true,
    asks: ["before each step"],
    source_digest: "d".repeat(64),
  });
  assertEquals([config_schema["required"], config_schema["additionalProperties"]], [["name"], false]);
});

Deno.test("[WK-RUN9] without a digest from the host the workflow's own function is its source", () => {
  const digestOf = (run: () => unknown) => {
    const frames: ChildFrame[] = [];
    const ports = { output: () => {}, later: () => {}, after: () => () => {}, over: () => {} };
    const runtime = new Runtime({
      workflows: [defineWorkflow({ id: "test", config: z.strictObject({}), run })],
      ports: { ...ports, send: (frame) => frames.push(frame) },
    });
    runtime.receive({ type: "describe" });
    const [frame] = frames;
    return frame?.type === "described" ? frame.workflows[0]?.source_digest : null;
  };
  const one = () => 1;
  assertEquals(digestOf(one), digestOf(one));
  assertNotEquals(digestOf(one), digestOf(() => 2));
});

Deno.test("[WK-RUN10] a host that says what cannot be is refused", async () => {
  const box = new Sandbox(workflow(() => 1));
  assertThrows(() => box.send({ type: "began", key: "a", attempt: 1, at_ms: 0 }), RangeError, "before the entries");
  const hello = { type: "hello" as const, protocol: 2, nonce: "n".repeat(16), parent_pid: 0 };
  assertThrows(() => box.send(hello), RangeError, "protocol 2");
  await box.start();
  assertThrows(() => box.send({ type: "entries", entries: [], last: true }), RangeError);
});

Deno.test("[WK-RUN11] every frame of a run fits the schema of the protocol", async () => {
  const box = await started(async (ctx) => {
    ctx.emit("phase_change", { phase: "p" });
    ctx.skip("s", "S", "r");
    ctx.memory.set("k", { v: 1 });
    await ctx.group("g", "G", () => ctx.step("a", ({ files }) => files.list()));
    await ctx.map("m", [1, 2], { key: String, errors: "collect" }, () => ctx.exec("x", { code: "", attempts: 2 }));
    await ctx.model("t", {
      agent: "a",
      messages: [{ role: "user", content: "c" }],
      output: z.object({ a: z.string() }),
    });
    await ctx.sleep("z", 1);
  });
  await box.began("g/a");
  box.send({ type: "files_reply", key: "g/a", op: 1, result: { ok: true, value: [] } });
  await box.rest();
  await box.settle("g/a", []);
  for (const key of ["m/1/x", "m/2/x"]) await box.settle(key, {});
  const usage = {
    input_tokens: 0,
    output_tokens: 0,
    cached_input_tokens: 0,
    cost_usd: 0,
    limit_tokens: null,
    model: "m",
  };
  const turn = { text: "", calls: [], finish: "stop", output: { a: "b" }, usage };
  await box.settle("t", { ok: true, value: turn });
  await box.began("z");
  await box.settle("z", null);
  const types = new Set(box.frames.map((frame) => ChildFrame.parse(frame).type));
  assertEquals([...types].sort(), [
    "begin",
    "end",
    "files",
    "finish",
    "ready",
    "said",
    "scope_begin",
    "scope_end",
    "waiting",
  ]);
});
