import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { z } from "zod";
import { complaint, configOf, type Field, fieldsOf, sketch } from "@/lib/client/schema_form.ts";
import { CommonConfig, commonConfig } from "@/lib/model/config.ts";
import { JsonObject } from "@/lib/model/json.ts";
import { readRunbook } from "@/lib/model/runbook.ts";
import { OneShotConfig } from "@/workers/modes/one_shot.ts";
import { PlanningControlConfig } from "@/workers/modes/planning_control.ts";

const jsonSchema = (schema: z.ZodType): JsonObject =>
  JsonObject.parse(JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io: "input" }))));
const fieldsOfZod = (schema: z.ZodType) => fieldsOf(jsonSchema(schema));
const one = (schema: z.ZodType): Field => {
  const [field] = fieldsOfZod(z.strictObject({ key: schema }));
  assert(field !== undefined);
  return field;
};

const Every = z.strictObject({
  approvalMode: z.enum(["after_planning", "none"]).default("after_planning").describe("When a person is asked"),
  depth: z.int().min(1).max(9).default(3),
  ratio: z.number().min(0).optional(),
  fast: z.boolean().default(true),
  note: z.string().default("x"),
  hosts: z.array(z.string()).default([]),
  level: z.literal([1, 2, 5]).default(2),
  apiKey: z.strictObject({ $secret: z.string() }).meta({ format: "secret" }).optional(),
  grants: z.strictObject({ read: z.array(z.string()), net: z.array(z.string()).describe("Hosts") }).optional(),
  shape: z.union([z.string(), z.number()]).optional(),
  table: z.array(z.number()).optional(),
});

Deno.test("[SF3] each kind of a zod schema becomes its field, in the order of the schema; what cannot be shown is left out", () => {
  const fields = fieldsOfZod(Every);
  assertEquals(fields.map((field) => [field.path, field.kind]), [
    ["approvalMode", "choice"],
    ["depth", "integer"],
    ["ratio", "number"],
    ["fast", "switch"],
    ["note", "text"],
    ["hosts", "lines"],
    ["level", "choice"],
    ["apiKey.$secret", "text"],
    ["grants.read", "lines"],
    ["grants.net", "lines"],
  ]);
  assertEquals(fields.map((field) => field.fallback), [
    "after_planning",
    3,
    undefined,
    true,
    "x",
    [],
    2,
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("[SF3] labels are words, help is the description, and what most people never touch stands behind more", () => {
  const byPath = new Map(fieldsOfZod(Every).map((field) => [field.path, field]));
  assertEquals(byPath.get("approvalMode")?.label, "Ask me before");
  assertEquals(byPath.get("approvalMode")?.help, "When a person is asked");
  assertEquals(byPath.get("grants.net")?.label, "Hosts it may reach");
  assertEquals(byPath.get("apiKey.$secret")?.label, "Api key");
  assertEquals(byPath.get("apiKey.$secret")?.help, "Name of a secret of the server");
  assertEquals(byPath.get("grants.read")?.more, true);
  assertEquals(byPath.get("depth")?.more, false);
  const odd = fieldsOfZod(z.strictObject({ nBestOfAll: z.string(), constructor: z.string(), "a.b": z.string() }));
  assertEquals(odd.map((field) => field.label), ["N best of all", "Constructor", "A.b"]);
});

Deno.test("[SF3] options say what they mean: the answers to Ask me before only there, all others as they are", () => {
  const options = (field: Field) => field.options.map((option) => [option.value, option.label]);
  const approvalMode = fieldsOfZod(Every)[0];
  assertEquals(approvalMode && options(approvalMode), [["after_planning", "The plan"], ["none", "Nothing"]]);
  assertEquals(options(one(z.enum(["none", "both", "gpt-4.1", "en-US", "two_words"]))), [
    ["none", "None"],
    ["both", "Both"],
    ["gpt-4.1", "Gpt-4.1"],
    ["en-US", "En-US"],
    ["two_words", "Two words"],
  ]);
});

Deno.test("[SF3] the modes that are built in can be set in every key but none is invented", () => {
  for (const schema of [OneShotConfig, PlanningControlConfig]) {
    const fields = fieldsOfZod(schema);
    const keys = new Set(fields.map((field) => field.keys[0]));
    assertEquals(keys, new Set(Object.keys(schema.shape)));
    assertEquals(new Set(fields.map((field) => field.path)).size, fields.length);
    assertEquals(configOf(fields, {}), {});
  }
});

Deno.test("[SF3] a schema that is none has no fields", () => {
  for (const schema of [{}, { properties: null }, { properties: [1] }, { properties: { a: true, b: 5 } }]) {
    assertEquals(fieldsOf(JsonObject.parse(schema)), []);
  }
});

Deno.test("[SF1] a config holds what differs from the defaults, as the types that the schema wants", () => {
  const fields = fieldsOfZod(Every);
  const texts = {
    approvalMode: "none",
    depth: "3",
    ratio: "0.5",
    fast: "false",
    note: "x",
    hosts: " a.org \n\n b.org",
    level: "5",
    "apiKey.$secret": "NAME",
    "grants.read": "",
    "grants.net": "h:1",
    unknown: "1",
  };
  const config = configOf(fields, texts);
  assertEquals(config, {
    approvalMode: "none",
    ratio: 0.5,
    fast: false,
    hosts: ["a.org", "b.org"],
    level: 5,
    apiKey: { $secret: "NAME" },
    grants: { net: ["h:1"] },
  });
  const { grants: _grants, ...rest } = config;
  assert(Every.safeParse(rest).success);
});

Deno.test("[SF1] the defaults themselves, typed or chosen, make an empty config", () => {
  const fields = fieldsOfZod(Every);
  const texts = { approvalMode: "after_planning", depth: "3", fast: "on", note: "x", level: "2", hosts: "\n \n" };
  assertEquals(configOf(fields, texts), {});
});

Deno.test("[SF1] any values of the common config come through the form as they were", () => {
  const fields = fieldsOf(jsonSchema(CommonConfig));
  const host = fc.stringMatching(/^[a-z]{1,8}\.org$/);
  const values = fc.record({
    runTimeout: fc.integer({ min: 1, max: 604_800 }),
    maxCostUsd: fc.double({ min: 0, max: 100_000, noNaN: true }).map((n) => Math.abs(n)),
    maxTokens: fc.integer({ min: 1, max: 1_000_000_000 }),
    net: fc.array(host, { minLength: 1, maxLength: 4 }),
  }, { requiredKeys: [] });
  fc.assert(
    fc.property(values, ({ net, ...rest }) => {
      const texts = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, `${value}`]));
      const config = configOf(fields, { ...texts, ...(net === undefined ? {} : { "grants.net": net.join("\n") }) });
      assertEquals(config, { ...rest, ...(net === undefined ? {} : { grants: { net } }) });
      assert(CommonConfig.safeParse(config).success);
      for (const field of fields) assertEquals(complaint(field, texts[field.path] ?? ""), null);
    }),
    { seed: 7 },
  );
});

Deno.test("[SF2] what is no number goes out as it was typed, so that the server names it", () => {
  const fields = fieldsOf(jsonSchema(CommonConfig));
  const config = configOf(fields, { runTimeout: "soon", maxCostUsd: "Infinity", maxTokens: "  " });
  assertEquals(config, { runTimeout: "soon", maxCostUsd: "Infinity" });
  assertEquals(configOf([one(z.literal([1, 2]))], { key: "3" }), { key: "3" });
});

Deno.test("[SF4] a number is complained about outside its bounds, with the bounds in the words", () => {
  const depth = one(z.int().min(1).max(9));
  for (const good of ["", "  ", "1", "9", "5.0", "1e0", " 3 "]) assertEquals(complaint(depth, good), null, good);
  for (const bad of ["0", "10", "2.5", "x", "1,5", "NaN", "Infinity", "-1"]) {
    assertEquals(complaint(depth, bad), "Give a whole number from 1 to 9.", bad);
  }
  assertEquals(complaint(one(z.number().max(2)), "2.1"), "Give a number to 2.");
  assertEquals(complaint(one(z.number()), "-1e300"), null);
  assertEquals(complaint(one(z.int()), "x"), "Give a whole number.");
  assertEquals(complaint(one(z.int().positive()), "0"), "Give a whole number from 1.");
  assertEquals(complaint(one(z.int().nonnegative()), "-1"), "Give a whole number from 0.");
  assertEquals(complaint(one(z.string()), "x"), null);
});

Deno.test("[SF4] complaint and schema agree about every integer", () => {
  const schema = commonConfig.runTimeout;
  const field = one(schema);
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.integer({ min: -3, max: 604_803 })), (n) => {
      assertEquals(complaint(field, `${n}`) === null, schema.safeParse(n).success);
    }),
    { seed: 7 },
  );
});

