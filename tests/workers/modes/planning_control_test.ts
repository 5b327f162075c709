import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { planningControl } from "@/workers/modes/planning_control.ts";
import { Failure } from "@/workers/testing/mod.ts";
import type { JsonObject } from "@/lib/model/json.ts";
import { block, failed, printed, runMode, said } from "./outside.ts";

const TASK = `# Trip\n## Load\nreads it\n${block("load();")}## Think\nabout it\n## Write\n${block("write();")}`;
const LOAD = { id: "step-1", title: "Load", description: "reads it", agent: "engineer" };
const THINK = { id: "step-2", title: "Think", description: "about it", agent: "researcher" };
const WRITE = { id: "step-3", title: "Write", description: "", agent: "engineer" };
const STEPS = [LOAD, THINK, WRITE];
const YES = { plan: "approved" } as const;
const plan = (...ids: string[]) => ({ steps: ids.map((id) => ({ id, title: `Do ${id}` })) });
const done = (summary: string) => ({ act: { kind: "done", summary } });
const code = (text: string) => ({ act: { kind: "code", code: text } });
const NOTHING = { verdict: "nothing_to_add" };

/** A model whose planner has these plans in turn, and whose workers follow `work`. */
function team(plans: JsonObject[], work: (step: string, count: number) => JsonObject = () => done("done")) {
  const counts = new Map<string, number>();
  return (args: { agent: string; brief?: { step_id?: string | undefined } | undefined }, count: number) => {
    if (args.agent === "planner") return plans[Math.min(count, plans.length) - 1] ?? {};
    if (args.agent === "reviewer") return NOTHING;
    if (args.agent === "synthesis") return "The report.";
    const id = args.brief?.step_id ?? "";
    counts.set(id, (counts.get(id) ?? 0) + 1);
    return work(id, counts.get(id) ?? 0);
  };
}

Deno.test("[PC1] a runbook is planned, reviewed, approved, carried out step by step, and reported", async () => {
  const run = await runMode(planningControl, {
    task: TASK,
    approve: YES,
    program: ({ code }) => printed(`ran ${code}\n`, code === "write();" ? ["report.md"] : []),
  });
  assert(run.result.ok);
  assertEquals(run.scopes, ["planning", "step-1", "step-2", "step-3", "synthesis"]);
  assertEquals(run.seen.models.map(({ agent }) => agent), [
    "planner",
    "reviewer",
    "engineer",
    "engineer",
    "researcher",
    "engineer",
    "engineer",
    "synthesis",
  ]);
  assertEquals(run.seen.asked, ["Carry out this plan of 3 steps?"]);
  assertEquals(run.events("plan_updated"), [{ plan: { steps: STEPS }, revision: 1, by: "planner" }]);
  assertEquals(run.events("phase_change"), [
    { phase: "planning" },
    { phase: "control", step: "Load" },
    { phase: "control", step: "Think" },
    { phase: "control", step: "Write" },
    { phase: "synthesis" },
  ]);
  assertEquals(said(run).slice(0, 2), [
    "planner: runbook, no model configured: the plan is the task's own 3 steps, in its order.\n\n" +
    "1. **Load** (engineer)\n   reads it\n2. **Think** (researcher)\n   about it\n3. **Write** (engineer)",
    "reviewer: runbook, no model configured: nothing to add.",
  ]);
  const value = run.result.value as { summary: string; steps: JsonObject[]; files: string[] };
  assertStringIncludes(value.summary, "# Trip\n\n3 of 3 steps done.");
  assertStringIncludes(value.summary, "ran load();");
  assertEquals(value.steps.map(({ id, status, printed }) => [id, status, printed]), [
    ["step-1", "done", "ran load();\n"],
    ["step-2", "done", ""],
    ["step-3", "done", "ran write();\n"],
  ]);
  assertEquals(value.files, ["report.md"]);
});

Deno.test("[PC2] an edited plan is carried out as edited: removed, moved, changed and added steps", async () => {
  const added = { id: "call", title: "Call Anna", description: "at noon", agent: "researcher" };
  const edited = { steps: [{ ...WRITE, title: "Write first" }, added, { ...LOAD }] };
  const run = await runMode(planningControl, { task: TASK, approve: { plan: { verb: "modified", value: edited } } });
  assert(run.result.ok);
  assertEquals(run.scopes, ["planning", "step-3", "call", "step-1", "synthesis"]);
  assertEquals(run.seen.execs.map(({ code }) => code), ["write();", "load();"]);
  assertEquals(run.events("plan_updated").map(({ by, revision }) => [by, revision]), [["planner", 1], ["tester", 2]]);
  assertEquals(run.events("plan_updated")[1]?.plan, edited);
  const call = (run.result.value as { steps: { summary: string }[] }).steps[1];
  assertStringIncludes(call?.summary ?? "", "> Call Anna\n>\n> at noon");
});

