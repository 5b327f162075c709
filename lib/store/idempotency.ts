// First answers, kept for 24 h under their key, in the commit of what they answer.
//
//   I1. The row is listed under its session and goes with it.
//   I2. A large answer stands in a blob of that session: `reply` is then a reference, to be resolved with `session_id`.
import * as z from "zod";
import { Json } from "../model/json.ts";
import { sha256 } from "./digest.ts";
import { keys } from "./keys.ts";
import { decodeRow, type Entry, type Key, type Mutation, setRow } from "./mutation.ts";
import { blobRows, jsonBytes, toBlob } from "./writer/spill.ts";

/** How long an answer is kept. */
export const KEPT_MS = 24 * 60 * 60 * 1000;
const LARGE_BYTES = 30_000;

const Row = z.strictObject({ session_id: z.string(), body_digest: z.string(), reply: Json, until_ms: z.number() });

/** A first answer. */
export interface KeptAnswer {
  readonly session_id: string;
  readonly body_digest: string;
  readonly reply: Json;
}

/** Keys and rows of first answers. */
export const idempotency = {
  /** The key of a scope: principal, method, path and key as one text. */
  key(scope: string): Key {
    return keys.idempotency(sha256(scope));
  },

  /** The first answer; null where there is none any more. */
  read(entry: Entry, now: number): KeptAnswer | null {
    const row = decodeRow(Row, entry);
    if (row === null || row.until_ms <= now) return null;
    const { session_id, body_digest, reply } = row;
    return { session_id, body_digest, reply };
  },

  /** The rows that keep an answer. */
  row(session_id: string, answer: { scope: string; body_digest: string; reply: Json; now: number }): Mutation[] {
    const { body_digest, now } = answer;
    const key = idempotency.key(answer.scope);
    const large = jsonBytes(answer.reply) > LARGE_BYTES ? toBlob(answer.reply) : null;
    const row = { session_id, body_digest, reply: large?.ref ?? answer.reply, until_ms: now + KEPT_MS };
    return [
      setRow(key, row, { expire_ms: KEPT_MS }),
      setRow(keys.ownedKey(session_id, key), null, { expire_ms: KEPT_MS }),
      ...large === null ? [] : blobRows(session_id, large.blob),
    ];
  },
};
