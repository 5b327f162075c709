import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import type { ModelArgs, ModelResult } from "@/lib/protocol/sandbox.ts";
import { ModelResult as ResultSchema } from "@/lib/protocol/sandbox.ts";
import { Plan } from "@/lib/model/plan.ts";
import { outputSchema, Review, Turn } from "@/lib/model/turn.ts";
import { FailureError } from "@/lib/llm/failure.ts";
import { createRunbookModel } from "@/lib/llm/runbook/model.ts";

const F = "```";
const TASK =
  `---\nattempts: 2\ntimeout: 5\n---\n# Trip\nabout\n## Load\nreads it\n${F}csv input=a.csv\nx\n${F}\n${F}ts\nload();\n${F}\n> ask: Which year?\n${F}js\nfit();\n${F}\n## Think\nabout it\n`;
type Brief = NonNullable<ModelArgs["brief"]>;

async function ask(
  agent: string,
  brief: Partial<Brief>,
  more: Partial<ModelArgs> = {},
): Promise<ModelResult & { deltas: string[] }> {
  const deltas: string[] = [];
  const args: ModelArgs = { agent, messages: [], brief: { task: TASK, turn: 0, attempt: 1, ...brief }, ...more };
  const signal = new AbortController().signal;
  const result = await createRunbookModel().turn(args, { delta: (text) => void deltas.push(text), retry() {} }, signal);
  return { ...ResultSchema.parse(result), deltas };
}
async function turn(brief: Partial<Brief>): Promise<Turn> {
  return Turn.parse((await ask("engineer", brief, { output: outputSchema(Turn) })).output);
}

Deno.test("[RBM1] the planner answers with the task's steps and says that there is no model", async () => {
  const { output, text, usage } = await ask("planner", {}, { output: outputSchema(Plan) });
  assertEquals(Plan.parse(output).steps.map((s) => [s.id, s.title, s.description, s.agent]), [
    ["step-1", "Load", "reads it", "engineer"],
    ["step-2", "Think", "about it", "researcher"],
  ]);
  assertStringIncludes(text, "runbook, no model configured");
  assertEquals([usage.model, usage.cost_usd, usage.input_tokens], ["runbook", 0, 0]);
});

Deno.test("[RBM2] the reviewer has nothing to add", async () => {
  const { output } = await ask("reviewer", {}, { output: outputSchema(Review) });
  assertEquals(Review.parse(output), { verdict: "nothing_to_add", remarks: "" });
});

Deno.test("[RBM3] a step's blocks and questions come as turns in their order, with the runbook's attempts and time", async () => {
  const acts = [];
  for (const n of [0, 1, 2, 3, 4]) acts.push((await turn({ step_id: "step-1", turn: n })).act);
  const as_written = { attempts: 2, timeout_s: 5 };
  assertEquals(acts, [
    { kind: "code", code: "load();", language: "ts", title: "Load (1 of 2)", files: { "a.csv": "x\n" }, as_written },
    { kind: "ask", question: "Which year?" },
    { kind: "code", code: "fit();", language: "js", title: "Load (2 of 2)", as_written },
    { kind: "done", summary: "Its 2 blocks ran." },
    { kind: "done", summary: "Its 2 blocks ran." },
  ]);
});

Deno.test("[RBM4] the same brief is always the same answer", async () => {
  assertEquals(await ask("engineer", { turn: 2 }), await ask("engineer", { turn: 2 }));
});

Deno.test("[RBM5] a step without code records what a model would be asked", async () => {
  const { act } = await turn({ step_id: "step-2" });
  assertEquals(act, {
    kind: "done",
    summary: "Recorded, not answered (runbook, no model configured). A model would be asked:\n\n> Think\n>\n> about it",
  });
});

Deno.test("[RBM6] a step that a person added is prose, with the words of the plan", async () => {
  const plan = { steps: [{ id: "mine", title: "Call Anna", description: "at noon", agent: "engineer" }] };
  const { act } = await turn({ step_id: "mine", plan });
  assertStringIncludes(act.kind === "done" ? act.summary : "", "> Call Anna\n>\n> at noon");
});

Deno.test("[RBM7] without a step the turns of all steps come in order, each with its step; the last one ends it", async () => {
  const turns = [];
  for (const n of [0, 1, 2, 3, 4]) turns.push(await turn({ turn: n }));
  assertEquals(turns.map((t) => t.step?.id), ["step-1", "step-1", "step-1", "step-1", "step-2"]);
  assertEquals(turns.map((t) => t.act.kind), ["code", "ask", "code", "done", "done"]);
  assertEquals(turns.map((t) => t.act.kind === "done" ? t.act.more ?? false : null), [null, null, null, true, false]);
  assertStringIncludes(turns[0]?.say ?? "", "runbook, no model configured");
});

Deno.test("[RBM8] the synthesis is a report of what the steps said, printed and wrote", async () => {
  const results = [
    { id: "step-1", title: "Load", status: "done", summary: "Its block ran.", printed: `a ${F} b\n`, files: ["a.csv"] },
    { id: "step-2", title: "Think", status: "skipped", summary: "not needed", printed: "", files: [] },
  ];
  const { text, deltas } = await ask("synthesis", { results });
  assertEquals(
    text,
    [
      "# Trip\n\n1 of 2 steps done.",
      "## 1. Load\n\nIts block ran.\n\nIt printed:\n\n````text\na ``` b\n````\n\nIt wrote `a.csv`.",
      "## 2. Think (skipped)\n\nnot needed",
      "*runbook, no model configured: this report repeats what the steps said, printed and wrote.*",
    ].join("\n\n"),
  );
  assertEquals(deltas, [text]);
});

Deno.test("[RBM9] a runbook that cannot be followed is refused before anything runs, with the lines", async () => {
  const task = `## A\n${F}ts\na();\n`;
  for (const agent of ["planner", "engineer"]) {
    const error = await assertRejects(() => ask(agent, { task }, { output: outputSchema(Turn) }));
    assertInstanceOf(error, FailureError);
    assertEquals(error.code, "bad_runbook");
    assertStringIncludes(error.message, "line 2: This code block is never closed");
  }
});

Deno.test("[RBM10] a call that it cannot answer says so: in words, or as a failure where a schema was asked", async () => {
  const { text } = await ask("poet", {}, { brief: undefined, messages: [{ role: "user", content: "A poem" }] });
  assertEquals(text, "runbook, no model configured. A model would be asked:\n\nA poem");
  const error = await assertRejects(() => ask("poet", {}, { brief: undefined, output: {} }));
  assertInstanceOf(error, FailureError);
  assertEquals(error.code, "no_model");
});
