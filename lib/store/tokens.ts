// Tokens of people: made, listed, ended. Secrets are stored as SHA-256 only and shown once.
//
//   K1. A token that was revoked, or whose time is up, is worth nothing from then on, nor is what stands for it
//       (cookies and links, logins.ts).
//   K2. The administrator's token has the id "admin": setting another one revokes the one before.
//   K3. Times are compared when a row is read; the store's own expiry only tidies up.
//   K4. When a token was last used is known to the minute: a hint, written beside the token and gone with it.
import * as z from "zod";
import type { Ended, UserRef } from "../model/principal.ts";
import { sha256 } from "./digest.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { createLogins, type Logins } from "./logins.ts";
import { addTo, decodeRow, encodeRow, setRow } from "./mutation.ts";
import type { Clock, Ids } from "./ports.ts";
import { endedRow, SECRET_CHARACTERS, type TokenByHash, type TokenInfo, TokenRow } from "./token_row.ts";

export type { TokenInfo };

/** Id of the administrator's token. */
export const ADMIN_TOKEN_ID = "admin";
/** How exactly the last use is known. */
const USED_MS = 60_000;
/** An expired token stays in lists for this long. */
const SHOWN_MS = 30 * 24 * 60 * 60 * 1000;

/** A token as it is listed. */
export interface ListedToken extends TokenInfo {
  readonly last_used_at: string | null;
}
/** What a new token is made of. */
export interface NewToken {
  user: UserRef;
  admin: boolean;
  label: string;
  expires_at?: string | null;
}
const UsedRow = z.strictObject({ at: z.string() });
/** Tokens, cookies and links. */
export interface Tokens extends Logins {
  /** Makes a token; `secret` is shown once. */
  create(token: NewToken): Promise<{ info: TokenInfo; secret: string }>;
  /** Sets the administrator's token. */
  setAdmin(secret: string, user: UserRef): Promise<TokenInfo>;
  /** All tokens, the oldest first. */
  list(): Promise<ListedToken[]>;
  /** False when there is no such token. */
  revoke(token_id: string): Promise<boolean>;
  byToken(secret: string): Promise<TokenInfo | null>;
  /** Whether a token with this id stands and is not expired. */
  stands(token_id: string): Promise<boolean>;
  /** Tells what ended here; the result unsubscribes. */
  onEnded(fn: (ended: Ended) => void): () => void;
}

/** Makes the tokens of a store. */
export function createTokens(kv: Kv, options: { clock: Clock; ids: Ids }): Tokens {
  const heard = new Set<(ended: Ended) => void>();
  const tell = (ended: Ended) => [...heard].forEach((fn) => fn(ended));
  const rows = new Rows(kv, { ...options, tell });
  const logins = createLogins(kv, { ...options, tell, tokens: rows });
  return {
    ...logins,
    create: (token) => rows.create(token),
    setAdmin: (secret, user) => rows.setAdmin(secret, user),
    list: () => rows.list(),
    revoke: (token_id) => rows.revoke(token_id),
    byToken: (secret) => rows.byHash(sha256(secret)),
    async stands(token_id) {
      const hash = await rows.hashOf(token_id);
      return hash !== null && await rows.byHash(hash) !== null;
    },
    onEnded(fn) {
      heard.add(fn);
      return () => void heard.delete(fn);
    },
  };
}

class Rows implements TokenByHash {
  readonly #kv: Kv;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #tell: (ended: Ended) => void;
  /** Hashes of tokens that were shown here, by their id: most questions are about those. */
  readonly #hashes = new Map<string, string>();
  /** When the last use of each token was written. */
  readonly #noted = new Map<string, number>();

  constructor(kv: Kv, { clock, ids, tell }: { clock: Clock; ids: Ids; tell: (ended: Ended) => void }) {
    this.#kv = kv;
    this.#clock = clock;
    this.#ids = ids;
    this.#tell = tell;
  }

  async create(token: NewToken): Promise<{ info: TokenInfo; secret: string }> {
    const secret = this.#ids.token(SECRET_CHARACTERS);
    const info = this.#info({ expires_at: null, ...token, token_id: this.#ids.uuid() });
    await this.#write(secret, info);
    return { info, secret };
  }

