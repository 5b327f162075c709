// Names of things: the forms of every id that crosses a door.
//
// Owns the patterns only; making ids is the port Ids (lib/service/ports.ts).
import * as z from "zod";

/** UUID of a session. */
export const SessionId = z.uuid();
/** UUID of an approval. */
export const ApprovalId = z.uuid();
/** Run id: a UUID, or chosen by the client; it is then the key of the start. */
export const RunId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/, "1-100 characters A-Z a-z 0-9 _ -");
/** RFC 3339 UTC time with milliseconds. */
export const Timestamp = z.iso.datetime({ precision: 3 });
/** A bearer token as a client sends it. */
export const Token = z.string().regex(/^[A-Za-z0-9_-]{16,128}$/);
/** Names of sessions, steps, workflows: 1 to 200 characters. */
export const Name = z.string().min(1).max(200);
/** SHA-256 in lower-case hex. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/);

/** Turns milliseconds since the epoch into an RFC 3339 UTC string with milliseconds. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
