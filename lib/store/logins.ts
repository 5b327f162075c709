// What stands for a token for a while: the cookie of a login, a one-time link. Both are worth nothing without it.
//
//   LG1. A link is used up in the commit that makes its cookie.
//   LG2. A login that ends (logout) is told, so that whatever it holds open closes.
import * as z from "zod";
import type { Ended } from "../model/principal.ts";
import { sha256 } from "./digest.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { addTo, decodeRow, setRow } from "./mutation.ts";
import type { Clock, Ids } from "./ports.ts";
import { endedRow, SECRET_CHARACTERS, type TokenByHash, type TokenInfo } from "./token_row.ts";

/** How long a cookie lasts. */
export const COOKIE_MS = 30 * 24 * 60 * 60 * 1000;
/** How long a login link lasts. */
export const LINK_MS = 15 * 60 * 1000;

/** Stands for a token, for a while. */
const Grant = z.strictObject({ token_hash: z.string(), until_ms: z.number() });

/** A login: its token, and when it ends by itself. */
export interface Login {
  readonly info: TokenInfo;
  /** SHA-256 of the cookie. */
  readonly login: string;
  readonly until_ms: number;
}

/** Cookies and links. */
export interface Logins {
  byCookie(cookie: string): Promise<Login | null>;
  /** The login whose cookie has this SHA-256. */
  byLogin(login: string): Promise<Login | null>;
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

interface LoginOptions {
  clock: Clock;
  ids: Ids;
  tokens: TokenByHash;
  tell(ended: Ended): void;
}

/** Makes the logins of a store. */
export function createLogins(kv: Kv, options: LoginOptions): Logins {
  const { ids, tokens, tell } = options;
  const grants = new Grants(kv, options);
  return {
    byCookie: (cookie) => grants.byLogin(sha256(cookie)),
    byLogin: (login) => grants.byLogin(login),
    async login(secret) {
      const info = await tokens.byHash(sha256(secret));
      if (info === null) return null;
      const { cookie, row } = grants.newCookie(sha256(secret));
      const op = kv.atomic().check({ key: row.key, versionstamp: null });
      addTo(op, row);
      await op.commit();
      return { cookie, info };
    },
    async logout(cookie) {
      const login = sha256(cookie);
      const entry = await kv.get(keys.cookie(login));
      if (entry.versionstamp === null) return;
      const op = kv.atomic().delete(entry.key);
      addTo(op, endedRow(ids));
      await op.commit();
      tell({ login });
    },
    makeLink: (token_id) => grants.makeLink(token_id),
    peekLink: async (secret) => (await grants.granted(keys.login(sha256(secret))))?.info ?? null,
    useLink: (secret) => grants.useLink(secret),
  };
}

class Grants {
  readonly #kv: Kv;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #tokens: TokenByHash;

  constructor(kv: Kv, { clock, ids, tokens }: LoginOptions) {
    this.#kv = kv;
    this.#clock = clock;
    this.#ids = ids;
    this.#tokens = tokens;
  }

  async byLogin(login: string): Promise<Login | null> {
    const found = await this.granted(keys.cookie(login));
    return found === null ? null : { ...found, login };
  }

  /** What stands under a key, while its time and its token last. */
  async granted(key: Deno.KvKey): Promise<{ info: TokenInfo; until_ms: number } | null> {
    const grant = decodeRow(Grant, await this.#kv.get(key));
    if (grant === null || grant.until_ms <= this.#clock.now()) return null;
    const info = await this.#tokens.byHash(grant.token_hash);
    if (info === null) return null;
    const ends = info.expires_at === null ? Infinity : Date.parse(info.expires_at);
    return { info, until_ms: Math.min(grant.until_ms, ends) };
  }

  newCookie(token_hash: string) {
    const cookie = this.#ids.token(SECRET_CHARACTERS);
    const grant = { token_hash, until_ms: this.#clock.now() + COOKIE_MS };
    return { cookie, row: setRow(keys.cookie(sha256(cookie)), grant, { expire_ms: COOKIE_MS }) };
  }

  async makeLink(token_id: string): Promise<string | null> {
    const hash = await this.#tokens.hashOf(token_id);
    if (hash === null) return null;
    const secret = this.#ids.token(SECRET_CHARACTERS);
    const key = keys.login(sha256(secret));
    const grant = { token_hash: hash, until_ms: this.#clock.now() + LINK_MS };
    const op = this.#kv.atomic().check({ key, versionstamp: null });
    addTo(op, setRow(key, grant, { expire_ms: LINK_MS }));
    await op.commit();
    return secret;
  }

  async useLink(secret: string): Promise<{ cookie: string; info: TokenInfo } | null> {
    const entry = await this.#kv.get(keys.login(sha256(secret)));
    const grant = decodeRow(Grant, entry);
    if (grant === null || grant.until_ms <= this.#clock.now()) return null;
    const info = await this.#tokens.byHash(grant.token_hash);
    if (info === null) return null;
    const { cookie, row } = this.newCookie(grant.token_hash);
    const op = this.#kv.atomic().check(entry).check({ key: row.key, versionstamp: null }).delete(entry.key);
    addTo(op, row);
    await op.commit();
    // Over KV Connect the answer may be a lie; whether the cookie stands says which of two users of the link came first.
    return await this.byLogin(sha256(cookie)) === null ? null : { cookie, info };
  }
}
