// A token as it is stored, and what says that one has ended: shared by tokens.ts and logins.ts.
import * as z from "zod";
import { UserRef } from "../model/principal.ts";
import { keys } from "./keys.ts";
import { type Mutation, setRow } from "./mutation.ts";
import type { Ids } from "./ports.ts";

/** Characters of a secret that is made here. */
export const SECRET_CHARACTERS = 43;

/** A token as it is stored, under the SHA-256 of its secret. */
export const TokenRow = z.strictObject({
  token_id: z.string(),
  user: UserRef,
  admin: z.boolean(),
  label: z.string(),
  created_at: z.string(),
  expires_at: z.string().nullable().default(null),
});
/** A token without its secret. */
export type TokenInfo = z.infer<typeof TokenRow>;

/** Finds tokens. */
export interface TokenByHash {
  byHash(hash: string): Promise<TokenInfo | null>;
  hashOf(token_id: string): Promise<string | null>;
}

/** The row that each end of a token or login writes, in its commit: other instances watch it. */
export const endedRow = (ids: Ids): Mutation => setRow(keys.credentials(), { change: ids.uuid() });
