// A workflow's file changes while its run waits: what still fits goes on, what does not waits for a fix or a roll-back.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { allEvents, ask, send, startTask } from "./support/api.ts";
import { flow, type FlowServer, startFlows } from "./support/flows.ts";

/** Waiting runs give up their process at once, so the code is read again after the wait. */
const ENV = { HOLDFAST_WAIT_HOLD: "0" };

/** A step that says each time that it runs. */
const step = (name: string) => `await ctx.step("${name}", () => { console.log("ran ${name}"); return "${name}"; });`;
const QUESTION = `await ctx.approve("go", { type: "step_approval", title: "Go?", subject: { n: 1 } });`;
const BEFORE = [step("one"), QUESTION, step("two"), `return "done";`].join("\n");

/** Starts a run of the workflow `w` and waits until it asks. */
async function asked(flows: FlowServer): Promise<{ session_id: string; run_id: string; answer(): Promise<void> }> {
  const { session_id, run_id } = await startTask(flows.server, "T", { mode: "w" });
  await flows.status(run_id, "waiting");
  const answer = async () => {
    const [pending] = await flows.pending(session_id);
    assert(pending, "it asks");
    await flows.resolve(pending.approval_id, { resolution: "approved" });
  };
  return { session_id, run_id, answer };
}

/** What steps said that they ran, in order. */
async function ran(flows: FlowServer, session_id: string): Promise<string[]> {
  const events = await allEvents(flows.server, session_id);
  return events.flatMap(({ event_type, data }) =>
    event_type === "output" && `${data["message"]}`.startsWith("ran ") ? [`${data["message"]}`.slice(4)] : []
  );
}

async function pauseReason(flows: FlowServer, session_id: string): Promise<string> {
  const paused = (await allEvents(flows.server, session_id)).filter(({ event_type }) =>
    event_type === "workflow_paused"
  );
  return `${paused.at(-1)?.data["message"]}`;
}

/** Lets a paused run go on. */
const resume = (flows: FlowServer, run_id: string) => ask(flows.server, "POST", `/api/runs/${run_id}/resume`);

/** Changes that do not fit the journal, and words of the reason. */
const MISFITS: Record<string, [code: string, ...words: string[]]> = {
  "a finished leaf has another name": [BEFORE.replaceAll("one", "uno"), '"uno"', '"one"'],
  "a finished leaf is of another kind": [
    BEFORE.replace(step("one"), `await ctx.exec("one", { code: "1" });`),
    'exec "one"',
    'step "one"',
  ],
  "a new leaf stands before": [`${step("zero")}\n${BEFORE}`, '"zero"', '"one"'],
  "a finished leaf stands in a scope": [
    BEFORE.replace(step("one"), `await ctx.group("g", "G", async () => { ${step("one")} });`),
    'group "g"',
    'step "one"',
  ],
  "a finished leaf is gone": [BEFORE.replace(step("one"), ""), 'approve "go"', 'step "one"'],
  "the question is about something else": [BEFORE.replace("n: 1", "n: 2"), 'approve "go"', "subject"],
  "the run ends before its leaves": [`return 1;`, '"one"'],
  "the code awaits what never comes": [`await new Promise(() => {});`, '"one"', "within 5 s"],
};

Deno.test("[E-CHG1] a change that does not fit pauses the run with the reason; a fix lets it go on, nothing runs twice", async (t) => {
  await using flows = await startFlows({}, ENV);
  for (const [what, [code, ...words]] of Object.entries(MISFITS)) {
    await t.step(what, async () => {
      flows.write("w.ts", flow("w", BEFORE));
      const { session_id, run_id, answer } = await asked(flows);
      flows.write("w.ts", flow("w", code));
      await answer();
      await flows.status(run_id, "paused");
      const reason = await pauseReason(flows, session_id);
      for (const word of ["The source of the workflow has changed", ...words]) assertStringIncludes(reason, word);
      assertEquals(await ran(flows, session_id), ["one"]);
      await resume(flows, run_id);
      await flows.status(run_id, "paused");
      flows.write("w.ts", flow("w", BEFORE.replace(`"done"`, `"mended"`)));
      await resume(flows, run_id);
      const { result } = await flows.status(run_id, "completed", "failed");
      assertEquals([result, await ran(flows, session_id)], ["mended", ["one", "two"]]);
    });
  }
});

Deno.test("[E-CHG2] a roll-back lets the run go on, also after a kill -9 of the server in between", async () => {
  await using flows = await startFlows({ "w.ts": flow("w", BEFORE) }, ENV);
  const { session_id, run_id, answer } = await asked(flows);
  flows.write("w.ts", flow("w", BEFORE.replaceAll("one", "uno")));
  await answer();
  await flows.status(run_id, "paused");
  await flows.restart();
  await flows.status(run_id, "paused");
  flows.write("w.ts", flow("w", BEFORE));
  await resume(flows, run_id);
  const { result, error } = await flows.status(run_id, "completed", "failed");
  assertEquals([result, error, await ran(flows, session_id)], ["done", undefined, ["one", "two"]]);
});

Deno.test("[E-CHG3] a change that fits goes on as if nothing had happened", async () => {
  await using flows = await startFlows({ "w.ts": flow("w", BEFORE) }, ENV);
  const { session_id, run_id, answer } = await asked(flows);
  flows.write("w.ts", flow("w", `// a word\n${BEFORE.replace(`"done"`, `"other"`)}`));
  await answer();
  const { result } = await flows.status(run_id, "completed", "failed", "paused");
  assertEquals([result, await ran(flows, session_id)], ["other", ["one", "two"]]);
});

