// JSON Schemas of what the host's tools take: what a person may write in the place of a call's arguments.
import * as z from "zod";
import { JsonObject } from "../../model/json.ts";
import { ToolArgs } from "../../protocol/sandbox.ts";

const made = new Map<string, JsonObject>();

/** The schema of a tool's arguments, without its name. */
export function toolSchema(tool: ToolArgs["tool"]): JsonObject {
  const known = made.get(tool);
  if (known !== undefined) return known;
  const option = ToolArgs.options.find((one) => one.shape.tool.value === tool);
  const whole = JsonObject.parse(
    JSON.parse(JSON.stringify(option === undefined ? {} : z.toJSONSchema(option, { io: "input" }))),
  );
  const { tool: _tool, ...properties } = JsonObject.parse(whole["properties"] ?? {});
  const required = Array.isArray(whole["required"]) ? whole["required"].filter((name) => name !== "tool") : [];
  const schema: JsonObject = { ...whole, properties, required };
  made.set(tool, schema);
  return schema;
}
