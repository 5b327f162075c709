import { assert, assertEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld } from "./support/world.ts";

Deno.test("[RUN1] a task starts, does its steps in order and ends with its result", async () => {
  const ran: string[] = [];
  const two = workflow("two", async (ctx) => {
    const a = await ctx.step("a", () => (ran.push("a"), 1));
    const b = await ctx.step("b", () => (ran.push("b"), 2));
    return { sum: a + b };
  });
  await using world = await openWorld({ workflows: [two] });
  const { session_id, run_id, run } = await world.holdfast.startTask(ADMIN, { task: "Add", config: { mode: "two" } });
  assertEquals(run.status, "queued");
  await world.status(session_id, "completed");
  assertEquals(ran, ["a", "b"]);
  assertEquals((await world.holdfast.query.run(ADMIN, run_id)).result, { sum: 3 });
  const types = (await world.events(session_id)).map((event) => event.event_type);
  assertEquals(types.filter((type) => !type.startsWith("step_") && type !== "workflow_state_changed"), [
    "status",
    "session_updated",
    "run_queued",
    "workflow_started",
    "result",
    "complete",
  ]);
  assertEquals(world.sandboxes.alive, []);
});

Deno.test("[RUN2] model, exec and tool are carried out by the host, with output, files and cost in the log", async () => {
  const all = workflow("all", async (ctx) => {
    const turn = await ctx.model("think", { agent: "engineer", messages: [{ role: "user", content: "hi" }] });
    const done = await ctx.exec("block", { code: "make chart", label: "block-1" });
    await ctx.tool("files_write", { path: "note.txt", content: turn.text });
    const list = await ctx.tool("files_list", {});
    const read = await ctx.tool("files_read", { path: "note.txt" });
    return { ok: done.ok, paths: list.map((file) => file.path), note: read.content };
  });
  await using world = await openWorld({ workflows: [all] });
  world.models.answer = (_args, sink) => {
    sink.delta("Hello");
    const usage = { input_tokens: 10, output_tokens: 5, cached_input_tokens: 0, cost_usd: 0.25, limit_tokens: 8000 };
    return Promise.resolve({ text: "Hello", usage: { ...usage, model: "fake" } });
  };
  let session = "";
  world.sandboxes.scripts.set("make chart", async (_spec, sink) => {
    await sink([{ stream: "stdout", message: "line 1", partial: false }]);
    await sink([{ stream: "stderr", message: "careful", partial: false }]);
    world.folders.put(session, "chart.svg", "<svg/>");
    return { stdout: "line 1\n" };
  });
  const started = await world.holdfast.startTask(ADMIN, { task: "All", config: { mode: "all" } });
  session = started.session_id;
  await world.status(session, "completed");
  const run = await world.holdfast.query.run(ADMIN, started.run_id);
  assertEquals(run.result, { ok: true, paths: ["chart.svg", "note.txt"], note: "Hello" });
  assertEquals(run.cost.usd, 0.25);
  const events = await world.events(session);
  const of = (type: string) => events.filter((event) => event.event_type === type).map((event) => event.data);
  assertEquals(of("output").map((data) => [data["message"], data["stream"], data["source"], data["step_id"]]), [
    ["line 1", "stdout", "block-1", "block"],
    ["careful", "stderr", "block-1", "block"],
  ]);
  assertEquals(of("agent_delta").map((data) => data["text"]), ["Hello"]);
  assertEquals(of("agent_message").map((data) => data["message"]), ["Hello"]);
  assertEquals(of("cost_update").map((data) => data["total_cost_usd"]), [0.25]);
  assertEquals(of("file_created").map((data) => [data["file_path"], data["step_id"]]), [
    ["chart.svg", "block"],
    ["note.txt", "files_write"],
  ]);
  const place = (type: string, step_id: string) =>
    events.findIndex((event) => event.event_type === type && event.data["step_id"] === step_id);
  assert(place("file_created", "block") < place("step_completed", "block"), "files come before the end of their step");
  assert(place("output", "block") < place("step_completed", "block"), "output comes before the end of its step");
});