Deno.test("[E-CHG4] a higher version with a guard goes on with old runs and does the new leaf in new ones", async () => {
  await using flows = await startFlows({ "w.ts": flow("w", BEFORE) }, ENV);
  const old = await asked(flows);
  const guarded = [`if (ctx.version >= 2) ${step("zero")}`, BEFORE.replace(`"done"`, "ctx.version")].join("\n");
  flows.write("w.ts", flow("w", guarded, { version: 2 }));
  await old.answer();
  assertEquals((await flows.status(old.run_id, "completed", "failed", "paused")).result, 1);
  assertEquals(await ran(flows, old.session_id), ["one", "two"]);
  const fresh = await asked(flows);
  await fresh.answer();
  assertEquals((await flows.status(fresh.run_id, "completed", "failed", "paused")).result, 2);
  assertEquals(await ran(flows, fresh.session_id), ["zero", "one", "two"]);
});

Deno.test("[E-CHG5] a higher version without a guard fails the run, naming both calls", async () => {
  await using flows = await startFlows({ "w.ts": flow("w", BEFORE) }, ENV);
  const { session_id, run_id, answer } = await asked(flows);
  flows.write("w.ts", flow("w", `${step("zero")}\n${BEFORE}`, { version: 2 }));
  await answer();
  const { status, error } = await flows.status(run_id, "completed", "failed", "paused");
  assertEquals([status, error?.type], ["failed", "nondeterministic"]);
  for (const word of ['"zero"', '"one"']) assertStringIncludes(error?.message ?? "", word);
  assertEquals(await ran(flows, session_id), ["one"]);
});

Deno.test("[E-CHG6] other arguments of a finished leaf are a mismatch of changed source, unless its version is higher", async () => {
  const exec = (text: string) =>
    BEFORE.replace(step("one"), `await ctx.exec("one", { code: "console.log('${text}')" });`);
  await using flows = await startFlows({ "w.ts": flow("w", exec("before")) }, ENV);
  const { session_id, run_id, answer } = await asked(flows);
  flows.write("w.ts", flow("w", exec("after")));
  await answer();
  await flows.status(run_id, "paused", "completed", "failed");
  assertStringIncludes(await pauseReason(flows, session_id), `exec "one"`);
  assertStringIncludes(await pauseReason(flows, session_id), "other arguments");
  flows.write("w.ts", flow("w", exec("after"), { version: 2 }));
  await resume(flows, run_id);
  assertEquals((await flows.status(run_id, "completed", "failed")).result, "done");
  const printed = (await allEvents(flows.server, session_id)).filter(({ data }) => data["message"] === "after");
  assertEquals(printed, [], "the finished leaf is reused");
});

Deno.test("[E-CHG7] code that is not deterministic in itself fails its run, naming both calls", async () => {
  const code = BEFORE.replace(`ctx.step("one"`, `ctx.step("one " + Deno.pid`);
  await using flows = await startFlows({ "w.ts": flow("w", code) }, ENV);
  const { run_id, answer } = await asked(flows);
  await answer();
  const { status, error } = await flows.status(run_id, "completed", "failed", "paused");
  assertEquals([status, error?.type], ["failed", "nondeterministic"]);
  assertEquals(error?.message.match(/"one \d+"/g)?.length, 2);
});

for (
  const [what, spoil, word] of [
    ["gone", (flows: FlowServer) => flows.remove("w.ts"), 'There is no mode "w"'],
    ["broken", (flows: FlowServer) => flows.write("w.ts", "export default ("), "w.ts is none: w.ts:1:17"],
    ["another mode", (flows: FlowServer) => flows.write("w.ts", flow("v", BEFORE)), 'There is no mode "w"'],
  ] as const
) {
  Deno.test(`[E-CHG8] a run whose file is ${what} is paused with that said; new starts are refused; it goes on when it is back`, async () => {
    await using flows = await startFlows({ "w.ts": flow("w", BEFORE) }, ENV);
    const { session_id, run_id, answer } = await asked(flows);
    spoil(flows);
    await answer();
    await flows.status(run_id, "paused", "failed");
    assertStringIncludes(await pauseReason(flows, session_id), word);
    const refused = await send(flows.server, "POST", "/api/tasks", { task: "T", config: { mode: "w" } });
    assertEquals(refused.status, 422);
    const seen = await ask(flows.server, "GET", `/api/sessions/${session_id}`);
    assertEquals((seen["wait"] as { on: string }).on, "resume");
    flows.write("w.ts", flow("w", BEFORE));
    await resume(flows, run_id);
    const { result } = await flows.status(run_id, "completed", "failed");
    assertEquals([result, await ran(flows, session_id)], ["done", ["one", "two"]]);
  });
}

Deno.test("[E-CHG9] a sandbox that is held goes on with the code that it has loaded", async () => {
  await using flows = await startFlows({ "w.ts": flow("w", BEFORE) });
  const { session_id, run_id, answer } = await asked(flows);
  flows.write("w.ts", flow("w", BEFORE.replaceAll("one", "uno")));
  await answer();
  const { result } = await flows.status(run_id, "completed", "failed", "paused");
  assertEquals([result, await ran(flows, session_id)], ["done", ["one", "two"]]);
});

Deno.test("[E-CHG10] what a module keeps at its top is the same in a replay: clocks and random numbers are those of the run", async () => {
  const top = "const made = [Date.now(), Math.random(), crypto.randomUUID()];";
  const code = [`const first = await ctx.step("keep", () => made);`, QUESTION, "return [first, made];"].join("\n");
  await using flows = await startFlows({ "w.ts": flow("w", code, { top }) }, ENV);
  const { run_id, answer } = await asked(flows);
  await answer();
  const { result } = await flows.status(run_id, "completed", "failed");
  const [first, second] = result as [unknown[], unknown[]];
  assertEquals([first.length, first], [3, second]);
});
