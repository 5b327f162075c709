// SHA-256 over values, the same for everyone who means the same: keys in order, no spaces.
import type { Json } from "../model/json.ts";
import { sha256 } from "../store/digest.ts";

/** The one way to write a value: keys sorted at every depth. */
export function canonical(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const pairs = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`);
  return `{${pairs.join(",")}}`;
}

/** SHA-256 of the one way to write a value, lower-case hex. */
export function digestOf(value: Json): string {
  return sha256(canonical(value));
}