Deno.test("[PC3] a bare rejection of the plan ends the run rejected, and nothing runs", async () => {
  const run = await runMode(planningControl, { task: TASK, approve: { plan: "rejected" } });
  assert(!run.result.ok);
  assertEquals(run.result.failure.code, "rejected");
  assertEquals(run.seen.execs, []);
});

Deno.test("[PC4] a rejection with a reason goes back to the planner, whose next plan is asked about again", async () => {
  const approve = { plan: [{ verb: "rejected" as const, feedback: "too long" }, "approved" as const] };
  const run = await runMode(planningControl, { task: "t", approve, brain: team([plan("a", "b"), plan("c")]) });
  assert(run.result.ok);
  assertEquals(run.scopes, ["planning", "c", "synthesis"]);
  const second = run.seen.models.filter(({ agent }) => agent === "planner")[1];
  assertStringIncludes(second?.messages.at(-1)?.content ?? "", "The person rejects the plan: too long");
  assertEquals(run.events("plan_updated").map(({ revision }) => revision), [1, 2]);
  const book = await runMode(planningControl, { task: TASK, approve });
  assert(book.result.ok);
  assert(said(book).some((text) => text.includes("the plan is that of the task. Change the plan here")));
});

Deno.test("[PC5] rejections with a reason end after maxRounds", async () => {
  const approve = { plan: () => ({ verb: "rejected" as const, feedback: "no" }) };
  const run = await runMode(planningControl, { task: TASK, approve, config: { maxRounds: 3 } });
  assert(!run.result.ok);
  assertEquals([run.result.failure.code, run.seen.asked.length], ["rejected", 3]);
});

Deno.test("[PC6] approvalMode none asks nobody but where the task itself asks", async () => {
  const config = { approvalMode: "none" };
  const quiet = await runMode(planningControl, { task: TASK, config });
  assert(quiet.result.ok);
  assertEquals(quiet.seen.asked, []);
  const task = `## A\n${block("a();")}> approve: look\n> ask: which?\n${block("b();")}`;
  const asking = await runMode(planningControl, { task, config, approve: { approve: "approved" } });
  assert(asking.result.ok);
  assertEquals(asking.seen.asked, ["look", "which?"]);
});

Deno.test("[PC7] before_each_step asks before each: yes, skip, and a changed step that keeps its id", async () => {
  const run = await runMode(planningControl, {
    task: TASK,
    config: { approvalMode: "before_each_step" },
    approve: {
      "before step-1": "approved",
      "before step-2": { verb: "skip", feedback: "not today" },
      "before step-3": { verb: "modified", value: { ...WRITE, id: "other", title: "Write it up" } },
    },
  });
  assert(run.result.ok);
  assertEquals(run.seen.asked, ['Begin "Load"?', 'Begin "Think"?', 'Begin "Write"?']);
  assertEquals(run.scopes, ["planning", "step-1", "step-3", "synthesis"]);
  assertEquals(run.said.filter(({ say }) => say.what === "skip").map(({ say }) => say), [
    { what: "skip", id: "step-2", title: "Think", reason: "not today" },
  ]);
  assertEquals(run.events("plan_updated").at(-1)?.plan, { steps: [LOAD, THINK, { ...WRITE, title: "Write it up" }] });
  assertEquals(run.seen.execs.map(({ code }) => code), ["load();", "write();"]);
});

Deno.test("[PC8] a rejected step approval ends the run", async () => {
  const run = await runMode(planningControl, {
    task: TASK,
    config: { approvalMode: "before_each_step" },
    approve: { "before step-1": "rejected" },
  });
  assert(!run.result.ok);
  assertEquals([run.result.failure.code, run.seen.execs.length], ["rejected", 0]);
});

