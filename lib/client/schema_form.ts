// A mode's config schema as form fields, and a form's texts as a config: pure, the same on server and in the browser.
//
// Owns which kinds of JSON Schema can be shown: enum, boolean, integer, number, string, list of strings, and one level
// of objects of these (a secret is one: it is given by its name). Leaves the real check to the server; what is checked
// here is only what a person can see.
//   SF1. A config holds what differs from the defaults and nothing else.
//   SF2. What cannot be read as what its field wants goes out as it was typed: the server names it.
import type { Json, JsonObject } from "../model/json.ts";
import { pieces } from "../model/markdown_lines.ts";

/** One field of the form. `path` is the key, or `outer.inner`; `keys` are its parts. */
export interface Field {
  path: string;
  keys: readonly string[];
  label: string;
  help: string;
  kind: "choice" | "switch" | "integer" | "number" | "text" | "lines";
  /** `json` is the value that an option stands for. */
  options: { value: string; label: string; json: Json }[];
  fallback: Json | undefined;
  minimum?: number;
  maximum?: number;
  /** Hidden behind "more options". */
  more: boolean;
}

const LABELS: ReadonlyMap<string, string> = new Map(Object.entries({
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
}));
/** The answers to "Ask me before"; elsewhere the same words may mean something else. */
const ASKED: ReadonlyMap<string, string> = new Map(Object.entries({
  after_planning: "The plan",
  before_each_step: "Every step",
  before_step: "Every step",
  after_step: "What follows each step",
  both: "Before and after each step",
  on_error: "Only when something failed",
  none: "Nothing",
}));
/** Keys that most people never touch. */
const MORE = new Set(["maxRounds", "approvalTimeout", "maxTokens", "runTimeout", "grants.read", "grants.net", "model"]);

const object = (value: Json | undefined): JsonObject =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
/** A key in words: "nPlanReviews" is "N plan reviews". */
const words = (key: string) => capital(key.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase());

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

function fieldOf(keys: readonly string[], schema: JsonObject): Field | null {
  const kind = kindOf(schema);
  if (kind === null) return null;
  const path = keys.join(".");
  const values = Array.isArray(schema["enum"]) ? schema["enum"] : [];
  return {
    path,
    keys,
    label: typeof schema["title"] === "string" ? schema["title"] : LABELS.get(path) ?? words(keys.at(-1) ?? ""),
    help: typeof schema["description"] === "string" ? schema["description"] : "",
    kind,
    options: values.map((json) => ({ value: `${json}`, label: optionLabel(path, `${json}`), json })),
    fallback: schema["default"],
    ...bounds(schema),
    more: MORE.has(path),
  };
}

const optionLabel = (path: string, value: string) =>
  (path === "approvalMode" ? ASKED.get(value) : undefined) ?? capital(value.replaceAll("_", " "));

/** The field of a secret: its name, never its value. */
function secretOf(key: string, schema: JsonObject): Field | null {
  const field = fieldOf([key, "$secret"], { ...object(object(schema["properties"])["$secret"]), type: "string" });
  if (field === null) return null;
  const title = schema["title"], said = schema["description"];
  return {
    ...field,
    label: typeof title === "string" ? title : words(key),
    help: `${typeof said === "string" ? `${said}. ` : ""}Name of a secret of the server`,
  };
}

/** Bounds that a person would recognise; the largest safe integer is none. */
function bounds(schema: JsonObject): { minimum?: number; maximum?: number } {
  const { maximum, exclusiveMinimum } = schema;
  const above = schema["type"] === "integer" && typeof exclusiveMinimum === "number";
  const minimum = above ? Math.floor(exclusiveMinimum) + 1 : schema["minimum"];
  return {
    ...(typeof minimum === "number" && minimum > -Number.MAX_SAFE_INTEGER ? { minimum } : {}),
    ...(typeof maximum === "number" && maximum < Number.MAX_SAFE_INTEGER ? { maximum } : {}),
  };
}

/** The fields of a config schema in its order. */
export function fieldsOf(schema: JsonObject): Field[] {
  return Object.entries(object(schema["properties"])).flatMap(([key, value]) => {
    const outer = object(value);
    if (outer["format"] === "secret") return secretOf(key, outer) ?? [];
    const inner = Object.entries(object(outer["properties"]));
    return fieldOf([key], outer) ?? inner.flatMap(([name, one]) => fieldOf([key, name], object(one)) ?? []);
  });
}

/** What a field's text says is wrong, or null. */
export function complaint(field: Field, text: string): string | null {
  if (text.trim() === "" || (field.kind !== "integer" && field.kind !== "number")) return null;
  const value = Number(text);
  const whole = field.kind === "integer" ? "a whole number" : "a number";
  const low = field.minimum === undefined ? "" : ` from ${field.minimum}`;
  const high = field.maximum === undefined ? "" : ` to ${field.maximum}`;
  const wrong = !Number.isFinite(value) || (field.kind === "integer" && !Number.isInteger(value)) ||
    value < (field.minimum ?? -Infinity) || value > (field.maximum ?? Infinity);
  return wrong ? `Give ${whole}${low}${high}.` : null;
}

function valueOf(field: Field, text: string): Json | undefined {
  if (text === "") return undefined;
  switch (field.kind) {
    case "switch":
      return text === "true" || text === "on";
    case "choice":
      return field.options.find((one) => one.value === text)?.json ?? text;
    case "integer":
    case "number": {
      const value = Number(text);
      return text.trim() === "" ? undefined : Number.isFinite(value) ? value : text;
    }
    case "lines": {
      const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
      return lines.length === 0 ? undefined : lines;
    }
    case "text":
      return text;
    default:
      return field.kind satisfies never;
  }
}

/** The config that a form's texts say: only what differs from the defaults. */
export function configOf(fields: readonly Field[], texts: Readonly<Record<string, string>>): JsonObject {
  const config: JsonObject = {};
  for (const field of fields) {
    const text = Object.hasOwn(texts, field.path) ? texts[field.path] : undefined;
    const value = valueOf(field, text ?? "");
    if (value === undefined || JSON.stringify(value) === JSON.stringify(field.fallback)) continue;
    const [outer, inner] = field.keys;
    if (outer === undefined) continue;
    config[outer] = inner === undefined ? value : { ...object(config[outer]), [inner]: value };
  }
  return config;
}

/** What a runbook holds, for the line above the text: steps, code blocks, questions. */
export function sketch(text: string): { steps: number; blocks: number; asks: number } {
  const found = { steps: 0, blocks: 0, asks: 0 };
  for (const piece of pieces(text.split(/\r\n|\n|\r/))) {
    if (piece.type === "heading" && piece.level === 2) found.steps++;
    if (piece.type === "fence" && /^(ts|js|typescript|javascript)(\s|$)/i.test(piece.info)) found.blocks++;
    if (piece.type === "quote" && asks(piece.lines[0])) found.asks += piece.lines.filter(asks).length;
  }
  return found;
}

const asks = (line: string | undefined) => /^\s*(approve|ask)\s*:/i.test(line ?? "");
