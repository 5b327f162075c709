// Blobs: what is too large for a record, in parts of 60,000 bytes under its session.
//
//   B1. A blob belongs to one session and goes with it; nothing is shared between sessions, nothing is counted.
//   B2. Its name is the SHA-256 of its bytes. A blob is whole: its rows stand before anything refers to it.
//   B3. Uploads check the gate of the session: none is written behind a delete.
// Leaves to writer/spill.ts: what goes to a blob, to writer/stage.ts: writing it before its commit.
import * as z from "zod";
import { AppError } from "../model/error.ts";
import { BlobRef, type Json } from "../model/json.ts";
import { sha256 } from "./digest.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { decodeRow } from "./mutation.ts";
import { joinBytes } from "./writer/lines.ts";
import { blobRows, preview } from "./writer/spill.ts";
import { groups, writeBehind } from "./writer/stage.ts";

/** A blob as it is read. */
export interface Blob {
  readonly media_type: string;
  readonly bytes: Uint8Array;
}

const BlobHead = z.strictObject({ size_bytes: z.int(), media_type: z.string(), parts: z.int() });
const RowRef = z.strictObject({ $row: z.strictObject({ digest: z.string(), size_bytes: z.int() }) });
const decoder = new TextDecoder();

/** Reads a blob; null where there is none, or not all of it. */
export async function readBlob(kv: Kv, session_id: string, digest: string): Promise<Blob | null> {
  let head: z.infer<typeof BlobHead> | null = null;
  const parts: Uint8Array[] = [];
  for await (const entry of kv.list({ prefix: keys.blob(session_id, digest) }, { batchSize: 20 })) {
    if (head === null) head = decodeRow(BlobHead, entry);
    else if (entry.value instanceof Uint8Array) parts.push(entry.value);
  }
  if (head === null || parts.length !== head.parts) return null;
  return { media_type: head.media_type, bytes: joinBytes(parts) };
}

/** Decodes a record of a session, from its blob where it was too large for its row; null where it is absent. */
export async function readRecord<T>(
  kv: Kv,
  session_id: string,
  row: { schema: z.ZodType<T>; entry: { readonly value: unknown } },
): Promise<T | null> {
  const value = decodeRow(z.unknown(), row.entry);
  if (value === null) return null;
  const ref = RowRef.safeParse(value);
  if (!ref.success) return row.schema.parse(value);
  const blob = await readBlob(kv, session_id, ref.data.$row.digest);
  if (blob === null) throw new TypeError(`Cannot read a record: its blob "${ref.data.$row.digest}" is missing`);
  return row.schema.parse(JSON.parse(decoder.decode(blob.bytes)));
}

/** Reads and writes blobs. */
export interface Blobs {
  /** Null where there is none. */
  get(session_id: string, digest: string): Promise<Blob | null>;
  /** The value whole: references, also inside objects and lists, replaced by what they stand for. */
  resolve(session_id: string, value: Json): Promise<Json>;
  /** Writes a blob. Throws AppError `not_found` when the session is gone. */
  put(session_id: string, bytes: Uint8Array, media_type: string): Promise<BlobRef>;
}

/** Makes the blobs of a store. */
export function createBlobs(kv: Kv): Blobs {
  return {
    get: (session_id, digest) => readBlob(kv, session_id, digest),
    resolve: (session_id, value) => resolve(kv, session_id, value),
    async put(session_id, bytes, media_type) {
      const digest = sha256(bytes);
      for (const rows of groups(blobRows(session_id, { digest, bytes, media_type }))) {
        if (await writeBehind(kv, { key: keys.gate(session_id), stamp: null }, rows)) continue;
        throw new AppError("not_found", `Cannot keep a blob: session "${session_id}" is gone`);
      }
      const text = decoder.decode(bytes.subarray(0, 4000));
      return { $blob: { digest, size_bytes: bytes.length, media_type }, preview: preview(text) };
    },
  };
}

async function resolve(kv: Kv, session_id: string, value: Json): Promise<Json> {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return await Promise.all(value.map((item) => resolve(kv, session_id, item)));
  const ref = BlobRef.safeParse(value);
  if (!ref.success) {
    const fields = await Promise.all(
      Object.entries(value).map(async ([name, field]) => [name, await resolve(kv, session_id, field)] as const),
    );
    return Object.fromEntries(fields);
  }
  const { digest, media_type } = ref.data.$blob;
  const blob = await readBlob(kv, session_id, digest);
  // A value that only looks like a reference (a workflow may return anything) stays what it is.
  if (blob === null) return value;
  const text = decoder.decode(blob.bytes);
  return media_type === "application/json" ? JSON.parse(text) : text;
}