Deno.test("[PC9] a step that asks in the plan is asked about in every mode", async () => {
  const asking = { steps: [{ id: "a", title: "A", asks: true }] };
  const run = await runMode(planningControl, {
    task: "t",
    config: { approvalMode: "none" },
    brain: team([asking]),
    approve: { "before a": "approved" },
  });
  assert(run.result.ok);
  assertEquals(run.seen.asked, ['Begin "A"?']);
});

Deno.test("[PC10] a failed step asks what now; retry runs it again as the next attempt of the same step", async () => {
  const run = await runMode(planningControl, {
    task: TASK,
    approve: { ...YES, "failed step-1": [{ verb: "retry", feedback: "the file is there now" }] },
    program: (_, count) => count === 1 ? failed("NotFound: no file") : {},
  });
  assert(run.result.ok);
  assertEquals(run.scopes, ["planning", "step-1", "step-1#2", "step-2", "step-3", "synthesis"]);
  assertEquals(run.seen.execs.map(({ code }) => code), ["load();", "load();", "write();"]);
  const again = run.seen.models.find(({ messages }) => messages[1]?.content.includes("the file is there now"));
  assertStringIncludes(again?.messages[1]?.content ?? "", "# An earlier attempt of this step failed");
});

Deno.test("[PC11] skip leaves a failed step out, and the report says so; abort ends the run with its error", async () => {
  const program = ({ code }: { code?: string | undefined }) => code === "load();" ? failed("Error: no") : {};
  const skipped = await runMode(planningControl, {
    task: TASK,
    approve: { ...YES, "failed step-1": { verb: "skip", feedback: "later" } },
    program,
  });
  assert(skipped.result.ok);
  const { summary, steps } = skipped.result.value as { summary: string; steps: JsonObject[] };
  assertEquals(steps.map(({ status }) => status), ["skipped", "done", "done"]);
  assertStringIncludes(summary, "2 of 3 steps done.");
  assertStringIncludes(summary, "## 1. Load (skipped)\n\nlater");
  const approve = { ...YES, "failed step-1": "abort" as const };
  const aborted = await runMode(planningControl, { task: TASK, approve, program });
  assert(!aborted.result.ok);
  assertEquals(aborted.result.failure.code, "step_failed");
});

Deno.test("[PC12] a step changed at the error is carried out as changed, under its id", async () => {
  const changed = { id: "other", title: "Load less", description: "half of it", agent: "engineer" };
  const run = await runMode(planningControl, {
    task: "t",
    brain: team([plan("a")], (_, count) => count === 1 ? code("big();") : done("loaded half")),
    approve: { ...YES, "failed a": { verb: "modified", value: changed } },
    config: { maxAttempts: 1 },
    program: () => failed("Error: out of memory"),
  });
  assert(run.result.ok);
  assertEquals(run.scopes, ["planning", "a", "a#2", "synthesis"]);
  assertStringIncludes(run.seen.models.at(-2)?.messages[1]?.content ?? "", "**Load less**\nhalf of it");
  assertEquals(run.events("plan_updated").at(-1)?.by, "tester");
});

Deno.test("[PC13] the engineer mends its code up to maxAttempts before a person is asked; on_error asks at the first error", async () => {
  const brain = () => team([plan("a")], (_, count) => code(`try(${count});`));
  const program = () => failed("Error: no");
  const patient = await runMode(planningControl, {
    task: "t",
    brain: brain(),
    program,
    approve: { ...YES, "failed a": "abort" },
  });
  assert(!patient.result.ok);
  assertEquals(patient.seen.execs.length, 3);
  assertStringIncludes(patient.result.failure.message, "after 3 attempts: exit code 1: Error: no");
  const eager = await runMode(planningControl, {
    task: "t",
    config: { approvalMode: "on_error" },
    brain: brain(),
    program,
    approve: { "failed a": "abort" },
  });
  assert(!eager.result.ok);
  assertEquals([eager.seen.execs.length, eager.seen.asked], [1, ['"Do a" failed: what now?']]);
});

Deno.test("[PC14] with approvalMode none a failed step ends the run", async () => {
  const run = await runMode(planningControl, {
    task: TASK,
    config: { approvalMode: "none" },
    program: () => failed("Error: no"),
  });
  assert(!run.result.ok);
  assertEquals([run.result.failure.code, run.seen.asked], ["step_failed", []]);
});

Deno.test("[PC15] a no inside of a step ends the run and is no error to recover from", async () => {
  const run = await runMode(planningControl, {
    task: `## A\n> approve: go on?\n${block("a();")}`,
    approve: { ...YES, approve: "rejected" },
  });
  assert(!run.result.ok);
  assertEquals([run.result.failure.code, run.seen.asked.length, run.seen.execs.length], ["rejected", 2, 0]);
});

