// SHA-256, synchronous: decisions and sizes are counted within one turn of the loop, crypto.subtle would yield.
import { createHash } from "node:crypto";

/** SHA-256 of text (as UTF-8) or bytes, lower-case hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
