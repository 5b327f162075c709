// Every kind of wait of an own workflow, over five kills of the server: asked once, told once, answered once.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { allEvents, ask, type Seen, send, startTask } from "./support/api.ts";
import { flow, startFlows } from "./support/flows.ts";

const KILLS = 5;
const ENV = { HOLDFAST_WAIT_HOLD: "0" };
const BEFORE = `ctx.emit("phase_change", { phase: "before" });
    console.log("said before");
    const big = await ctx.step("before", ({ key, attempt }) => { console.log("ran before"); return { key, attempt, text: "x".repeat(900_000) }; });`;
const AFTER = `await ctx.step("after", () => { console.log("ran after"); });`;
/** A workflow that waits once between two steps. */
const waits = (id: string, wait: string) =>
  flow(id, `${BEFORE}\n    ${wait}\n    ${AFTER}\n    return { got, before: big.attempt, length: big.text.length };`, {
    options: "messages: true,",
  });

const FILES = {
  "asks.ts": waits("asks", `const got = await ctx.ask("name", { question: "Who?", answer: z.string() });`),
  "approves.ts": waits(
    "approves",
    `const { verb: got } = await ctx.approve("go", { type: "step_approval", title: "Go?", subject: { n: 1 } });`,
  ),
  "hears.ts": waits(
    "hears",
    `const got = (await ctx.waitForMessage("word")).map((message) => message.content);`,
  ),
  "sleeps.ts": waits(
    "sleeps",
    `const from = ctx.now(); await ctx.sleep("nap", 20); const got = (ctx.now() - from) >= 17_000;`,
  ),
  "opens.ts": waits(
    "opens",
    `const asked = ctx.open("later", { question: "When?", answer: z.int() });
    ctx.emit("agent_message", { agent: "mailer", message: "answer at " + asked.url });
    await ctx.sleep("meanwhile", 20);
    const got = await ctx.answer(asked);`,
  ),
};

const count = (events: Seen[], type: string) => events.filter(({ event_type }) => event_type === type).length;
const lines = (events: Seen[], text: string) => events.filter(({ data }) => data["message"] === text).length;

Deno.test("[E-WAIT1] every wait stands over five kills of the server: asked and told once, answered once, nothing runs twice", async () => {
  await using flows = await startFlows(FILES, ENV);
  const runs = new Map<string, { session_id: string; run_id: string }>();
  for (const mode of ["asks", "approves", "hears", "sleeps", "opens"]) {
    runs.set(mode, await startTask(flows.server, "T", { mode }));
  }
  const of = (mode: string) => runs.get(mode) ?? { session_id: "", run_id: "" };
  for (const { run_id } of runs.values()) await flows.status(run_id, "waiting");
  const first = await Promise.all([...runs.values()].map(({ session_id }) => flows.pending(session_id)));
  // Answered long before the code awaits it.
  const opened = (await flows.pending(of("opens").session_id))[0];
  assert(opened);
  await flows.resolve(opened.approval_id, { resolution: "answered", modifications: { answer: 7 } });
  const told = await allEvents(flows.server, of("opens").session_id);
  const link = /answer at (\S+)/.exec(
    `${told.find(({ event_type }) => event_type === "agent_message")?.data["message"]}`,
  );
  for (let kill = 0; kill < KILLS; kill++) {
    // The answer wakes it once more: each kill is to meet it in a wait.
    await flows.status(of("opens").run_id, "waiting", "completed");
    await flows.restart();
  }
  const page = await fetch(new URL(link?.[1] ?? "", flows.server.url), {
    headers: { authorization: `Bearer ${flows.server.token}` },
  });
  assertEquals([page.status, (await page.text()).length > 0], [200, true], "the link that went out leads to a page");
  const still = await Promise.all([...runs.values()].map(({ session_id }) => flows.pending(session_id)));
  assertEquals(still.slice(0, 4), first.slice(0, 4), "the same questions, under the same ids");
  const [who] = await flows.pending(of("asks").session_id);
  const [go] = await flows.pending(of("approves").session_id);
  await flows.resolve(who?.approval_id ?? "", { resolution: "answered", modifications: { answer: "Ada" } });
  await flows.resolve(go?.approval_id ?? "", { resolution: "approved" });
  for (const content of ["one", "two"]) {
    const heard = await send(flows.server, "POST", `/api/runs/${of("hears").run_id}/messages`, { content });
    assert(heard.status === 202 || heard.status === 409, heard.text);
  }
  const want: Record<string, unknown> = { asks: "Ada", approves: "approved", sleeps: true, opens: 7 };
  for (const [mode, { session_id, run_id }] of runs) {
    const { result, error } = await flows.status(run_id, "completed", "failed", "paused");
    assertEquals(error, undefined, mode);
    const { got, before, length } = result as { got: unknown; before: number; length: number };
    assertEquals([error, before, length], [undefined, 1, 900_000], mode);
    if (mode === "hears") assertEquals((got as string[])[0], "one");
    else assertEquals(got, want[mode], mode);
    const events = await allEvents(flows.server, session_id);
    assertEquals(
      [
        lines(events, "ran before"),
        lines(events, "said before"),
        lines(events, "ran after"),
        count(events, "phase_change"),
      ],
      [1, 1, 1, 1],
      mode,
    );
    const waits = mode === "opens" ? 2 : 1;
    assertEquals(count(events, "wait_started"), waits, mode);
    assertEquals(count(events, "wait_ended"), waits, mode);
    const asked = ["asks", "approves", "opens"].includes(mode) ? 1 : 0;
    assertEquals([count(events, "approval_requested"), count(events, "approval_received")], [asked, asked], mode);
    const wakes = mode === "opens" ? 2 : 1;
    assertEquals(
      count(events, "workflow_resumed"),
      wakes,
      `${mode}: five restarts of a waiting run are no starts of it`,
    );
  }
});

