// JSON as a type and as a schema.
//
// Owns what may cross a door: plain JSON values, and the reference that stands in place of a field too large for its
// record. Leaves to lib/store/blobs.ts: where the bytes behind a reference lie.
import * as z from "zod";

/** A value that survives JSON.stringify and JSON.parse unchanged. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** Checks that a parsed value is JSON. */
export const Json: z.ZodType<Json> = z.json() as z.ZodType<Json>;
/** Checks that a parsed value is a JSON object. */
export const JsonObject: z.ZodType<JsonObject> = z.record(z.string(), Json);

/** Stands in place of a value that lies in a blob of the session; `preview` holds its first 1,000 characters. */
export const BlobRef = z.strictObject({
  $blob: z.strictObject({ digest: z.string(), size_bytes: z.int().nonnegative(), media_type: z.string() }),
  preview: z.string(),
});
/** A reference to a blob of the same session. */
export type BlobRef = z.infer<typeof BlobRef>;