Deno.test("[RUN3] a failed attempt is repeated after its pause, within the policy, and each is told", async () => {
  let tries = 0;
  const flaky = workflow("flaky", (ctx) =>
    ctx.step("call", ({ attempt }) => {
      if (++tries < 3) throw new Error(`broken ${attempt}`);
      return attempt;
    }, { attempts: 3, backoff_s: 10 }));
  await using world = await openWorld({ workflows: [flaky] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "flaky" } });
  await world.until(() => tries === 1);
  await world.pass(9_750);
  assertEquals(tries, 1);
  await world.pass(500);
  await world.until(() => tries === 2);
  await world.pass(10_250);
  await world.status(session_id, "completed");
  assertEquals((await world.holdfast.query.run(ADMIN, run_id)).result, 3);
  const types = (await world.events(session_id)).map((event) => event.event_type);
  assertEquals(types.filter((type) => type.startsWith("step_retry")), [
    "step_retry_backoff",
    "step_retry_started",
    "step_retry_backoff",
    "step_retry_started",
    "step_retry_succeeded",
  ]);
});

Deno.test("[RUN4] an exec repeats while it is not ok; used up, its last result is its value", async () => {
  const code = workflow("code", (ctx) => ctx.exec("block", { code: "fail", attempts: 2 }));
  await using world = await openWorld({ workflows: [code] });
  world.sandboxes.scripts.set("fail", () => Promise.resolve({ ok: false, exit_code: 3, stderr: "no" }));
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "code" } });
  await world.status(session_id, "completed");
  assertEquals(world.sandboxes.executed.length, 2);
  const { result } = await world.holdfast.query.run(ADMIN, run_id);
  assertEquals(result !== null && typeof result === "object" && "exit_code" in result && result["exit_code"], 3);
});

Deno.test("[RUN5] retry_on names what is worth repeating", async () => {
  const picky = workflow("picky", async (ctx) => {
    try {
      return await ctx.model("ask", { agent: "a", messages: [], attempts: 3, retry_on: ["http"] });
    } catch (error) {
      return error instanceof Error && "code" in error ? String(error.code) : "";
    }
  });
  await using world = await openWorld({ workflows: [picky] });
  let asked = 0;
  world.models.answer = () =>
    Promise.reject(Object.assign(new Error("no"), { code: ++asked < 2 ? "http" : "refused" }));
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "picky" } });
  await world.status(session_id, "completed");
  assertEquals([asked, (await world.holdfast.query.run(ADMIN, run_id)).result], [2, "refused"]);
});

Deno.test("[RUN6] timeout_s ends an attempt of a leaf of the host with code timeout", async () => {
  const slow = workflow("slow", async (ctx) => {
    try {
      return await ctx.model("ask", { agent: "a", messages: [], timeout_s: 2 });
    } catch (error) {
      return error instanceof Error && "code" in error ? String(error.code) : "";
    }
  });
  await using world = await openWorld({ workflows: [slow] });
  world.models.answer = (_args, _sink, signal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "slow" } });
  await world.until(() => world.models.asked.length === 1);
  await world.pass(2_250);
  await world.status(session_id, "completed");
  assertEquals((await world.holdfast.query.run(ADMIN, run_id)).result, "timeout");
});

Deno.test("[RUN7] a run over its time of executing fails with type timeout; its sandbox is gone", async () => {
  const endless = workflow("endless", (ctx) => ctx.step("wait", () => new Promise<null>(() => {})));
  await using world = await openWorld({ workflows: [endless] });
  const config = { mode: "endless", runTimeout: 5 };
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config });
  await world.status(session_id, "running");
  await world.pass(5_500);
  await world.status(session_id, "failed");
  assertEquals((await world.holdfast.query.run(ADMIN, run_id)).error?.type, "timeout");
  assertEquals(world.sandboxes.alive, []);
});

