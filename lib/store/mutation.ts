// Rows and the bytes in them: what a commit writes, before it is sent.
//
// Every value is UTF-8 JSON in a Uint8Array: its size is known exactly before sending, it costs less than V8's
// serializer, and a character above U+00FF does not double it. Reading goes through a schema, always.
import type { z } from "zod";

/** A key of the store. */
export type Key = Deno.KvKey;
/** What a read of one key gives: value and versionstamp are null where it is absent. */
export type Entry = Deno.KvEntryMaybe<unknown>;
/** One change of one row. */
export type Mutation =
  | {
    readonly type: "set";
    readonly key: Key;
    readonly value: Uint8Array;
    /** When the store may drop it, up to a minute late: for tidiness only, never a deadline. */
    readonly expire_ms?: number;
  }
  | { readonly type: "delete"; readonly key: Key };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes a plain value as the bytes of a row. */
export function encodeRow(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** Sets a row to a plain value. */
export function setRow(key: Key, value: unknown, options: { expire_ms?: number } = {}): Mutation {
  return { type: "set", key, value: encodeRow(value), ...options };
}

/** What of an atomic operation takes rows. */
interface Writes {
  set(key: Key, value: unknown, options?: { expireIn?: number }): unknown;
  delete(key: Key): unknown;
}

/** Adds a change to an atomic. */
export function addTo(op: Writes, row: Mutation): void {
  if (row.type === "delete") op.delete(row.key);
  else if (row.expire_ms === undefined) op.set(row.key, row.value);
  else op.set(row.key, row.value, { expireIn: row.expire_ms });
}

/** Removes a row. */
export function deleteRow(key: Key): Mutation {
  return { type: "delete", key };
}

/** Decodes the bytes of a row by its schema; null where the row is absent. Throws ZodError on a foreign row. */
export function decodeRow<T>(schema: z.ZodType<T>, entry: { readonly value: unknown }): T | null {
  if (entry.value === null || entry.value === undefined) return null;
  if (!(entry.value instanceof Uint8Array)) throw new TypeError("Cannot read a row: it does not hold bytes");
  return schema.parse(JSON.parse(decoder.decode(entry.value)));
}

/** The same key as a string, equal exactly when the keys are equal (every part carries its length). */
export function keyId(key: Key): string {
  let id = "";
  for (const part of key) {
    const text = part instanceof Uint8Array ? part.join() : String(part);
    id += `${part instanceof Uint8Array ? "u" : (typeof part)[0]}${text.length}:${text}`;
  }
  return id;
}