Deno.test("[E-WAIT2] messages: all that are queued at once, [] at the timeout, 0 looks and never waits; the next wait gets later ones", async () => {
  const code = `const none = await ctx.waitForMessage("look", { timeout_s: 0 });
    await ctx.approve("hold", { type: "step_approval", title: "Hold", subject: 1 });
    const all = await ctx.waitForMessage("all");
    const late = await ctx.waitForMessage("late", { timeout_s: 1 });
    return [none, all, late].map((some) => some.map(({ content, by }) => content + (by ? "" : "?")));`;
  await using flows = await startFlows({ "hears.ts": flow("hears", code, { options: "messages: true," }) }, ENV);
  const { session_id, run_id } = await startTask(flows.server, "T", { mode: "hears" });
  await flows.status(run_id, "waiting");
  for (const content of ["a", "b", "c"]) await ask(flows.server, "POST", `/api/runs/${run_id}/messages`, { content });
  await flows.restart();
  const [hold] = await flows.pending(session_id);
  await flows.resolve(hold?.approval_id ?? "", { resolution: "approved" });
  assertEquals((await flows.status(run_id, "completed", "failed")).result, [[], ["a", "b", "c"], []]);
});

Deno.test("[E-WAIT3] the key of a step is the same over attempts and kills of the server, another for each leaf, branch and run", async () => {
  const code = `const keys: string[] = [];
    const leaf = (name: string) => ctx.step(name, ({ key, attempt }) => {
      console.log(\`key \${name} \${key}\`);
      if (attempt === 1) throw new Failure("again", "once more");
      return key;
    }, { attempts: 2 });
    keys.push(await leaf("a"), await leaf("a"), await ctx.group("g", "G", () => leaf("a")));
    keys.push(...await ctx.map("m", [1, 2], { key: String }, () => leaf("a")));
    await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
    await ctx.step("cut", async ({ key, signal }) => {
      console.log(\`key cut \${key}\`);
      await new Promise((go) => { const timer = setTimeout(go, 3000); signal.addEventListener("abort", () => clearTimeout(timer)); });
    });
    return keys;`;
  await using flows = await startFlows({ "keys.ts": flow("keys", code) }, ENV);
  const one = await startTask(flows.server, "T", { mode: "keys" });
  const other = await startTask(flows.server, "T", { mode: "keys" });
  for (const { run_id } of [one, other]) await flows.status(run_id, "waiting");
  for (const { session_id } of [one, other]) {
    const [go] = await flows.pending(session_id);
    await flows.resolve(go?.approval_id ?? "", { resolution: "approved" });
  }
  const printed = async (session_id: string) =>
    (await allEvents(flows.server, session_id)).flatMap(({ data }) =>
      /^key (\S+) (\S+)$/.exec(`${data["message"]}`)?.slice(1) ?? []
    );
  while (!(await printed(one.session_id)).includes("cut")) await new Promise((go) => setTimeout(go, 20));
  await flows.restart();
  const results = [];
  for (const { run_id } of [one, other]) results.push((await flows.status(run_id, "completed", "failed")).result);
  const keys = results.flat() as string[];
  assertEquals(new Set(keys).size, 10, "five leaves in two runs have ten keys");
  const seen = await printed(one.session_id);
  const pairs = seen.filter((_, at) => at % 2 === 1);
  for (const key of results[0] as string[]) {
    assertEquals(pairs.filter((one) => one === key).length, 2, "two attempts, one key");
  }
  const cuts = seen.filter((_, at) => seen[at - 1] === "cut");
  assertEquals([cuts.length, new Set(cuts).size], [2, 1], "cut by the kill, and again under the same key");
});

