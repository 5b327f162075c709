import { assertEquals, assertObjectMatch } from "@std/assert";
import { Story } from "./support/story.ts";

const USAGE = { input_tokens: 100, output_tokens: 20, cached_input_tokens: 40 };
const cost = (cost_usd: number, key = "s1/turn") =>
  ({ type: "record_cost", key, agent: "engineer", model: "m-1", usage: USAGE, cost_usd }) as const;
const spending = (config: Record<string, number>): Story => {
  const story = new Story().running(config);
  story.group("s1");
  story.begin("s1/turn", { scope: "s1", kind: "model" });
  return story;
};

Deno.test("[ENG-B1] money and tokens are counted for run and session, and told with their sum and step", () => {
  const story = spending({});
  story.ok(story.sandbox, cost(0.25));
  assertEquals(story.heard(() => story.ok(story.sandbox, cost(0.5))), ["cost_update"]);
  assertObjectMatch(story.last("cost_update"), {
    cost_usd: 0.5,
    total_cost_usd: 0.75,
    step_id: "s1",
    input_tokens: 100,
  });
  assertObjectMatch(story.state.session?.cost ?? {}, { usd: 0.75, input_tokens: 200, cached_input_tokens: 80 });
  story.ok(story.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  story.start({ run_id: "run-2", start_digest: "s2" });
  assertEquals([story.state.run?.cost.usd, story.state.session?.cost.usd], [0, 0.75]);
});

Deno.test("[ENG-B2] at 80 % of a budget people are warned once", () => {
  const story = spending({ maxCostUsd: 1 });
  story.ok(story.sandbox, cost(0.79));
  assertEquals(story.heard(() => story.ok(story.sandbox, cost(0.02))), ["cost_update", "budget_warning"]);
  assertObjectMatch(story.last("budget_warning"), { limit: 1, unit: "usd" });
  assertEquals(story.heard(() => story.ok(story.sandbox, cost(0.02))), ["cost_update"]);
});

Deno.test("[ENG-B3] before the next model turn over a used budget its host is told to ask for more; all else goes on", () => {
  const story = spending({ maxTokens: 240 });
  assertEquals(story.ok(story.sandbox, cost(0)), { used_up: false });
  assertEquals(story.ok(story.sandbox, cost(0)), { used_up: true });
  story.end("s1/turn");
  assertEquals(story.begin("s1/next", { scope: "s1", kind: "model" }), { began: false, budget: true });
  assertEquals(story.state.entries.has("s1/next"), false);
  assertObjectMatch(story.begin("s1/code", { scope: "s1", kind: "exec" }) as object, { began: true });
});

Deno.test("[ENG-B4] a budget of nothing lets a model answer that costs nothing", () => {
  const story = spending({ maxCostUsd: 0 });
  assertEquals(story.ok(story.sandbox, cost(0)), { used_up: false });
  assertEquals(story.ok(story.sandbox, cost(0.01)), { used_up: true });
});
