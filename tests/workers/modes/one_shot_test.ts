import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Failure } from "@/workers/testing/mod.ts";
import { oneShot } from "@/workers/modes/one_shot.ts";
import { block, failed, printed, runMode, said } from "./outside.ts";

const TASK = `# Trip\n## Load\nreads it\n${block("load();")}> ask: Which year?\n${
  block("fit();", "js")
}## Think\nabout it\n## Write\n> approve: Write it?\n${block("write();")}`;
const done = (summary: string, more?: boolean, step?: { id: string; title: string }) => ({
  act: { kind: "done", summary, ...(more ? { more } : {}) },
  ...(step ? { step } : {}),
});
const code = (text: string, step?: { id: string; title: string }) => ({
  say: `I run ${text}`,
  act: { kind: "code", code: text },
  ...(step ? { step } : {}),
});

Deno.test("[OS1] a runbook's steps are groups in their order, its blocks run in theirs, and no plan or report is made", async () => {
  const run = await runMode(oneShot, {
    task: TASK,
    approve: { approve: "approved" },
    ask: { ask: "1998" },
    program: ({ code }) => printed(`ran ${code}\n`, code === "write();" ? ["report.md"] : []),
  });
  assertEquals(run.scopes, ["start", "step-1", "step-2", "step-3"]);
  assertEquals(run.seen.execs.map(({ code, language, label }) => [code, language, label]), [
    ["load();", "ts", "Load (1 of 2)"],
    ["fit();", "js", "Load (2 of 2)"],
    ["write();", "ts", "Write"],
  ]);
  assert(run.seen.models.every(({ agent }) => agent === "engineer"));
  assertEquals(run.events("plan_updated"), []);
  assert(run.result.ok);
  assertEquals(run.result.value, {
    summary: [
      "**Load**: Its 2 blocks ran.",
      "**Think**: Recorded, not answered (runbook, no model configured). A model would be asked:\n\n> Think\n>\n> about it",
      "**Write**: Its block ran.",
    ].join("\n\n"),
    steps: [
      {
        id: "step-1",
        title: "Load",
        status: "done",
        summary: "Its 2 blocks ran.",
        printed: "ran load();\nran fit();\n",
        files: [],
      },
      {
        id: "step-2",
        title: "Think",
        status: "done",
        summary:
          "Recorded, not answered (runbook, no model configured). A model would be asked:\n\n> Think\n>\n> about it",
        printed: "",
        files: [],
      },
      {
        id: "step-3",
        title: "Write",
        status: "done",
        summary: "Its block ran.",
        printed: "ran write();\n",
        files: ["report.md"],
      },
    ],
    files: ["report.md"],
  });
});

Deno.test("[OS2] approve and ask are asked at their place, and answers lie in answers.json of later blocks", async () => {
  const run = await runMode(oneShot, { task: TASK, approve: { approve: "approved" }, ask: { ask: "1998" } });
  assertEquals(run.leaves.map(({ key }) => key).filter((key) => /exec|run|ask|approve/.test(key)), [
    "step-1/run",
    "step-1/ask",
    "step-1/run#2",
    "step-3/approve",
    "step-3/run",
  ]);
  assertEquals(run.seen.asked, ["Which year?", "Write it?"]);
  const answers = { "answers.json": '{\n  "Which year?": "1998"\n}\n' };
  assertEquals(run.seen.execs.map(({ files }) => files), [undefined, answers, answers]);
});

Deno.test("[OS3] a rejected approve ends the run rejected, and nothing after it runs", async () => {
  const run = await runMode(oneShot, { task: TASK, approve: { approve: { verb: "rejected", feedback: "no" } } });
  assert(!run.result.ok);
  assertEquals(run.result.failure.code, "rejected");
  assertEquals(run.seen.execs.length, 2);
});

Deno.test("[OS4] a block that fails ends the run with its error; front matter attempts repeat it as it is", async () => {
  const broken = await runMode(oneShot, {
    task: `## A\n${block("a();")}${block("b();")}`,
    program: () => failed("Uncaught Error: no such thing\n    at file:///block.ts:1:1"),
  });
  assert(!broken.result.ok);
  assertEquals(broken.result.failure.code, "step_failed");
  assertStringIncludes(
    broken.result.failure.message,
    '"A (1 of 2)" failed: exit code 1: Uncaught Error: no such thing',
  );
  assertEquals(broken.seen.execs.length, 1);
  const said = async (stderr: string) => {
    const run = await runMode(oneShot, { task: `## A\n${block("a();")}`, program: () => failed(stderr) });
    return run.result.ok ? "" : run.result.failure.message;
  };
  const frame = "    at file:///block.ts:1:1";
  assertEquals(await said(`Error: the table is empty\n${frame}`), '"A" failed: exit code 1: Error: the table is empty');
  assertEquals(await said(`NotFound: no such file\n${frame}`), '"A" failed: exit code 1: NotFound: no such file');
  const repeated = await runMode(oneShot, {
    task: `---\nattempts: 2\n---\n## A\n${block("a();")}`,
    program: (_, count) => count === 1 ? new Failure("exec", "first attempt") : {},
  });
  assert(repeated.result.ok);
  assertEquals(repeated.seen.execs.map(({ code }) => code), ["a();", "a();"]);
});

