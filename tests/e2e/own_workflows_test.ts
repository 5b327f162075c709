// Own workflows on a real server: listed, started from every door, run in their own processes.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { allEvents, ask, send, startTask } from "./support/api.ts";
import { cli } from "./support/command.ts";
import { flow, startFlows } from "./support/flows.ts";

const MODULE = `import { mean } from "simple-statistics";
import { unit } from "./unit.ts";
export default (input: number[]) => ({ mean: mean(input), unit });`;

Deno.test("[E-OWN1] an own workflow is a mode: listed with its schema, started over REST, its module runs, its words are heard", async () => {
  await using flows = await startFlows({
    "stats.ts": flow(
      "stats",
      `ctx.emit("phase_change", { phase: "counting" });
      const done = await ctx.exec("mean", { module: new URL("./heavy/mean.ts", import.meta.url), input: [ctx.config.n, 2, 6] });
      if (!done.ok) throw new Failure("bad", done.stderr);
      return done.value;`,
    ),
    "heavy/mean.ts": MODULE,
    "heavy/unit.ts": `export const unit = "ms";`,
    "broken.ts": "export default (",
  });
  const list = await ask(flows.server, "GET", "/api/sessions/modes/list");
  const modes = list["modes"] as { id: string; config_schema: { properties: Record<string, unknown> } }[];
  assertEquals(modes.map(({ id }) => id), ["planning-control", "one-shot", "stats"]);
  assert("n" in (modes[2]?.config_schema.properties ?? {}));
  const problems = list["problems"] as { file: string; reason: string }[];
  assertEquals(problems.map(({ file }) => file), ["broken.ts"]);
  assertStringIncludes(flows.server.output(), "broken.ts");
  const refused = await send(flows.server, "POST", "/api/tasks", { task: "T", config: { mode: "stats", m: 1 } });
  assertEquals([refused.status, refused.text.includes("config.m")], [422, true]);
  const { session_id, run_id } = await startTask(flows.server, "T", { mode: "stats", n: 1 });
  const { result, error } = await flows.status(run_id, "completed", "failed");
  assertEquals([result, error], [{ mean: 3, unit: "ms" }, undefined]);
  const events = await allEvents(flows.server, session_id);
  assert(events.some(({ event_type, data }) => event_type === "phase_change" && data["phase"] === "counting"));
  assert(!JSON.stringify(events).includes(flows.folder), "no event names a path of the host");
});

Deno.test("[E-OWN2] a traceback names the author's own lines and nothing of the host", async () => {
  await using flows = await startFlows({
    "bad.ts": flow("bad", `await ctx.step("s", () => 1);\n    return deep(ctx);`, {
      top: `import { deep } from "./parts/deep.ts";`,
    }),
    "parts/deep.ts": `export function deep(_ctx: unknown): never {\n  throw new TypeError("no such thing");\n}\n`,
    "step.ts": flow("step", `return await ctx.step("explodes", () => { throw new Error("inside"); });`),
  });
  const bad = await startTask(flows.server, "T", { mode: "bad" });
  const { error } = await flows.status(bad.run_id, "failed");
  assertEquals(error?.type, "error");
  assertEquals(error?.traceback?.split("\n").map((line) => line.trim().replace(/^at (async )?\S+ \(/, "at (")), [
    "TypeError: no such thing",
    "at (parts/deep.ts:2:9)",
    "at (bad.ts:6:12)",
  ]);
  const step = await startTask(flows.server, "T", { mode: "step" });
  const failed = (await flows.status(step.run_id, "failed")).error;
  assertStringIncludes(failed?.traceback ?? "", "step.ts:5:");
  for (const trace of [error?.traceback, failed?.traceback]) {
    assert(!trace?.includes("file:") && !trace?.includes("workers/") && !trace?.includes(flows.folder), trace);
  }
});

Deno.test("[E-OWN3] the example runs as it stands: from the command line, from the browser's form, and a second night finds what has moved", async () => {
  await using flows = await startFlows({ "broken.ts": "export default (" });
  const examples = new URL("../../examples/workflows/", import.meta.url);
  for (const path of ["nightly_report.ts", "nightly/compare.ts", "nightly/measure.ts"]) {
    flows.write(path, await Deno.readTextFile(new URL(path, examples)));
  }
  const bearer = { authorization: `Bearer ${flows.server.token}` };
  const table = "day,price\nmon,10\ntue,20\n";
  const ended = await cli(flows.server, [
    "run",
    "Report",
    "--mode",
    "nightly-report",
    "--set",
    "recipient=Ada",
    "--json",
  ]);
  assertEquals(ended.code, 0, ended.out + ended.err);
  const page = await (await fetch(new URL("/new", flows.server.url), { headers: bearer })).text();
  for (const words of ["Nightly report", "broken.ts", "is no mode"]) assertStringIncludes(page, words);
  const form = new URLSearchParams({ mode: "nightly-report", task: "Report" });
  const posted = await fetch(new URL("/new", flows.server.url), {
    method: "POST",
    headers: { ...bearer, origin: new URL(flows.server.url).origin },
    body: form,
    redirect: "manual",
  });
  await posted.body?.cancel();
  const session_id = posted.headers.get("location")?.split("/").at(-1) ?? "";
  assertEquals(posted.status, 303);
  const first = `${
    ((await ask(flows.server, "GET", `/api/sessions/${session_id}/runs`))["runs"] as { run_id: string }[])[0]?.run_id
  }`;
  await flows.status(first, "waiting");
  const [who] = await flows.pending(session_id);
  await flows.resolve(who?.approval_id ?? "", { resolution: "answered", modifications: { answer: "Bob" } });
  assertEquals((await flows.status(first, "completed", "failed")).result, {
    recipient: "Bob",
    published: ["report-1.md"],
  });
  const upload = (text: string) =>
    fetch(new URL(`/api/sessions/${session_id}/files/mine.csv`, flows.server.url), {
      method: "PUT",
      headers: bearer,
      body: text,
    }).then((answer) => answer.body?.cancel());
  const config = { recipient: "Bob", tables: ["mine.csv", "none.csv"] };
  const again = async () =>
    `${(await ask(flows.server, "POST", `/api/sessions/${session_id}/runs`, { task: "Report", config }))["run_id"]}`;
  await upload(table);
  await flows.status(await again(), "completed", "failed");
  await upload(table.replace("20", "90"));
  const third = await again();
  await flows.status(third, "waiting");
  const [publish] = await flows.pending(session_id);
  assertStringIncludes(publish?.action ?? "", "1 means have moved");
  await flows.resolve(publish?.approval_id ?? "", { resolution: "approved" });
  await flows.status(third, "completed", "failed");
  const report = await fetch(new URL(`/api/sessions/${session_id}/files/report-1.md`, flows.server.url), {
    headers: bearer,
  });
  const text = await report.text();
  assertStringIncludes(text, "**mine.csv**: price moved from 15.00 to 50.00");
  assertStringIncludes(text, "not measured: none.csv");
});