Deno.test("[PC16] a reviewer's remarks go back to the planner before a person sees the plan, nPlanReviews times", async () => {
  const base = team([plan("a"), plan("a", "b"), plan("a", "b", "c")]);
  const brain: typeof base = (args, count) =>
    args.agent === "reviewer" ? { verdict: "change", remarks: `more (${count})` } : base(args, count);
  const run = await runMode(planningControl, { task: "t", config: { nPlanReviews: 2 }, brain, approve: YES });
  assert(run.result.ok);
  assertEquals(run.scopes, ["planning", "a", "b", "c", "synthesis"]);
  assertEquals(run.events("plan_updated").length, 1);
  const planner = run.seen.models.filter(({ agent }) => agent === "planner");
  assertEquals(planner.map(({ messages }) => messages.at(-1)?.content.includes("A reviewer says:\nmore")), [
    false,
    true,
    true,
  ]);
  const none = await runMode(planningControl, { task: "t", config: { nPlanReviews: 0 }, brain, approve: YES });
  assert(none.seen.models.every(({ agent }) => agent !== "reviewer"));
});

Deno.test("[PC17] a plan of too many steps goes back to the planner; a runbook keeps all of its steps", async () => {
  const config = { maxPlanSteps: 2 };
  const run = await runMode(planningControl, {
    task: "t",
    config,
    brain: team([plan("a", "b", "c"), plan("ab", "c")]),
    approve: YES,
  });
  assert(run.result.ok);
  assertEquals(run.scopes, ["planning", "ab", "c", "synthesis"]);
  const book = await runMode(planningControl, { task: TASK, config, approve: YES });
  assert(book.result.ok);
  assertEquals(book.scopes.length, 5);
});

Deno.test("[PC18] steps get ids of their own, none of them that of another part of the run", async () => {
  const run = await runMode(planningControl, { task: "t", brain: team([plan("planning", "a", "a")]), approve: YES });
  assert(run.result.ok);
  assertEquals(run.scopes, ["planning", "planning-2", "a", "a-2", "synthesis"]);
});

Deno.test("[PC19] a runbook that cannot be followed fails in planning, before a person is asked", async () => {
  const run = await runMode(planningControl, { task: `## A\n${"```"}ts\na();` });
  assert(!run.result.ok);
  assertEquals([run.result.failure.code, run.seen.asked], ["bad_runbook", []]);
});

Deno.test("[PC20] a model's call that fails in a step is the step's failure, and can be retried", async () => {
  let broken = true;
  const base = team([plan("a")]);
  const run = await runMode(planningControl, {
    task: "t",
    approve: {
      ...YES,
      "failed a": () => {
        broken = false;
        return "retry";
      },
    },
    brain: (args, count) =>
      args.agent === "engineer" && broken
        ? new Failure("http", "The model service has an error (500)")
        : base(args, count),
  });
  assert(run.result.ok);
  assertEquals(run.scopes, ["planning", "a", "a#2", "synthesis"]);
});

Deno.test("[PC21] a later step knows the plan, the results and the answers of people; wishes and the model's name are handed on", async () => {
  const ask = { act: { kind: "ask", question: "Which year?" } };
  const run = await runMode(planningControl, {
    task: "t",
    config: { engineerInstructions: "Use metres.", model: "gpt-4o" },
    files: { "in.csv": "x" },
    history: [{ role: "user", agent: "", content: "earlier words", timestamp: "2026-01-01T00:00:00.000Z" }],
    brain: team([plan("a", "b")], (id, count) => id === "a" && count === 1 ? ask : done(`found by ${id}`)),
    approve: YES,
    ask: { ask: "1998" },
  });
  assert(run.result.ok);
  const b = run.seen.models.find(({ brief }) => brief?.step_id === "b");
  const opening = b?.messages[1]?.content ?? "";
  for (const text of ["earlier words", "in.csv", "Which year?\n1998", "1. **Do a**", "## Do a (done)\nfound by a"]) {
    assertStringIncludes(opening, text);
  }
  assertStringIncludes(b?.messages[0]?.content ?? "", "Use metres.");
  assertEquals(b?.model, "gpt-4o");
  assertEquals(b?.brief?.answers, { "Which year?": "1998" });
});
