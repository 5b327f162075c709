import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Ctx, defineWorkflow, Failure, z } from "../../../workers/sdk/mod.ts";
import { type Script, testWorkflow } from "../../../workers/testing/mod.ts";

const flow = (run: (ctx: Ctx) => unknown) =>
  defineWorkflow({ id: "tried", config: z.strictObject({}), run: (ctx) => run(ctx as Ctx) });
const tried = (run: (ctx: Ctx) => unknown, script: Script = {}) => testWorkflow(flow(run), { script });
const complaint = async (run: (ctx: Ctx) => unknown, script: Script = {}) =>
  (await assertRejects(() => tried(run, script), Error)).message;

const Step = z.strictObject({ id: z.string(), title: z.string() });
const planned = defineWorkflow({
  id: "planned",
  config: z.strictObject({ depth: z.int().default(1) }),
  messages: true,
  async run(ctx) {
    const plan = await ctx.group("plan", "Plan", async () => {
      const output = z.object({ steps: z.array(Step) });
      return (await ctx.model("plan", { agent: "planner", messages: [], output })).output;
    });
    ctx.emit("plan_updated", { plan });
    for (const step of plan.steps) {
      await ctx.approve(`before ${step.id}`, { type: "step_approval", title: step.title, subject: step });
      await ctx.group(step.id, step.title, () => ctx.exec("run", { code: step.title, attempts: 2 }));
    }
    const name = await ctx.ask("name", { question: "Whose?", answer: z.string() });
    await ctx.step("report", ({ files }) => files.write("report.md", name));
    return (await ctx.waitForMessage("more", { timeout_s: 60 })).length;
  },
});

Deno.test("[WK-TEST1] it runs a workflow by a script and tells what it came to", async () => {
  const run = await testWorkflow(planned, {
    task: "t",
    script: {
      model: { plan: { output: { steps: [{ id: "a", title: "A" }, { id: "b", title: "B" }] } } },
      exec: ({ args, attempt }) => args.code === "B" && attempt === 1 ? new Failure("http", "503") : { stdout: "ran" },
      approve: { "before a": "approved", "before b": { verb: "approved", feedback: "go" } },
      ask: { name: "Ada" },
      message: { more: [["hi", "there"]] },
    },
  });
  assertEquals(run.result, { ok: true, value: 2 });
  assertEquals(run.leaves.map(({ key }) => key), [
    "plan/plan",
    "before a",
    "a/run",
    "before b",
    "b/run",
    "name",
    "report",
    "more",
  ]);
  assertEquals(run.leaves.find(({ key }) => key === "b/run")?.attempt, 2);
  assertEquals(run.scopes, ["plan", "a", "b"]);
  assertEquals(run.events("plan_updated").length, 1);
  assertEquals(run.files, { "report.md": "Ada" });
  assertEquals(run.replays, 9);
});

Deno.test("[WK-TEST2] it finds a value that leaked out of a step through a closure", async () => {
  const message = await complaint(async (ctx) => {
    let count = 0;
    await ctx.step("load", () => void (count = 3));
    await ctx.exec("use", { code: `${count}` });
  }, { exec: { use: {} } });
  assertStringIncludes(message, `after entry 1 ("load")`);
  assertStringIncludes(message, `"use"`);
  assertStringIncludes(message, `{"code":"0"} instead of {"code":"3"}`);
});

Deno.test("[WK-TEST3] it finds a value that lives outside of run", async () => {
  let runs = 0;
  const message = await complaint(async (ctx) => {
    runs++;
    await ctx.exec("use", { code: `${runs}` });
  }, { exec: { use: {} } });
  assertStringIncludes(message, "instead of");
});

Deno.test("[WK-TEST4] it finds a leaf that is called in one run and not in the next", async () => {
  let first = true;
  const message = await complaint(async (ctx) => {
    if (first) await ctx.step("once", () => 1);
    first = false;
    await ctx.step("always", () => 1);
  });
  assertStringIncludes(message, `"always" at another place`);
});

Deno.test("[WK-TEST5] it finds words that change from run to run, and results too", async () => {
  let runs = 0;
  const words = await complaint(async (ctx) => {
    ctx.emit("warning", { code: `${runs++}`, message: "" });
    await ctx.step("a", () => 1);
  });
  assertStringIncludes(words, "it says");
  const results = await complaint(async (ctx) => {
    await ctx.step("a", () => 1);
    return runs++;
  });
  assertStringIncludes(results, "It ends with");
});

Deno.test("[WK-TEST6] clocks and random numbers of the language are journaled in it", async () => {
  const run = await tried(async (ctx) => {
    await ctx.exec("a", { code: `${Date.now()} ${Math.random()} ${crypto.randomUUID()}` });
    return new Date().getUTCFullYear();
  }, { exec: { a: {} } });
  assertEquals(run.result, { ok: true, value: 2026 });
});

Deno.test("[WK-TEST7] it says which answer the script lacks, and which is not offered", async () => {
  assertStringIncludes(await complaint((ctx) => ctx.exec("a", { code: "" })), `no answer for exec "a"`);
  const approve = (ctx: Ctx) => ctx.approve("ok", { type: "step_approval", title: "T", subject: 1 });
  assertStringIncludes(await complaint(approve, { approve: { ok: "skip" } }), `"skip", which is not offered`);
});