Deno.test("[OS5] plain prose is one part that records what a model would be asked", async () => {
  const run = await runMode(oneShot, { task: "Why is the sky blue?" });
  assert(run.result.ok);
  assertEquals(run.scopes, ["start", "step-1"]);
  assertEquals(
    said(run),
    [
      "engineer: runbook, no model configured: the steps are those of the task.\n\n" +
      "Recorded, not answered (runbook, no model configured). A model would be asked:\n\n> Why is the sky blue?",
    ],
  );
});

Deno.test("[OS6] a task that cannot be followed, or whose inputs are missing, fails before anything runs", async () => {
  const broken = await runMode(oneShot, { task: `## A\n${block("a();")}## B\n${"```"}ts\nb();` });
  assert(!broken.result.ok);
  assertEquals(broken.result.failure.code, "bad_runbook");
  assertStringIncludes(broken.result.failure.message, "line 6");
  assertEquals(broken.seen.execs, []);
  const task = `---\ninputs: [a.csv, b.csv, c.json]\n---\n## A\n${block("1", "json input=c.json")}${block("a();")}`;
  const missing = await runMode(oneShot, { task, files: { "a.csv": "x" } });
  assert(!missing.result.ok);
  assertEquals([missing.result.failure.code, missing.result.failure.data], ["missing_input", { missing: ["b.csv"] }]);
  assertEquals(missing.seen.models, []);
  const there = await runMode(oneShot, { task, files: { "a.csv": "x", "b.csv": "y" } });
  assert(there.result.ok);
  assertEquals(there.seen.execs[0]?.files, { "c.json": "1\n" });
});

Deno.test("[OS7] a step of input fences only writes the files and runs nothing", async () => {
  const run = await runMode(oneShot, { task: `## A\n${block("x,y", "csv input=in/a.csv")}` });
  assert(run.result.ok);
  assertEquals(run.files, { "in/a.csv": "x,y\n" });
  assertEquals(run.seen.execs, []);
});

Deno.test("[OS8] a model names its parts, is told what its code did, and mends what failed", async () => {
  const A = { id: "load", title: "Load" };
  const B = { id: "fit", title: "Fit" };
  const turns = [code("a();", A), code("a2();", A), done("loaded", true, A), code("b();", B), done("fitted 0.19")];
  const run = await runMode(oneShot, {
    task: "Fit a trend",
    brain: (_, count) => turns[count - 1] ?? done("over"),
    program: ({ code }) => code === "a();" ? failed("TypeError: x is not a function") : printed(`out of ${code}`),
  });
  assert(run.result.ok);
  assertEquals(run.scopes, ["start", "load", "fit"]);
  assertEquals(run.result.value, {
    summary: "**Load**: loaded\n\n**Fit**: fitted 0.19",
    steps: [
      { id: "load", title: "Load", status: "done", summary: "loaded", printed: "out of a2();", files: [] },
      { id: "fit", title: "Fit", status: "done", summary: "fitted 0.19", printed: "out of b();", files: [] },
    ],
    files: [],
  });
  const told = run.seen.models.map(({ messages }) => messages.at(-1)?.content ?? "");
  assertStringIncludes(told[0] ?? "", "# Task\n\nFit a trend");
  assertStringIncludes(told[1] ?? "", "The program failed: exit code 1: TypeError: x is not a function");
  assertStringIncludes(told[2] ?? "", "The program ran to its end.\n\nstdout:\nout of a2();");
  assertEquals(said(run)[0], "engineer: I run a();\n\n```ts\na();\n```");
});

Deno.test("[OS9] a model's code may fail maxAttempts times in one part, and a part has at most maxRounds turns", async () => {
  const config = { maxAttempts: 2, maxRounds: 3 };
  const broken = await runMode(oneShot, { config, brain: () => code("a();"), program: () => failed("Error: no") });
  assert(!broken.result.ok);
  assertEquals([broken.result.failure.code, broken.seen.execs.length], ["step_failed", 2]);
  const endless = await runMode(oneShot, { config, brain: () => code("a();") });
  assert(!endless.result.ok);
  assertEquals([endless.result.failure.code, endless.seen.execs.length], ["too_many_rounds", 3]);
});

Deno.test("[OS10] a model hears why a person said no and may do it differently; a bare no ends the run", async () => {
  const turns = [{ act: { kind: "approve", why: "Delete all?" } }, done("left it")];
  const brain = (_: unknown, count: number) => turns[count - 1] ?? done("");
  const heard = await runMode(oneShot, {
    brain,
    approve: { approve: { verb: "rejected", feedback: "keep the logs" } },
  });
  assert(heard.result.ok);
  assertStringIncludes(heard.seen.models[1]?.messages.at(-1)?.content ?? "", "Not approved: keep the logs");
  const bare = await runMode(oneShot, { brain, approve: { approve: "rejected" } });
  assert(!bare.result.ok);
  assertEquals(bare.result.failure.code, "rejected");
});

Deno.test("[OS11] a task cannot grant itself anything: what it wants and does not have is warned of", async () => {
  const task = `---\ngrants:\n  net: [a.org, b.org]\n  read: [/srv]\n---\n## A\n${block("a();")}`;
  const some = await runMode(oneShot, { task, config: { grants: { net: ["a.org"] } } });
  assertEquals(some.events("warning"), [{
    code: "not_granted",
    message: "The task wants to read /srv, reach b.org, which this session is not granted: set it under grants, " +
      "or you are asked for it where this server lets you be asked.",
  }]);
  const all = await runMode(oneShot, { task, config: { grants: { net: ["a.org", "b.org"], read: ["/srv"] } } });
  assertEquals(all.events("warning"), []);
});
