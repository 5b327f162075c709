// Whether a model's answer is what was asked: JSON that satisfies the schema, calls of tools that exist with arguments
// that fit. What does not fit comes back as a sentence that the model can mend its answer by.
import * as z from "zod";
import type { Json, JsonObject } from "../model/json.ts";
import type { ModelArgs, ModelResult } from "../protocol/sandbox.ts";
import { FailureError } from "./failure.ts";
import type { Reply } from "./request.ts";

/** An answer that fits, or why it does not. */
export type Checked =
  | { ok: true; output: Json; calls: ModelResult["calls"] }
  | { ok: false; why: string };

type Read = { ok: true; value: unknown } | { ok: false; why: string };

function parse(text: string): Read {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : "it cannot be parsed" };
  }
}

/** Reads the JSON of an answer, also out of a fence or with words around it: many models cannot leave them out. */
export function readJson(text: string): Read {
  const whole = parse(text.trim());
  if (whole.ok) return whole;
  const opening = text.indexOf("```");
  const body = opening < 0 ? "" : text.slice(text.indexOf("\n", opening) + 1);
  const fenced = parse(body.slice(0, Math.max(0, body.lastIndexOf("```"))));
  if (fenced.ok) return fenced;
  const start = text.search(/[{[]/);
  const end = Math.max(text.lastIndexOf("}"), text.lastIndexOf("]"));
  const inner = start < 0 || end < start ? undefined : parse(text.slice(start, end + 1));
  return inner?.ok ? inner : whole;
}

/** Makes the check of a schema; a schema that cannot be one is the caller's error, not the model's. */
export function schemaOf(schema: JsonObject): z.ZodType {
  try {
    return z.fromJSONSchema(schema);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FailureError("bad_output", `Cannot use the schema of the answer: ${why}`);
  }
}

function issues(error: z.ZodError): string {
  return error.issues.slice(0, 5).map((i) => `${i.path.join(".") || "the value"}: ${i.message}`).join("; ");
}

const AnyJson = z.json();

/** Checks a value against a schema and that it is JSON. */
function fit(value: unknown, schema: z.ZodType): { ok: true; value: Json } | { ok: false; why: string } {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return { ok: false, why: issues(parsed.error) };
  const json = AnyJson.safeParse(parsed.data);
  return json.success ? { ok: true, value: json.data } : { ok: false, why: "it is not JSON" };
}

type Calls = { ok: true; calls: ModelResult["calls"] } | { ok: false; why: string };

function checkCalls(reply: Reply, tools: NonNullable<ModelArgs["tools"]>): Calls {
  const calls: ModelResult["calls"] = [];
  for (const call of reply.calls) {
    const tool = tools.find(({ name }) => name === call.name);
    if (!tool) return { ok: false, why: `There is no tool "${call.name}"` };
    const read = parse(call.args.trim() === "" ? "{}" : call.args);
    if (!read.ok) return { ok: false, why: `The arguments of "${call.name}" are not JSON: ${read.why}` };
    const fits = fit(read.value, schemaOf(tool.input_schema));
    if (!fits.ok) return { ok: false, why: `The arguments of "${call.name}" do not fit its schema: ${fits.why}` };
    calls.push({ id: call.id, name: call.name, args: fits.value });
  }
  return { ok: true, calls };
}

/** Checks an answer against what was asked. A model that calls tools need not have given its answer yet. */
export function checkAnswer(
  reply: Reply,
  asked: { output: JsonObject | null; tools: NonNullable<ModelArgs["tools"]> },
): Checked {
  const called = checkCalls(reply, asked.tools);
  if (!called.ok) return called;
  if (asked.output === null || called.calls.length > 0) return { ok: true, output: null, calls: called.calls };
  const read = readJson(reply.text);
  const cut = reply.finish === "length" ? " (it was cut off at the length limit: answer shorter)" : "";
  if (!read.ok) return { ok: false, why: `It is not JSON${cut}: ${read.why}` };
  const fits = fit(read.value, schemaOf(asked.output));
  if (!fits.ok) return { ok: false, why: `It does not satisfy the schema${cut}: ${fits.why}` };
  return { ok: true, output: fits.value, calls: [] };
}
