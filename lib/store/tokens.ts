// Who may come in: tokens, cookies, one-time login links. Secrets are stored as SHA-256 only and shown once.
//
//   K1. A cookie or link stands for a token and is worth nothing once that token is revoked.
//   K2. The administrator's token has the id "admin": setting another one revokes the one before.
//   K3. A link is used up in the commit that makes its cookie.
//   K4. Times are compared when a row is read; the store's own expiry only tidies up.
import * as z from "zod";
import { UserRef } from "../model/principal.ts";
import { sha256 } from "./digest.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { addTo, decodeRow, encodeRow, setRow } from "./mutation.ts";
import type { Clock, Ids } from "./ports.ts";

/** How long a cookie lasts. */
export const COOKIE_MS = 30 * 24 * 60 * 60 * 1000;
/** How long a login link lasts. */
export const LINK_MS = 15 * 60 * 1000;
/** Id of the administrator's token. */
export const ADMIN_TOKEN_ID = "admin";
const SECRET_CHARACTERS = 43;

const TokenRow = z.strictObject({
  token_id: z.string(),
  user: UserRef,
  admin: z.boolean(),
  label: z.string(),
  created_at: z.string(),
});
/** A token as it is listed: without its secret. */
export type TokenInfo = z.infer<typeof TokenRow>;
/** Stands for a token, for a while. */
const Grant = z.strictObject({ token_hash: z.string(), until_ms: z.number() });

/** Tokens, cookies and links. */
export interface Tokens {
  /** Makes a token; `secret` is shown once. */
  create(token: { user: UserRef; admin: boolean; label: string }): Promise<{ info: TokenInfo; secret: string }>;
  /** Sets the administrator's token. */
  setAdmin(secret: string, user: UserRef): Promise<TokenInfo>;
  /** All tokens, the oldest first. */
  list(): Promise<TokenInfo[]>;
  /** False when there is no such token. */
  revoke(token_id: string): Promise<boolean>;
  byToken(secret: string): Promise<TokenInfo | null>;
  byCookie(cookie: string): Promise<TokenInfo | null>;
  /** A cookie for a token; null when the token is wrong. */
  login(secret: string): Promise<{ cookie: string; info: TokenInfo } | null>;
  logout(cookie: string): Promise<void>;
  /** A one-time link for a token; null when there is no such token. */
  makeLink(token_id: string): Promise<string | null>;
  /** Whose link it is, without using it; null when it was used or is too old. */
  peekLink(secret: string): Promise<TokenInfo | null>;
  /** Uses a link up. */
  useLink(secret: string): Promise<{ cookie: string; info: TokenInfo } | null>;
}

/** Makes the tokens of a store. */
export function createTokens(kv: Kv, options: { clock: Clock; ids: Ids }): Tokens {
  return new Accounts(kv, options);
}

class Accounts implements Tokens {
  readonly #kv: Kv;
  readonly #clock: Clock;
  readonly #ids: Ids;
  constructor(kv: Kv, { clock, ids }: { clock: Clock; ids: Ids }) {
    this.#kv = kv;
    this.#clock = clock;
    this.#ids = ids;
  }

  async create(token: { user: UserRef; admin: boolean; label: string }): Promise<{ info: TokenInfo; secret: string }> {
    const secret = this.#ids.token(SECRET_CHARACTERS);
    const info = this.#info({ ...token, token_id: this.#ids.uuid() });
    await this.#write(secret, info);
    return { info, secret };
  }

  async setAdmin(secret: string, user: UserRef): Promise<TokenInfo> {
    const info = this.#info({ token_id: ADMIN_TOKEN_ID, user, admin: true, label: "Administrator" });
    await this.#write(secret, info);
    for (const { hash, row } of await this.#all()) {
      if (row.token_id === ADMIN_TOKEN_ID && hash !== sha256(secret)) await this.#remove(hash);
    }
    return info;
  }

