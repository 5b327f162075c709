// A mode's config schema as form fields, and a form's texts as a config: pure, the same on server and in the browser.
//
// Owns which kinds of JSON Schema can be shown: enum, boolean, integer, number, string, list of strings, and one level
// of objects of these. Leaves the real check to the server; what is checked here is only what a person can see.
import type { Json, JsonObject } from "../model/json.ts";

/** One field of the form. `path` is the key, or `outer.inner`. */
export interface Field {
  path: string;
  label: string;
  help: string;
  kind: "choice" | "switch" | "integer" | "number" | "text" | "lines";
  options: { value: string; label: string }[];
  fallback: Json | undefined;
  minimum?: number;
  maximum?: number;
  /** Hidden behind "more options". */
  more: boolean;
}

const LABELS: Record<string, string> = {
  approvalMode: "Ask me before",
  maxPlanSteps: "Most steps",
  nPlanReviews: "Plan reviews",
  maxAttempts: "Attempts per step",
  maxRounds: "Rounds at most",
  maxTurns: "Turns at most",
  runTimeout: "Time limit, seconds",
  approvalTimeout: "Wait for me, seconds",
  maxCostUsd: "Money limit, US dollars",
  maxTokens: "Token limit",
  "grants.read": "Folders it may also read",
  "grants.net": "Hosts it may reach",
};
const CHOICES: Record<string, string> = {
  after_planning: "The plan",
  before_each_step: "Every step",
  before_step: "Every step",
  after_step: "What follows each step",
  both: "Before and after each step",
  on_error: "Only when something failed",
  none: "Nothing",
};
/** Keys that most people never touch. */
const MORE = new Set(["maxRounds", "approvalTimeout", "maxTokens", "runTimeout", "grants.read", "grants.net", "model"]);

const object = (value: Json | undefined): JsonObject =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
const words = (key: string) => {
  const text = key.replace(/.*\./, "").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
};

function kindOf(schema: JsonObject): Field["kind"] | null {
  if (Array.isArray(schema["enum"])) return "choice";
  switch (schema["type"]) {
    case "boolean":
      return "switch";
    case "integer":
      return "integer";
    case "number":
      return "number";
    case "string":
      return "text";
    case "array":
      return object(schema["items"])["type"] === "string" ? "lines" : null;
    default:
      return null;
  }
}

function fieldOf(path: string, schema: JsonObject): Field | null {
  const kind = kindOf(schema);
  if (kind === null) return null;
  const values = Array.isArray(schema["enum"]) ? schema["enum"] : [];
  return {
    path,
    label: typeof schema["title"] === "string" ? schema["title"] : LABELS[path] ?? words(path),
    help: typeof schema["description"] === "string" ? schema["description"] : "",
    kind,
    options: values.map((value) => ({
      value: `${value}`,
      label: CHOICES[`${value}`] ?? words(`${value}`.replaceAll("_", " ")),
    })),
    fallback: schema["default"],
    ...bounds(schema),
    more: MORE.has(path),
  };
}

/** Bounds that a person would recognise; the largest safe integer is none. */
function bounds(schema: JsonObject): { minimum?: number; maximum?: number } {
  const { minimum, maximum } = schema;
  return {
    ...(typeof minimum === "number" && minimum > -Number.MAX_SAFE_INTEGER ? { minimum } : {}),
    ...(typeof maximum === "number" && maximum < Number.MAX_SAFE_INTEGER ? { maximum } : {}),
  };
}

/** The fields of a config schema in its order. */
export function fieldsOf(schema: JsonObject): Field[] {
  const fields: Field[] = [];
  for (const [key, value] of Object.entries(object(schema["properties"]))) {
    const inner = object(value);
    const field = fieldOf(key, inner);
    if (field !== null) fields.push(field);
    else {for (const [name, nested] of Object.entries(object(inner["properties"]))) {
        const one = fieldOf(`${key}.${name}`, object(nested));
        if (one !== null) fields.push(one);
      }}
  }
  return fields;
}

/** What a field's text says is wrong, or null. */
export function complaint(field: Field, text: string): string | null {
  if (text === "" || (field.kind !== "integer" && field.kind !== "number")) return null;
  const value = Number(text);
  const whole = field.kind === "integer" ? "a whole number" : "a number";
  const low = field.minimum === undefined ? "" : ` from ${field.minimum}`;
  const high = field.maximum === undefined ? "" : ` to ${field.maximum}`;
  const wrong = Number.isNaN(value) || (field.kind === "integer" && !Number.isInteger(value)) ||
    value < (field.minimum ?? -Infinity) || value > (field.maximum ?? Infinity);
  return wrong ? `Give ${whole}${low}${high}.` : null;
}

function valueOf(field: Field, text: string): Json | undefined {
  if (text === "") return undefined;
  switch (field.kind) {
    case "switch":
      return text === "true" || text === "on";
    case "integer":
    case "number":
      return Number(text);
    case "lines": {
      const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
      return lines.length === 0 ? undefined : lines;
    }
    default:
      return text;
  }
}

/** The config that a form's texts say: only what differs from the defaults. */
export function configOf(fields: readonly Field[], texts: Readonly<Record<string, string>>): JsonObject {
  const config: JsonObject = {};
  for (const field of fields) {
    const value = valueOf(field, texts[field.path] ?? "");
    if (value === undefined || JSON.stringify(value) === JSON.stringify(field.fallback)) continue;
    const [outer, inner] = field.path.split(".");
    if (outer === undefined) continue;
    if (inner === undefined) config[outer] = value;
    else config[outer] = { ...object(config[outer]), [inner]: value };
  }
  return config;
}

/** What a runbook holds, for the line above the text: steps, code blocks, questions. */
export function sketch(text: string): { steps: number; blocks: number; asks: number } {
  let fence = "";
  const found = { steps: 0, blocks: 0, asks: 0 };
  for (const line of text.split("\n")) {
    const mark = /^\s{0,3}(`{3,}|~{3,})\s*(\w*)/.exec(line);
    if (fence !== "") {
      if (mark?.[1]?.startsWith(fence) && mark[2] === "") fence = "";
      continue;
    }
    if (mark !== null) {
      fence = mark[1] ?? "";
      if (/^(ts|js|typescript|javascript)$/.test(mark[2] ?? "")) found.blocks++;
    } else if (/^##\s+\S/.test(line)) found.steps++;
    else if (/^>\s*(approve|ask):/i.test(line)) found.asks++;
  }
  return found;
}
