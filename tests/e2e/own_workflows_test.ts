// Own workflows on a real server: listed, started from every door, run in their own processes.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { allEvents, ask, send, startTask } from "./support/api.ts";
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