Deno.test("[RUN8] a run over its output limit fails with type output", async () => {
  const loud = workflow("loud", (ctx) => ctx.exec("block", { code: "flood" }));
  await using world = await openWorld({ workflows: [loud], env: { HOLDFAST_OUTPUT_MB: "1" } });
  world.sandboxes.scripts.set("flood", async (_spec, sink) => {
    const message = "x".repeat(10_000);
    for (let n = 0; n < 150; n++) await sink([{ stream: "stdout", message, partial: false }]);
    return {};
  });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "loud" } });
  await world.status(session_id, "failed");
  assertEquals((await world.holdfast.query.run(ADMIN, run_id)).error?.type, "output");
});

Deno.test("[RUN9] a budget that is used up asks a person before the next turn; a no fails the turn, not the run", async () => {
  const spender = workflow("spender", async (ctx) => {
    await ctx.model("first", { agent: "a", messages: [] });
    try {
      return (await ctx.model("second", { agent: "a", messages: [] })).text;
    } catch (error) {
      return error instanceof Error && "code" in error ? String(error.code) : "";
    }
  });
  await using world = await openWorld({ workflows: [spender] });
  const usage = {
    input_tokens: 1,
    output_tokens: 1,
    cached_input_tokens: 0,
    cost_usd: 1,
    limit_tokens: null,
    model: "m",
  };
  world.models.answer = () => Promise.resolve({ text: "x", usage });
  const config = { mode: "spender", maxCostUsd: 1 };
  for (const [resolution, result, asked] of [["rejected", "rejected", 1], ["approved", "x", 3]] as const) {
    const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config });
    await world.status(session_id, "waiting");
    const [one] = (await world.holdfast.query.approvals(ADMIN, { status: "pending", session_id, limit: 10 })).items;
    assertEquals([one?.approval_type, one?.allowed, one?.estimate], [
      "permission",
      ["approved", "rejected", "rejected_always"],
      { cost_usd: 1 },
    ]);
    assertEquals(one?.action, "Raise the limit of this run from $1 to $2");
    await world.holdfast.resolveApproval(ADMIN, { approval_id: one?.approval_id ?? "", resolution });
    await world.status(session_id, "completed");
    assertEquals(world.models.asked.length, asked);
    assertEquals((await world.holdfast.query.run(ADMIN, run_id)).result, result);
  }
});

Deno.test("[RUN15] another sum is typed for a budget: what does not fit is refused by name, what fits is the run's limit", async () => {
  const spender = workflow("spender", async (ctx) => {
    for (const name of ["first", "second", "third"]) await ctx.model(name, { agent: "a", messages: [] });
    return "spent";
  });
  await using world = await openWorld({ workflows: [spender] });
  const usage = { input_tokens: 1, output_tokens: 1, cached_input_tokens: 0, limit_tokens: null, model: "m" };
  world.models.answer = () => Promise.resolve({ text: "x", usage: { ...usage, cost_usd: 1 } });
  const config = { mode: "spender", maxCostUsd: 1 };
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config });
  await world.status(session_id, "waiting");
  const [one] = (await world.holdfast.query.approvals(ADMIN, { status: "pending", session_id, limit: 10 })).items;
  const to = (raise_to: number) =>
    world.holdfast.resolveApproval(ADMIN, {
      approval_id: one?.approval_id ?? "",
      resolution: "approved",
      modifications: { raise_to },
    });
  const refused = await assertRejects(() => to(1.5), AppError);
  assertEquals(refused.details?.errors?.map(({ path }) => path), ["modifications.raise_to"]);
  await to(3.5);
  await world.status(session_id, "completed");
  const run = await world.holdfast.query.run(ADMIN, run_id);
  assertEquals([run.result, run.cost.usd, run.cost.limit_usd], ["spent", 3, 3.5]);
  const asked = (await world.events(session_id)).filter((event) => event.event_type === "approval_requested");
  assertEquals(asked.length, 1);
});

Deno.test("[RUN10] an error of the workflow ends the run failed with its code and trace", async () => {
  const broken = workflow("broken", () => {
    throw new TypeError("cannot be");
  });
  await using world = await openWorld({ workflows: [broken] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "broken" } });
  await world.status(session_id, "failed");
  const { error } = await world.holdfast.query.run(ADMIN, run_id);
  assertEquals(error?.message, "TypeError: cannot be");
  assert(error?.traceback?.includes("TypeError"));
});

