import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { MODES } from "@/workers/modes/mod.ts";

const COMMON = ["runTimeout", "approvalTimeout", "maxCostUsd", "maxTokens", "grants"];
const Schema = z.looseObject({
  additionalProperties: z.literal(false),
  properties: z.record(
    z.string(),
    z.looseObject({ description: z.string().optional(), default: z.unknown().optional() }),
  ),
});

Deno.test("[MODE1] the modes have ids of their own and say when they ask", () => {
  assertEquals(MODES.map(({ id }) => id), ["planning-control", "one-shot"]);
  for (const { label, description, asks } of MODES) {
    assert(label.length > 0 && description.length > 20 && asks.length > 0);
  }
});

Deno.test("[MODE2] configs are strict, take the keys of every mode, and every key says what it is", () => {
  for (const { id, config } of MODES) {
    const { properties } = Schema.parse(z.toJSONSchema(config, { io: "input" }));
    for (const key of COMMON) assert(key in properties, `${id}: ${key}`);
    for (const [key, { description }] of Object.entries(properties)) {
      assert(description !== undefined && description.length > 15, `${id}: ${key}`);
    }
    assert(!config.safeParse({ unheardOf: 1 }).success);
    assert(config.safeParse({}).success);
  }
});

Deno.test("[MODE3] the defaults are those of the wire contract", () => {
  const [planning, shot] = MODES.map(({ config }) => config.parse({}));
  const { approvalMode, maxRounds, maxAttempts, maxPlanSteps, nPlanReviews } = planning ?? {};
  assertEquals([approvalMode, maxRounds, maxAttempts, maxPlanSteps, nPlanReviews], ["after_planning", 25, 3, 8, 1]);
  assertEquals([shot?.maxRounds, shot?.maxAttempts], [25, 3]);
});