  async list(): Promise<TokenInfo[]> {
    const rows = (await this.#all()).map(({ row }) => row);
    return rows.sort((a, b) => a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0);
  }

  async revoke(token_id: string): Promise<boolean> {
    const found = (await this.#all()).filter(({ row }) => row.token_id === token_id);
    for (const { hash } of found) await this.#remove(hash);
    return found.length > 0;
  }

  byToken(secret: string): Promise<TokenInfo | null> {
    return this.#byHash(sha256(secret));
  }

  async byCookie(cookie: string): Promise<TokenInfo | null> {
    return await this.#granted(keys.cookie(sha256(cookie)));
  }

  async login(secret: string): Promise<{ cookie: string; info: TokenInfo } | null> {
    const info = await this.byToken(secret);
    if (info === null) return null;
    const { cookie, row } = this.#newCookie(sha256(secret));
    const op = this.#kv.atomic().check({ key: row.key, versionstamp: null });
    addTo(op, row);
    await op.commit();
    return { cookie, info };
  }

  async logout(cookie: string): Promise<void> {
    const entry = await this.#kv.get(keys.cookie(sha256(cookie)));
    if (entry.versionstamp !== null) await this.#kv.atomic().check(entry).delete(entry.key).commit();
  }

  async makeLink(token_id: string): Promise<string | null> {
    const found = (await this.#all()).find(({ row }) => row.token_id === token_id);
    if (found === undefined) return null;
    const secret = this.#ids.token(SECRET_CHARACTERS);
    const key = keys.login(sha256(secret));
    const grant = { token_hash: found.hash, until_ms: this.#clock.now() + LINK_MS };
    const op = this.#kv.atomic().check({ key, versionstamp: null });
    addTo(op, setRow(key, grant, { expire_ms: LINK_MS }));
    await op.commit();
    return secret;
  }

  async peekLink(secret: string): Promise<TokenInfo | null> {
    return await this.#granted(keys.login(sha256(secret)));
  }

  async useLink(secret: string): Promise<{ cookie: string; info: TokenInfo } | null> {
    const entry = await this.#kv.get(keys.login(sha256(secret)));
    const grant = decodeRow(Grant, entry);
    if (grant === null || grant.until_ms <= this.#clock.now()) return null;
    const info = await this.#byHash(grant.token_hash);
    if (info === null) return null;
    const { cookie, row } = this.#newCookie(grant.token_hash);
    const op = this.#kv.atomic().check(entry).check({ key: row.key, versionstamp: null }).delete(entry.key);
    addTo(op, row);
    await op.commit();
    // Over KV Connect the answer may be a lie; whether the cookie stands says which of two users of the link came first.
    return await this.byCookie(cookie) === null ? null : { cookie, info };
  }

  #info(token: Omit<TokenInfo, "created_at">): TokenInfo {
    return { ...token, created_at: new Date(this.#clock.now()).toISOString() };
  }

  #newCookie(token_hash: string) {
    const cookie = this.#ids.token(SECRET_CHARACTERS);
    const grant = { token_hash, until_ms: this.#clock.now() + COOKIE_MS };
    return { cookie, row: setRow(keys.cookie(sha256(cookie)), grant, { expire_ms: COOKIE_MS }) };
  }

  async #write(secret: string, info: TokenInfo): Promise<void> {
    const key = keys.token(sha256(secret));
    const { versionstamp } = await this.#kv.get(key);
    await this.#kv.atomic().check({ key, versionstamp }).set(key, encodeRow(info)).commit();
  }

  async #remove(hash: string): Promise<void> {
    const entry = await this.#kv.get(keys.token(hash));
    if (entry.versionstamp !== null) await this.#kv.atomic().check(entry).delete(entry.key).commit();
  }

  async #byHash(hash: string): Promise<TokenInfo | null> {
    return decodeRow(TokenRow, await this.#kv.get(keys.token(hash)));
  }

  async #granted(key: Deno.KvKey): Promise<TokenInfo | null> {
    const grant = decodeRow(Grant, await this.#kv.get(key));
    return grant === null || grant.until_ms <= this.#clock.now() ? null : await this.#byHash(grant.token_hash);
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
