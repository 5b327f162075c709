// Editing the arguments of a tool's call before it is approved: pure operations on a draft of texts.
//
//   AE1. Each argument that the schema names is one field; a text stands as it is, everything else as JSON.
//   AE2. What is sent holds exactly the filled fields; an emptied one that is not required is left out.
import type { Json, JsonObject } from "../model/json.ts";

/** One argument. */
export interface ArgField {
  readonly name: string;
  readonly required: boolean;
  /** Whether it is a text; else its JSON is edited. */
  readonly text: boolean;
  readonly original: string;
  readonly value: string;
}
/** Arguments being edited. */
export interface ArgsDraft {
  readonly fields: readonly ArgField[];
}

/** Reads the arguments of an approval's subject; null when it is no call with a schema. */
export function argsDraftOf(subject: Json, schema: JsonObject | undefined): ArgsDraft | null {
  const args = isObject(subject) ? subject["args"] : undefined;
  const properties = schema?.["properties"];
  if (!isObject(args) || !isObject(properties)) return null;
  const required = Array.isArray(schema?.["required"]) ? schema["required"] : [];
  const fields = Object.entries(properties).map(([name, shape]) => {
    const text = isObject(shape) && shape["type"] === "string";
    const original = written(args[name], text);
    return { name, required: required.includes(name), text, original, value: original };
  });
  return fields.length === 0 ? null : { fields };
}

/** Changes one argument. */
export function editArg(draft: ArgsDraft, name: string, value: string): ArgsDraft {
  return { fields: draft.fields.map((field) => field.name === name ? { ...field, value } : field) };
}

/** How many arguments are other than they were asked. */
export function changedArgs(draft: ArgsDraft): number {
  return draft.fields.filter((field) => field.value !== field.original).length;
}

/** Why the arguments cannot be sent; null when they can. */
export function argsComplaint(draft: ArgsDraft): string | null {
  for (const { name, required, text, value } of draft.fields) {
    if (value === "" && required && !text) return `"${name}" is needed`;
    if (value !== "" && !text && parsed(value) === undefined) return `"${name}" is not JSON`;
  }
  return null;
}

/** The arguments as they are sent. */
export function argsOf(draft: ArgsDraft): JsonObject {
  const entries = draft.fields.flatMap(({ name, required, text, value }): [string, Json][] => {
    if (value === "" && !required) return [];
    return [[name, text ? value : parsed(value) ?? null]];
  });
  return Object.fromEntries(entries);
}

function written(value: Json | undefined, text: boolean): string {
  if (value === undefined) return "";
  return text && typeof value === "string" ? value : JSON.stringify(value);
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
