// Keys of the journal: scope path + name, `#2` for the second call of that name in its scope.
//
//   K1. Counts are per scope: what another branch calls does not change them.
//   K2. `#` and `/` of a name are escaped, so two different paths never give one key.
//   K3. A key over 256 bytes is replaced by `#` and its SHA-256; no escaped name begins with `#`.
import { sha256 } from "./sha256.ts";

const MAX_KEY_BYTES = 256;
const encoder = new TextEncoder();

/** Escapes what has a meaning in keys. */
export function escapeName(name: string): string {
  return name.replace(/[%#/]/g, (c) => c === "%" ? "%25" : c === "#" ? "%23" : "%2F");
}

/** Key of the `count`th call of `name` in a scope. */
export function keyOf(scope: string, name: string, count: number): string {
  const own = escapeName(name) + (count > 1 ? `#${count}` : "");
  const key = scope === "" ? own : `${scope}/${own}`;
  if (key.length * 3 <= MAX_KEY_BYTES || encoder.encode(key).length <= MAX_KEY_BYTES) return key;
  return `#${sha256(key)}`;
}