  async setAdmin(secret: string, user: UserRef): Promise<TokenInfo> {
    const known = await this.byHash(sha256(secret));
    const made = { token_id: ADMIN_TOKEN_ID, user, admin: true, label: "Administrator", expires_at: null };
    const info = known?.token_id === ADMIN_TOKEN_ID ? known : this.#info(made);
    await this.#write(secret, info);
    for (const { hash, row } of await this.#all()) {
      if (row.token_id === ADMIN_TOKEN_ID && hash !== sha256(secret)) await this.#remove(hash);
    }
    return info;
  }

  async list(): Promise<ListedToken[]> {
    const used = new Map<string, string>();
    for await (const entry of this.#kv.list({ prefix: keys.tokensUsed() }, { batchSize: 100 })) {
      const row = decodeRow(UsedRow, entry);
      if (row !== null) used.set(String(entry.key[1]), row.at);
    }
    const rows = (await this.#all()).map(({ hash, row }) => ({ ...row, last_used_at: used.get(hash) ?? null }));
    return rows.sort((a, b) => a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0);
  }

  async revoke(token_id: string): Promise<boolean> {
    const found = (await this.#all()).filter(({ row }) => row.token_id === token_id);
    for (const { hash } of found) await this.#remove(hash);
    if (found.length > 0) this.#tell({ token_id });
    return found.length > 0;
  }

  async byHash(hash: string): Promise<TokenInfo | null> {
    const entry = await this.#kv.get(keys.token(hash));
    const row = decodeRow(TokenRow, entry);
    if (row === null || (row.expires_at !== null && Date.parse(row.expires_at) <= this.#clock.now())) return null;
    this.#hashes.set(row.token_id, hash);
    await this.#note(hash, entry);
    return row;
  }

  async hashOf(token_id: string): Promise<string | null> {
    const known = this.#hashes.get(token_id);
    if (known !== undefined && await this.byHash(known) !== null) return known;
    this.#hashes.delete(token_id);
    return (await this.#all()).find(({ row }) => row.token_id === token_id)?.hash ?? null;
  }

  /** Rule K4. */
  async #note(hash: string, entry: { key: Deno.KvKey; versionstamp: string | null }): Promise<void> {
    const now = this.#clock.now();
    if (now - (this.#noted.get(hash) ?? -Infinity) < USED_MS) return;
    this.#noted.set(hash, now);
    const op = this.#kv.atomic().check({ key: entry.key, versionstamp: entry.versionstamp });
    addTo(op, setRow(keys.tokenUsed(hash), { at: new Date(now).toISOString() }));
    // A store that cannot be written to can still say who somebody is; the next use is noted again.
    await op.commit().catch(() => this.#noted.delete(hash));
  }

  #info(token: Omit<TokenInfo, "created_at">): TokenInfo {
    return { ...token, created_at: new Date(this.#clock.now()).toISOString() };
  }

  async #write(secret: string, info: TokenInfo): Promise<void> {
    const key = keys.token(sha256(secret));
    const { versionstamp } = await this.#kv.get(key);
    const op = this.#kv.atomic().check({ key, versionstamp });
    const left = info.expires_at === null ? null : Date.parse(info.expires_at) - this.#clock.now();
    const expire = left === null ? {} : { expire_ms: left + SHOWN_MS };
    addTo(op, { type: "set", key, value: encodeRow(info), ...expire });
    await op.commit();
  }

  async #remove(hash: string): Promise<void> {
    const op = this.#kv.atomic().delete(keys.token(hash)).delete(keys.tokenUsed(hash));
    addTo(op, endedRow(this.#ids));
    await op.commit();
    this.#noted.delete(hash);
    for (const [token_id, known] of this.#hashes) if (known === hash) this.#hashes.delete(token_id);
  }

  async #all(): Promise<{ hash: string; row: TokenInfo }[]> {
    const found: { hash: string; row: TokenInfo }[] = [];
    for await (const entry of this.#kv.list({ prefix: keys.tokens() }, { batchSize: 100 })) {
      const row = decodeRow(TokenRow, entry);
      if (row !== null) found.push({ hash: String(entry.key[1]), row });
    }
    return found;
  }
}
