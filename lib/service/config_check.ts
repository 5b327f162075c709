// Checks the config of a session or run against its mode's schema, without ever loading the mode's code.
//
// The schema is what the sandbox described, as JSON Schema, with the keys of every mode beside it. Unknown keys are named.
//   K1. What is stored is what was given: defaults are filled in by the workflow's own schema, inside the sandbox.
//   K2. A field of format `secret` takes only {"$secret": NAME} of a secret that the server has; a literal is refused.
import * as z from "zod";
import { CommonConfig } from "../model/config.ts";
import { AppError } from "../model/error.ts";
import { type Json, JsonObject } from "../model/json.ts";

/** Checks configs of one mode. */
export interface ConfigCheck {
  /** The JSON Schema with the keys of every mode: what clients see. */
  readonly schema: JsonObject;
  /** Throws AppError `invalid` with paths; `lenient` drops unknown top-level keys and names them. */
  check(config: JsonObject, options: { lenient: boolean }): { config: JsonObject; ignored: string[] };
}

/** More complaints than this help nobody. */
const MAX_ERRORS = 100;
const COMMON = JsonObject.parse(JSON.parse(JSON.stringify(z.toJSONSchema(CommonConfig, { io: "input" }))));

/** Makes the check of a mode from the schema that it described; `secrets` are the names that the server has. */
export function createConfigCheck(described: JsonObject, secrets: ReadonlySet<string>): ConfigCheck {
  const schema = withCommon(described);
  const parser = z.fromJSONSchema(schema);
  const known = new Set(Object.keys(propertiesOf(schema)));
  return {
    schema,
    check(config, { lenient }) {
      const ignored = lenient ? Object.keys(config).filter((key) => !known.has(key)) : [];
      const kept = Object.fromEntries(Object.entries(config).filter(([key]) => !ignored.includes(key)));
      const parsed = parser.safeParse(kept);
      const errors = parsed.success ? [] : parsed.error.issues.flatMap(describeIssue);
      errors.push(...checkSecrets(schema, kept, { path: "config", secrets }));
      if (errors.length > 0) {
        errors.length = Math.min(errors.length, MAX_ERRORS);
        const named = errors.map((one) => `${one.path}: ${one.message}`).join("; ");
        throw new AppError("invalid", `Cannot use this config: ${named}`, { errors });
      }
      return { config: kept, ignored };
    },
  };
}

function propertiesOf(schema: JsonObject): JsonObject {
  const properties = schema["properties"];
  return isObject(properties) ? properties : {};
}

/** The mode's own description of a key wins over the common one. */
function withCommon(described: JsonObject): JsonObject {
  return { ...described, properties: { ...propertiesOf(COMMON), ...propertiesOf(described) } };
}

function describeIssue(issue: z.core.$ZodIssue): { path: string; message: string }[] {
  const at = ["config", ...issue.path.map(String)];
  if (issue.code !== "unrecognized_keys") return [{ path: at.join("."), message: issue.message }];
  return issue.keys.map((key) => ({ path: [...at, key].join("."), message: "Unknown key" }));
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Walks schema and value together and checks that each named secret exists. */
function checkSecrets(
  schema: JsonObject,
  value: Json | undefined,
  at: { path: string; secrets: ReadonlySet<string> },
): { path: string; message: string }[] {
  if (value === undefined) return [];
  if (schema["format"] === "secret") return checkSecret(value, at);
  if (Array.isArray(value)) {
    const items = schema["items"];
    if (!isObject(items)) return [];
    return value.flatMap((item, i) => checkSecrets(items, item, { ...at, path: `${at.path}.${i}` }));
  }
  if (!isObject(value)) return [];
  return Object.entries(propertiesOf(schema)).flatMap(([key, sub]) =>
    isObject(sub) ? checkSecrets(sub, value[key], { ...at, path: `${at.path}.${key}` }) : []
  );
}

function checkSecret(
  value: Json,
  at: { path: string; secrets: ReadonlySet<string> },
): { path: string; message: string }[] {
  const name = isObject(value) && Object.keys(value).length === 1 ? value["$secret"] : undefined;
  if (typeof name !== "string") {
    return [{ path: at.path, message: 'A secret is given by name only: {"$secret": "NAME"}' }];
  }
  if (at.secrets.has(name)) return [];
  return [{ path: at.path, message: `The server has no secret ${name}: set HOLDFAST_SECRET_${name}` }];
}

/** Names of the secrets that a config of this schema may ask for, for the grants that are shown before the start. */
export function secretFields(schema: JsonObject, prefix = ""): string[] {
  return Object.entries(propertiesOf(schema)).flatMap(([key, sub]) => {
    if (!isObject(sub)) return [];
    return sub["format"] === "secret" ? [prefix + key] : secretFields(sub, `${prefix}${key}.`);
  });
}