Deno.test("[RUN11] eight runs at once keep their own lines in order", async () => {
  const lines = workflow("lines", async (ctx) => {
    for (let n = 0; n < 20; n++) {
      await ctx.step(`s${n}`, () => n);
      ctx.emit("agent_message", { agent: "a", message: `${ctx.task} ${n}` });
    }
  });
  await using world = await openWorld({ workflows: [lines] });
  const started = await Promise.all(
    Array.from({ length: 8 }, (_, n) => world.holdfast.startTask(ADMIN, { task: `T${n}`, config: { mode: "lines" } })),
  );
  for (const [n, { session_id }] of started.entries()) {
    await world.status(session_id, "completed");
    const events = await world.events(session_id);
    assertEquals(events.map((event) => event.seq), events.map((_, i) => i + 1));
    const said = events.filter((event) => event.event_type === "agent_message").map((event) => event.data["message"]);
    assertEquals(said, Array.from({ length: 20 }, (_, k) => `T${n} ${k}`));
  }
});

Deno.test("[RUN12] more runs than slots wait in their order", async () => {
  const order: string[] = [];
  const go = new Map<string, () => void>();
  const slot = workflow("slot", (ctx) =>
    ctx.step("hold", () => {
      order.push(ctx.task);
      return new Promise<null>((resolve) => go.set(ctx.task, () => resolve(null)));
    }));
  await using world = await openWorld({ workflows: [slot], env: { HOLDFAST_CONCURRENCY: "1" } });
  const sessions: string[] = [];
  for (const task of ["a", "b", "c"]) {
    sessions.push((await world.holdfast.startTask(ADMIN, { task, config: { mode: "slot" } })).session_id);
    await world.pass(250);
  }
  const waits = await Promise.all(sessions.map(async (id) => (await world.holdfast.query.session(ADMIN, id)).wait));
  assertEquals(waits.map((wait) => [wait?.on, wait?.position]), [["run", undefined], ["queue", 1], ["queue", 2]]);
  for (const [n, task] of ["a", "b", "c"].entries()) {
    await world.until(() => go.has(task));
    go.get(task)?.();
    await world.status(sessions[n] ?? "", "completed");
  }
  assertEquals(order, ["a", "b", "c"]);
});

Deno.test("[RUN13] stray prints of a sandbox are output, and a forged frame does only what the run may", async () => {
  const quiet = workflow("quiet", (ctx) => ctx.step("wait", () => new Promise<null>(() => {})));
  await using world = await openWorld({ workflows: [quiet] });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "quiet" } });
  await world.until(() => world.sandboxes.alive.length === 1);
  await world.until(async () => (await world.state(session_id)).entries.size === 1);
  const sandbox = world.sandboxes.alive[0];
  sandbox?.print("stderr", "boo");
  sandbox?.forge({ type: "end", key: "never begun", result: { ok: true, value: 1 } });
  await world.until(async () => (await world.events(session_id)).some((event) => event.data["message"] === "boo"));
  assertEquals((await world.state(session_id)).run?.status, "running");
});

Deno.test("[RUN14] secrets of the server never reach the log, the journal or the result", async () => {
  const leaky = workflow("leaky", async (ctx) => {
    const done = await ctx.exec("block", { code: "leak" });
    ctx.emit("agent_message", { agent: "a", message: `got ${done.stdout}` });
    return done.stdout;
  });
  await using world = await openWorld({ workflows: [leaky], env: { HOLDFAST_SECRET_KEY: "hunter2000" } });
  world.sandboxes.scripts.set("leak", async (_spec, sink) => {
    await sink([{ stream: "stdout", message: "key hunter2000", partial: false }]);
    return { stdout: "hunter2000" };
  });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, {
    task: "use hunter2000",
    config: { mode: "leaky" },
  });
  await world.status(session_id, "completed");
  const everything = JSON.stringify([
    await world.events(session_id),
    await world.holdfast.query.run(ADMIN, run_id),
    await world.holdfast.query.session(ADMIN, session_id),
  ]);
  assertEquals(everything.includes("hunter2000"), false);
  assert(everything.includes("[redacted:KEY]"));
});
