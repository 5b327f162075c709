// A small host for tests: it starts sandboxes, runs one block that never ends, and says so. The test kills it.
import { createSandboxes } from "@/lib/sandbox/sandboxes.ts";
import type { Isolation } from "@/lib/service/ports.ts";
import { clock, ids, PROJECT, spec, TEMPLATES } from "../sandbox/support.ts";

const [data_dir = "", level = "limits", code = "for (;;);"] = Deno.args;
const say = (text: string) => void Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));
const known = (value: string): Isolation => value === "bwrap" || value === "plain" ? value : "limits";

const sandboxes = await createSandboxes({
  ...{ project_root: PROJECT, data_dir, isolation: known(level), warm: 1, memory_mb: 512, deno: Deno.execPath() },
  ...{ clock, ids, templates_dir: TEMPLATES, workflow_program: `${PROJECT}/tests/sandbox/fixtures/flow.ts` },
});
await sandboxes.probe();
const sandbox = await sandboxes.start({ frame: () => say("flow"), output: () => {} }, spec("").limits);
const run = {
  run_id: "r",
  session_id: "s",
  workflow: "w",
  task: "spin",
  config: {},
  attempt: 1,
  created_ms: 0,
  history: [],
};
sandbox.send({ type: "start", run: { ...run, memory: {} }, scopes: [] });
const executor = sandboxes.executor(crypto.randomUUID());
const result = await executor.run(
  spec(code, { timeout_s: 60 }),
  (lines) => say(lines.map((line) => line.message).join("\n")),
  new AbortController().signal,
);
say(JSON.stringify(result));
await executor.close();
await sandboxes.close();
