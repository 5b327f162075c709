// JSON that stays true: what crosses a door equals what the code had, or is refused.
//
// Owns the exact copy, its size limit and the canonical form that digests are made of.
import type { Json } from "../../lib/model/json.ts";
import { Failure } from "../sdk/failure.ts";
import { sha256 } from "./sha256.ts";

/** Largest result or arguments of a leaf, bytes of UTF-8. */
export const MAX_VALUE_BYTES = 1_000_000;

/** Deepest nesting of a value: the host reads no deeper, and a run must not end for what one call could refuse. */
const MAX_DEPTH = 150;

/** Path of the first part that JSON would change, or that is nested too deep, or null. */
function changed(value: unknown, path: string, depth = 0): string | null {
  if (value === null || typeof value === "string" || typeof value === "boolean") return null;
  if (typeof value === "number") return Number.isFinite(value) ? null : path;
  if (typeof value !== "object" || depth === MAX_DEPTH) return path;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = changed(value[i], `${path}[${i}]`, depth + 1);
      if (found !== null) return found;
    }
    return null;
  }
  const proto = Object.getPrototypeOf(value);
  if (proto !== null && proto !== Object.prototype) return path;
  if ("toJSON" in value) return path;
  for (const [key, part] of Object.entries(value)) {
    // A property that is undefined is dropped by JSON, and reads the same before and after.
    const found = part === undefined ? null : changed(part, path === "" ? key : `${path}.${key}`, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

const bytesOf = (text: string) => text.length * 3 <= MAX_VALUE_BYTES ? 0 : new TextEncoder().encode(text).length;

/** Copies a value by JSON; undefined becomes null. Throws Failure `not_json` or `too_large`. */
export function exactJson(value: unknown, what: string): Json {
  if (value === undefined) return null;
  let text: string | undefined;
  let where: string | null = "";
  try {
    text = JSON.stringify(value);
    if (text !== undefined) where = changed(value, "");
  } catch {
    // A cycle, a bigint, a getter that throws: not JSON.
  }
  if (text === undefined || where !== null) {
    const part = where === null || where === "" ? "" : ` at "${where.slice(0, 200)}"`;
    throw new Failure("not_json", `Cannot store ${what}: JSON would change it${part}, or it is nested too deep`);
  }
  const bytes = bytesOf(text);
  if (bytes > MAX_VALUE_BYTES) {
    throw new Failure("too_large", `Cannot store ${what}: ${bytes} bytes, at most ${MAX_VALUE_BYTES}; use a file`);
  }
  return JSON.parse(text) as Json;
}

/** Copies arguments by JSON and keeps their type: what JSON drops was optional. */
export function exactCopy<T extends object>(value: T, what: string): T {
  return exactJson(value, what) as T;
}

/** One text for equal values: keys in order. */
export function canonical(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const parts = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`);
  return `{${parts.join(",")}}`;
}

/** SHA-256 of the canonical form. */
export function digestOf(value: Json): string {
  return sha256(canonical(value));
}