Deno.test("[SF5] a sketch counts steps, code and questions, and nothing of what stands in a fence or a comment", () => {
  const text = [
    "# Title",
    "## One",
    "> approve: go on?",
    "> ask: and what",
    "",
    "```ts",
    "## no step",
    "> ask: nothing",
    "```",
    "  ## Two",
    "   ~~~~ JavaScript title=x",
    "```",
    "## still code",
    "~~~~",
    "<!--",
    "## hidden",
    "-->",
    "### Three is deeper",
    "##No heading",
    "> a quote that says approve: no",
    "```json input=a.json",
    "{}",
    "```",
    "```tsx",
    "```",
  ];
  for (const end of ["\n", "\r\n"]) assertEquals(sketch(text.join(end)), { steps: 2, blocks: 2, asks: 2 });
  assertEquals(sketch(""), { steps: 0, blocks: 0, asks: 0 });
});

Deno.test("[SF5] a sketch counts what the runbook's own reader finds", () => {
  const line = fc.constantFrom(
    "## Step",
    "# Title",
    "text",
    "",
    "```ts",
    "```js x",
    "```",
    "~~~",
    "  ```typescript",
    "> approve: yes?",
    "> ask: what",
    "> said",
    "<!-- a",
    "-->",
    "1. item",
    "### deeper",
  );
  fc.assert(
    fc.property(fc.array(line, { size: "max", maxLength: 25 }), (lines) => {
      const text = `## First\n${lines.join("\n")}`;
      const items = readRunbook(text).steps.flatMap((step) => step.items);
      const found = sketch(text);
      assertEquals(found.blocks, items.filter((item) => item.kind === "code").length);
      assertEquals(found.asks, items.filter((item) => item.kind !== "code").length);
    }),
    { seed: 7 },
  );
});
