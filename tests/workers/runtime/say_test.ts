import { assertEquals, assertLess } from "@std/assert";
import { MAX_FRAME_BYTES, MAX_SAID_ITEMS } from "../../../lib/protocol/sandbox.ts";
import { installConsole } from "../../../workers/console.ts";
import { Failure } from "../../../workers/sdk/mod.ts";
import { Sandbox, started, workflow } from "../sandbox.ts";

const line = (code: string) => ({ what: "event", event_type: "warning", data: { code, message: "" } });

Deno.test("[WK-SAY1] a line has a place: its scope, the calls so far, and a counter from 1", async () => {
  const box = await started(async (ctx) => {
    ctx.emit("warning", { code: "a", message: "" });
    ctx.emit("warning", { code: "b", message: "" });
    await ctx.group("g", "G", () => ctx.emit("warning", { code: "c", message: "" }));
    ctx.emit("warning", { code: "d", message: "" });
  });
  assertEquals(box.said, [
    ["", 0, 1, line("a")],
    ["", 0, 2, line("b")],
    ["g", 0, 1, line("c")],
    ["", 1, 1, line("d")],
  ]);
});

Deno.test("[WK-SAY2] a replay says nothing again up to the mark of each scope, and everything after it", async () => {
  const flow = workflow(async (ctx) => {
    ctx.emit("warning", { code: "a", message: "" });
    await ctx.group("g", "G", async () => {
      ctx.emit("warning", { code: "b", message: "" });
      await ctx.step("s", () => 1);
      ctx.emit("warning", { code: "c", message: "" });
    });
    ctx.emit("warning", { code: "d", message: "" });
  });
  const first = await new Sandbox(flow).start();
  await first.began("g/s");
  first.commit("g/s", 1);
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals(first.said.map(([, , , say]) => say), [line("a"), line("b")]);
  assertEquals(second.said.map(([, , , say]) => say), [line("c"), line("d")]);
});

Deno.test("[WK-SAY3] what is said in one turn goes in one frame, ahead of the leaf that follows", async () => {
  const box = await started(async (ctx) => {
    for (let i = 0; i < 100; i++) ctx.emit("warning", { code: `${i}`, message: "" });
    await ctx.step("a", () => 1);
  });
  assertEquals(box.frames.map(({ type }) => type), ["ready", "said", "begin"]);
  assertEquals(box.said.length, 100);
});

Deno.test("[WK-SAY4] many large lines go in several frames, each far below the largest line", async () => {
  const box = await started((ctx) => {
    for (let i = 0; i < 20; i++) ctx.emit("warning", { code: "c", message: "x".repeat(100_000) });
  });
  assertEquals(box.said.length, 20);
  for (const frame of box.of("said")) assertLess(JSON.stringify(frame).length, 600_000);
});

Deno.test("[WK-SAY5] plan_updated counts its revisions, messages get a role, phases stay as they are", async () => {
  const box = await started((ctx) => {
    ctx.emit("plan_updated", { plan: { steps: [] } });
    ctx.emit("plan_updated", { plan: { steps: [] }, by: "ada" });
    ctx.emit("agent_message", { agent: "a", message: "m" });
    ctx.emit("phase_change", { phase: "planning", step: null });
  });
  const said = box.of("said").flatMap(({ items }) => items.map(({ say }) => say.what === "event" ? say.data : {}));
  assertEquals(said, [
    { plan: { steps: [] }, revision: 1, by: "workflow" },
    { plan: { steps: [] }, revision: 2, by: "ada" },
    { role: "assistant", agent: "a", message: "m" },
    { phase: "planning", step: null },
  ]);
});

Deno.test("[WK-SAY6] only the events of a workflow can be emitted", async () => {
  const box = await started((ctx) => {
    try {
      ctx.emit("complete" as never, {} as never);
      return "emitted";
    } catch (error) {
      return error instanceof Failure ? error.code : "?";
    }
  });
  assertEquals([box.value, box.said], ["bad_args", []]);
});

Deno.test("[WK-SAY7] skip says id, title and reason", async () => {
  const box = await started((ctx) => ctx.skip("s2", "Second", null));
  assertEquals(box.said, [["", 0, 1, { what: "skip", id: "s2", title: "Second", reason: "" }]]);
});

Deno.test("[WK-SAY8] console is said with its place outside a step, and is plain output inside one", async () => {
  const plain: string[] = [];
  using _console = installConsole((stream, text) => void plain.push(`${stream}: ${text}`));
  const { log, error } = globalThis.console;
  const box = await started(async (ctx) => {
    log("one", { two: 2 });
    error("three");
    await ctx.step("a", () => log("in the step"));
  });
  await box.run("a");
  assertEquals(box.said.map(([, , , text]) => text), ["one { two: 2 }", "three"]);
  assertEquals(plain, ["print: in the step"]);
});

Deno.test("[WK-SAY9] what a step prints does not move the places of the code around it", async () => {
  using _console = installConsole(() => {});
  const { log } = globalThis.console;
  const flow = workflow(async (ctx) => {
    await ctx.step("a", () => log("in the step"));
    log("after");
    await ctx.step("b", () => 1);
  });
  const first = await new Sandbox(flow).start();
  await first.run("a");
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals(first.said, [["", 1, 1, "after"]]);
  assertEquals(second.said, []);
});

Deno.test("[WK-SAY10] a print over 100,000 characters is cut, and says so", async () => {
  using _console = installConsole(() => {});
  const { log } = globalThis.console;
  const box = await started(() => log("x".repeat(100_005)));
  assertEquals(String(box.said[0]?.[3]).slice(-26), "xx… (5 more characters)".padStart(26, "x"));
});

Deno.test("[WK-SAY11] a hundred thousand short prints in one turn, and those of odd characters, make no frame too long", async () => {
  using _console = installConsole(() => {});
  const { log } = globalThis.console;
  const box = await started(() => {
    for (let i = 0; i < 100_000; i++) log("");
    for (let i = 0; i < 10; i++) log("\u0001".repeat(90_000));
  });
  assertEquals(box.said.length, 100_010);
  for (const frame of box.of("said")) {
    assertLess(JSON.stringify(frame).length, MAX_FRAME_BYTES / 1.1);
    assertLess(frame.items.length, MAX_SAID_ITEMS);
  }
});