Deno.test("[E-WAIT4] an attempt that a kill interrupted does not count: the policy's attempts are all there afterwards", async () => {
  const code = `return await ctx.step("s", async ({ attempt }) => {
      console.log(\`attempt \${attempt}\`);
      if (attempt === 1) await new Promise((go) => setTimeout(go, 60_000));
      if (attempt < 4) throw new Failure("again", "once more");
      return attempt;
    }, { attempts: 3 });`;
  await using flows = await startFlows({ "cut.ts": flow("cut", code) });
  const { session_id, run_id } = await startTask(flows.server, "T", { mode: "cut" });
  const said = async () =>
    (await allEvents(flows.server, session_id)).map(({ data }) => `${data["message"]}`).filter((line) =>
      line.startsWith("attempt ")
    );
  while ((await said()).length === 0) await new Promise((go) => setTimeout(go, 20));
  await flows.restart();
  const { status, result, error } = await flows.status(run_id, "completed", "failed");
  assertEquals([status, result, error], ["completed", 4, undefined]);
  assertEquals(await said(), ["attempt 1", "attempt 2", "attempt 3", "attempt 4"]);
});

Deno.test("[E-WAIT5] branches over a kill: what is dropped is cancelled and speaks no more, what is collected has its failures", async () => {
  const code =
    `const collected = await ctx.map("c", ["a", "b", "c"], { key: String, errors: "collect" }, async (item) => {
      if (item === "b") throw new Failure("bad", "b is bad", { item });
      return await ctx.step("do", () => item);
    });
    const outcome = await ctx.map("s", ["asks", "fails", "naps"], { key: String }, async (item) => {
      if (item === "asks") return await ctx.ask("q", { question: "?", answer: z.string() });
      if (item === "naps") { await ctx.sleep("nap", 600); console.log("never said"); }
      await ctx.approve("go", { type: "step_approval", title: "Fail?", subject: item });
      throw new Failure("stop", "it stops");
    }).catch((error) => error.code);
    return { collected: collected.map((one) => one.ok ? one.value : [one.failure.code, one.failure instanceof Failure]), outcome };`;
  await using flows = await startFlows({ "branches.ts": flow("branches", code) }, ENV);
  const { session_id, run_id } = await startTask(flows.server, "T", { mode: "branches" });
  await flows.status(run_id, "waiting");
  await flows.restart();
  const go = (await flows.pending(session_id)).find(({ action }) => action === "Fail?");
  await flows.resolve(go?.approval_id ?? "", { resolution: "approved" });
  const { result } = await flows.status(run_id, "completed", "failed");
  assertEquals(result, { collected: ["a", ["bad", true], "c"], outcome: "stop" });
  const events = await allEvents(flows.server, session_id);
  assertEquals(count(events, "approval_cancelled"), 1);
  assertEquals(await flows.pending(session_id), []);
  assert(!JSON.stringify(events).includes("never said"));
  const ended = events.findIndex(({ event_type }) => event_type === "result");
  assertStringIncludes(`${events[ended]?.event_type}`, "result");
});