Deno.test("[WK-TEST8] answers in turn are given in turn, to calls of one name", async () => {
  const run = await tried(
    async (ctx) => [(await ctx.exec("a", { code: "" })).stdout, (await ctx.exec("a", { code: "" })).stdout],
    { exec: { a: [{ stdout: "1" }, { stdout: "2" }] } },
  );
  assertEquals(run.result, { ok: true, value: ["1", "2"] });
});

Deno.test("[WK-TEST9] a Failure of the script is a failed attempt, repeated as the policy says", async () => {
  const run = await tried((ctx) => ctx.exec("a", { code: "", attempts: 2 }), {
    exec: { a: [new Failure("http", "503"), new Failure("http", "504")] },
  });
  assertEquals(run.result, { ok: false, failure: { code: "http", message: "504" } });
});

Deno.test("[WK-TEST10] a question that nobody answers in time is expired", async () => {
  const approve = (ctx: Ctx) => ctx.approve("ok", { type: "step_approval", title: "T", subject: 1 });
  const run = await tried(approve, { approve: { ok: "expired" } });
  assertEquals(run.result.ok ? null : run.result.failure.code, "expired");
});

Deno.test("[WK-TEST11] a run that awaits what is no leaf is said to stand still", async () => {
  const stuck = flow(() => new Promise(() => {}));
  const error = await assertRejects(() => testWorkflow(stuck, { timeout_ms: 20 }), Error);
  assertStringIncludes(error.message, "stands still");
});

Deno.test("[WK-TEST12] two calls at once in one scope are said as concurrent_step", async () => {
  assertStringIncludes(
    await complaint((ctx) => Promise.all([ctx.step("a", () => 1), ctx.step("b", () => 1)])),
    "concurrent_step",
  );
});

Deno.test("[WK-TEST13] branches, drops and late answers replay as they ran", async () => {
  const run = await tried(async (ctx) => {
    let winner = "";
    const outcomes = await ctx.map("m", ["a", "b", "c"], { key: (key) => key, errors: "collect" }, async (key) => {
      const answer = await ctx.ask("q", { question: key, answer: z.string() });
      winner ||= `${key}${answer}`;
      if (key === "b") throw new Failure("b", winner);
      return await ctx.step("s", () => winner);
    });
    await ctx.all("n", { x: () => ctx.sleep("z", 60), y: () => Promise.reject(new Failure("y", "n")) }).catch(() => {});
    return outcomes.map((outcome) => outcome.ok ? outcome.value : outcome.failure.message);
  }, { ask: { q: ["1", "2", "3"] } });
  assertEquals(run.result, { ok: true, value: ["a1", "a1", "a1"] });
});

/** Kept before anything is replaced, as a module does that holds a clock of its own. */
const held = { now: performance.now.bind(performance), random: Math.random, uuid: crypto.randomUUID.bind(crypto) };
for (
  const [what, impure] of [
    ["a clock that was kept", () => held.now()],
    ["random numbers that were kept", () => held.random()],
    ["ids that were kept", () => held.uuid()],
    ["the memory of the process", () => Deno.memoryUsage().heapUsed + held.now()],
  ] as const
) {
  Deno.test(`[WK-TEST14] it finds ${what}: in a leaf, in a name, in what is said, in a choice`, async () => {
    const code = (value: unknown) => ({ code: `${value}` });
    assertStringIncludes(await complaint((ctx) => ctx.exec("a", code(impure())), { exec: { a: {} } }), "instead of");
    assertStringIncludes(await complaint((ctx) => ctx.step(`a ${impure()}`, () => 1)), "a ");
    const said = await complaint(async (ctx) => {
      ctx.emit("warning", { code: "w", message: `${impure()}` });
      await ctx.step("a", () => 1);
    });
    assertStringIncludes(said, "it says");
    let last: unknown;
    const chosen = await complaint(async (ctx) => {
      const value = impure();
      if (last === undefined) await ctx.step("new", () => 1);
      last = value;
      await ctx.step("a", () => 1);
    });
    assertStringIncludes(chosen, `"a" at another place`);
  });
}

Deno.test("[WK-TEST15] it finds what a step changed outside: a list, a map, a file's text that was kept", async () => {
  const kept: string[] = [];
  const list = await complaint(async (ctx) => {
    await ctx.step("add", () => void kept.push("x"));
    return kept.length;
  });
  assertStringIncludes(list, "It ends with");
  const map = await complaint(async (ctx) => {
    const seen = new Map<string, number>();
    await ctx.map("all", ["a", "b"], { key: String }, (one) => ctx.step("look", () => void seen.set(one, 1)));
    for (const one of seen.keys()) await ctx.step(`use ${one}`, () => 1);
  });
  assertStringIncludes(map, "use");
  const reads = flow(async (ctx) => {
    let content = "";
    await ctx.step("read", async ({ files }) => void (content = await files.read("a.txt")));
    return content;
  });
  const text = await assertRejects(() => testWorkflow(reads, { files: { "a.txt": "abc" } }), Error);
  assertStringIncludes(text.message, "It ends with");
});
