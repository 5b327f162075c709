// What is too large for its line or record goes to blobs of the session, the largest first, until it fits.
//
//   P1. The blob holds the value byte for byte: text as text, anything else (and text that UTF-8 cannot hold) as JSON.
//   P2. Its name is the SHA-256 of its bytes: spilling the same value again writes the same rows.
import type { BlobRef, Json } from "../../model/json.ts";
import { sha256 } from "../digest.ts";
import { keys } from "../keys.ts";
import { encodeRow, type Mutation } from "../mutation.ts";
import { MAX_VALUE_BYTES } from "./sizes.ts";

/** Bytes that stand behind a reference. */
export interface BlobDraft {
  readonly digest: string;
  readonly bytes: Uint8Array;
  readonly media_type: string;
}

/** Characters of a value that stay beside its reference. */
export const PREVIEW_CHARACTERS = 1000;
/** A field below this would not get smaller by a reference to it (its preview alone may be as large). */
export const SMALLEST_SPILL_BYTES = 2000;

const encoder = new TextEncoder();

/** Puts one value into a blob. */
export function toBlob(value: Json): { ref: BlobRef; blob: BlobDraft } {
  const asText = typeof value === "string" && value.isWellFormed();
  const text = asText ? value : JSON.stringify(value);
  const bytes = encoder.encode(text);
  const media_type = asText ? "text/plain" : "application/json";
  const digest = sha256(bytes);
  return {
    ref: { $blob: { digest, size_bytes: bytes.length, media_type }, preview: preview(text) },
    blob: { digest, bytes, media_type },
  };
}

/** The first 1,000 characters, never half a pair. */
export function preview(text: string): string {
  const cut = text.slice(0, PREVIEW_CHARACTERS);
  const last = cut.charCodeAt(cut.length - 1);
  return text.length > cut.length && last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut;
}

/** An object whose largest fields went to blobs. */
export interface Spilled {
  readonly value: Record<string, Json>;
  readonly blobs: readonly BlobDraft[];
}

/**
 * Spills fields of an object until its JSON takes at most `limit` bytes; only `fields` where they are named. The result
 * is still too large when nothing is left that a reference would make smaller.
 */
export function spill(object: Record<string, Json>, limit: number, fields?: readonly string[]): Spilled {
  let size = jsonBytes(object);
  if (size <= limit) return { value: object, blobs: [] };
  const value = { ...object };
  const blobs: BlobDraft[] = [];
  const bySize = (fields ?? Object.keys(object))
    .filter((name) => value[name] !== undefined)
    .map((name) => ({ name, bytes: jsonBytes(value[name] ?? null) }))
    .filter((field) => field.bytes >= SMALLEST_SPILL_BYTES && !isRef(value[field.name]))
    .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  for (const field of bySize) {
    if (size <= limit) break;
    const { ref, blob } = toBlob(value[field.name] ?? null);
    const smaller = jsonBytes(ref);
    if (smaller >= field.bytes) continue;
    value[field.name] = ref;
    blobs.push(blob);
    size -= field.bytes - smaller;
  }
  return { value, blobs };
}

function isRef(value: Json | undefined): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && "$blob" in value &&
    jsonBytes(value) < 2 * SMALLEST_SPILL_BYTES;
}

/** Bytes of a value as JSON in UTF-8. */
export function jsonBytes(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length;
}

/** The rows of a blob: its head, then parts of at most 60,000 bytes. */
export function blobRows(session_id: string, blob: BlobDraft): Mutation[] {
  const parts = Math.ceil(blob.bytes.length / MAX_VALUE_BYTES);
  const rows: Mutation[] = [{
    type: "set",
    key: keys.blobHead(session_id, blob.digest),
    value: encodeRow({ size_bytes: blob.bytes.length, media_type: blob.media_type, parts }),
  }];
  for (let part = 0; part < parts; part++) {
    const value = blob.bytes.subarray(part * MAX_VALUE_BYTES, (part + 1) * MAX_VALUE_BYTES);
    rows.push({ type: "set", key: keys.blobPart(session_id, blob.digest, part), value });
  }
  return rows;
}
