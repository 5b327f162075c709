// JSON Schemas of what authors give as zod schemas: the host and the browser check with them.
import { z } from "zod";
import type { JsonObject } from "../../lib/model/json.ts";
import { Failure } from "../sdk/failure.ts";

const known = new WeakMap<z.ZodType, JsonObject>();

/** JSON Schema of what may be put in. Throws Failure `bad_args` for what JSON cannot be. */
export function inputSchema(schema: z.ZodType, name: string): JsonObject {
  const made = known.get(schema);
  if (made !== undefined) return made;
  try {
    const json = JSON.parse(JSON.stringify(z.toJSONSchema(schema, { io: "input" }))) as JsonObject;
    known.set(schema, json);
    return json;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure("bad_args", `Cannot call "${name}": its schema has no JSON Schema: ${why}`);
  }
}

const answers = new WeakMap<z.ZodType, z.ZodType>();

/** JSON Schema of the modifications that answer a question: `{answer}`. */
export function answerSchema(schema: z.ZodType, name: string): JsonObject {
  const whole = answers.get(schema) ?? z.strictObject({ answer: schema });
  answers.set(schema, whole);
  return inputSchema(whole, name);
}
