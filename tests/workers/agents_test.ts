import { assertEquals } from "@std/assert";
import { aboutPlan } from "@/workers/agents/planning.ts";
import type { PlanStep } from "@/lib/model/plan.ts";

const step = (agent: PlanStep["agent"], asks = false): PlanStep => ({
  id: "s",
  title: "T",
  description: "",
  agent,
  ...(asks ? { asks } : {}),
});

Deno.test("[PLAN1] the question about a plan says who does it and where it asks again, not the plan once more", () => {
  assertEquals(aboutPlan({ steps: [step("engineer")] }), "The engineer does its step.");
  assertEquals(aboutPlan({ steps: [step("researcher"), step("researcher")] }), "The researcher does all of it.");
  assertEquals(
    aboutPlan({ steps: [step("engineer"), step("researcher", true), step("researcher", true)] }),
    "The engineer does 1 step, the researcher 2. It asks you again before step 2, 3.",
  );
});
