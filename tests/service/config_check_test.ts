import { z } from "zod";
import { assertEquals, assertThrows } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { JsonObject } from "@/lib/model/json.ts";
import { createConfigCheck, secretFields } from "@/lib/service/config_check.ts";

const schemaOf = (schema: z.ZodType): JsonObject =>
  JsonObject.parse(JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io: "input" }))));
const mode = schemaOf(z.strictObject({
  approvalMode: z.enum(["after_planning", "none"]).default("after_planning"),
  maxRounds: z.int().min(1).max(100).default(25),
  login: z.strictObject({ $secret: z.string() }).meta({ format: "secret" }).optional(),
  inner: z.strictObject({ name: z.string() }).optional(),
}));
const check = createConfigCheck(mode, new Set(["GITHUB"]));
const errors = (config: JsonObject) =>
  assertThrows(() => check.check(config, { lenient: false }), AppError).details.errors;

Deno.test("[CFG1] a config that fits is kept as it was given, without defaults", () => {
  assertEquals(check.check({ maxRounds: 3, runTimeout: 60 }, { lenient: false }), {
    config: { maxRounds: 3, runTimeout: 60 },
    ignored: [],
  });
});

Deno.test("[CFG2] unknown keys are refused by name, at every depth", () => {
  assertEquals(errors({ maxRound: 3, inner: { name: "a", more: 1 } }), [
    { path: "config.inner.more", message: "Unknown key" },
    { path: "config.maxRound", message: "Unknown key" },
  ]);
});

Deno.test("[CFG3] a lenient check drops unknown top-level keys and names them", () => {
  assertEquals(check.check({ maxRounds: 3, model: "x" }, { lenient: true }), {
    config: { maxRounds: 3 },
    ignored: ["model"],
  });
});

Deno.test("[CFG4] a wrong value is named by its path", () => {
  assertEquals(errors({ maxRounds: 1000, inner: { name: 1 } })?.map((one) => one.path), [
    "config.maxRounds",
    "config.inner.name",
  ]);
});

Deno.test("[CFG5] a secret is given by a name that the server has; a literal is refused and not shown", () => {
  assertEquals(check.check({ login: { $secret: "GITHUB" } }, { lenient: false }).ignored, []);
  assertEquals(errors({ login: { $secret: "OTHER" } })?.map((one) => one.path), ["config.login"]);
  const literal = errors({ login: "hunter2" });
  assertEquals(literal?.some((one) => one.message.includes("by name only")), true);
  assertEquals(JSON.stringify(literal).includes("hunter2"), false);
});

Deno.test("[CFG6] the keys of every mode stand in the schema that clients see", () => {
  const properties = Object.keys(JsonObject.parse(check.schema["properties"]));
  for (const key of ["approvalMode", "runTimeout", "approvalTimeout", "maxCostUsd", "maxTokens", "grants"]) {
    assertEquals(properties.includes(key), true, key);
  }
  assertEquals(secretFields(check.schema), ["login"]);
});

Deno.test("[CFG7] a config may be wrong in a thousand places: a hundred are named", () => {
  const config = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`key${n}`, n]));
  assertEquals(errors(config)?.length, 100);
});
