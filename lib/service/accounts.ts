// Who is who: the administrator's token, the command line's, cookies and one-time links.
//
//   A1. Secrets are stored as hashes. The one file that holds a token in the clear is `$HOLDFAST_DATA/cli-token`, mode
//       0600, for the command line on this host; it is a token of its own, so HOLDFAST_TOKEN is never written down.
//   A3. What ends a token or a login is told to the live doors at once, also when it happened on another instance.
//   A2. Without HOLDFAST_TOKEN that token is the administrator's: made at the first start, kept as long as its file.
import { getLogger } from "@logtape/logtape";
import type { Config } from "../config.ts";
import { AppError } from "../model/error.ts";
import { Token } from "../model/ids.ts";
import { decideToken, mayEndToken } from "../engine/token_rules.ts";
import type { Ended, UserPrincipal } from "../model/principal.ts";
import type { Token as ShownToken } from "../protocol/rest.ts";
import type { Login } from "../store/logins.ts";
import { ADMIN_TOKEN_ID, type ListedToken, type TokenInfo, type Tokens } from "../store/tokens.ts";
import type { Accounts } from "./holdfast.ts";
import type { Clock } from "./ports.ts";

const log = getLogger(["holdfast", "accounts"]);
const USER = { id: "admin", name: "Administrator" };
/** A watch that was lost is begun again after this. */
const WATCH_AGAIN_MS = 1_000;
const ADMINISTRATOR: UserPrincipal = { kind: "user", ...USER, admin: true };

/** Accounts with their beginning and end. */
export interface StartedAccounts extends Accounts {
  /** Sets the administrator's token and makes the one of the command line where it is missing. */
  start(): Promise<void>;
  close(): Promise<void>;
}
/** What accounts are made of. */
export interface AccountsParts {
  readonly config: Pick<Config, "token" | "data">;
  readonly tokens: Tokens;
  readonly clock: Clock;
  /** Tells that something ended on any instance; left out where there is only one. */
  readonly watchEnded?: () => ReadableStream<unknown>;
}

/** Makes the accounts of a server. */
export function createAccounts(parts: AccountsParts): StartedAccounts {
  const { config, tokens } = parts;
  const ends = new Ends(parts);
  let own: TokenInfo | null = null;
  return {
    administrator: ADMINISTRATOR,
    async start() {
      if (config.token !== null) await tokens.setAdmin(config.token, USER);
      own = await ownToken(config.data, tokens);
      ends.watch();
    },
    close: () => ends.close(),
    byToken: async (token) => principalOf(await tokens.byToken(token)),
    byCookie: async (value) => byLogin(await tokens.byCookie(value)),
    login: async (token) => loggedIn(await tokens.login(token)),
    async makeLink() {
      const link = own === null ? null : await tokens.makeLink(own.token_id);
      if (link === null) throw new AppError("conflict", "Cannot make a login link: the server's own token is gone");
      return link;
    },
    peekLink: async (secret) => await tokens.peekLink(secret) !== null,
    useLink: async (secret) => loggedIn(await tokens.useLink(secret)),
    logout: (cookie) => tokens.logout(cookie),
    ...tokenDesk(parts),
    stands: async ({ token_id, login }) =>
      login === undefined ? await tokens.stands(token_id) : await tokens.byLogin(login) !== null,
    onEnded: (fn) => ends.listen(fn),
  };
}

/** Tokens as people make, see and end them. */
function tokenDesk({ config, tokens, clock }: AccountsParts): Pick<Accounts, "tokens" | "makeToken" | "revokeToken"> {
  return {
    async tokens(p, { limit, cursor }) {
      const all = (await tokens.list()).filter((token) => mayEndToken(p, token));
      const from = cursor === undefined ? 0 : all.findIndex((token) => token.token_id === cursor) + 1;
      const items = all.slice(from, from + limit).map((token) => shown(token, p));
      const next_cursor = from + limit < all.length ? items.at(-1)?.token_id ?? null : null;
      return { items, total: all.length, next_cursor };
    },
    async makeToken(p, wanted) {
      const all = await tokens.list();
      const of = all.filter((token) => token.user.id === (wanted.user?.id ?? p.id));
      const maker = all.find((token) => token.token_id === p.credential?.token_id);
      const decided = decideToken(p, wanted, {
        now: clock.now(),
        known: of.at(-1)?.user ?? null,
        count: of.length,
        maker_ends: maker?.expires_at ?? null,
      });
      if (!decided.ok) throw new AppError(decided.code, decided.message, decided.details);
      const { info, secret } = await tokens.create(decided.token);
      log.info("token.made", { by: p.id, user: info.user.id, admin: info.admin, token_id: info.token_id });
      return { token: shown({ ...info, last_used_at: null }, p), secret };
    },
    async revokeToken(p, token_id) {
      const found = (await tokens.list()).find((token) => token.token_id === token_id);
      if (found === undefined || !mayEndToken(p, found)) {
        throw new AppError("not_found", `Cannot revoke token "${token_id}": unknown, or not visible to you`);
      }
      if (token_id === ADMIN_TOKEN_ID && config.token !== null) {
        throw new AppError("conflict", "Cannot revoke the administrator's token: it is set by HOLDFAST_TOKEN");
      }
      await tokens.revoke(token_id);
      log.info("token.revoked", { by: p.id, user: found.user.id, token_id });
    },
  };
}

/** Rule A3. */
class Ends {
  readonly #heard = new Set<(ended: Ended | null) => void>();
  readonly #parts: AccountsParts;
  readonly #forget: () => void;
  readonly #closed = new AbortController();
  #reader: ReadableStreamDefaultReader<unknown> | null = null;

  constructor(parts: AccountsParts) {
    this.#parts = parts;
    this.#forget = parts.tokens.onEnded((ended) => this.#tell(ended));
  }

  listen(fn: (ended: Ended | null) => void): () => void {
    this.#heard.add(fn);
    return () => void this.#heard.delete(fn);
  }

  watch(): void {
    const { watchEnded } = this.#parts;
    if (watchEnded !== undefined) void this.#follow(watchEnded);
  }

  async close(): Promise<void> {
    this.#forget();
    this.#closed.abort();
    await this.#reader?.cancel().catch(() => undefined);
  }

  #tell(ended: Ended | null): void {
    for (const fn of [...this.#heard]) fn(ended);
  }

  /** A watch that breaks is begun again; what ended meanwhile is found by looking at all. */
  async #follow(watchEnded: () => ReadableStream<unknown>): Promise<void> {
    while (!this.#closed.signal.aborted) {
      try {
        this.#reader = watchEnded().getReader();
        while (!(await this.#reader.read()).done) this.#tell(null);
      } catch (error) {
        log.warn("accounts.watch_lost", { error: String(error) });
      }
      await this.#parts.clock.sleep(WATCH_AGAIN_MS, this.#closed.signal).catch(() => undefined);
    }
  }
}

function shown({ admin, ...token }: ListedToken, p: UserPrincipal): ShownToken {
  return { ...token, role: admin ? "admin" : "user", current: p.credential?.token_id === token.token_id };
}

function principalOf(info: TokenInfo | null): UserPrincipal | null {
  if (info === null) return null;
  const until = info.expires_at === null ? {} : { until_ms: Date.parse(info.expires_at) };
  return { kind: "user", ...info.user, admin: info.admin, credential: { token_id: info.token_id, ...until } };
}

function byLogin(found: Login | null): UserPrincipal | null {
  if (found === null) return null;
  const { info: { user, admin, token_id }, login, until_ms } = found;
  return { kind: "user", ...user, admin, credential: { token_id, login, until_ms } };
}

function loggedIn(
  made: { cookie: string; info: TokenInfo } | null,
): { cookie: string; principal: UserPrincipal } | null {
  if (made === null) return null;
  const { cookie, info } = made;
  return { cookie, principal: { kind: "user", ...info.user, admin: info.admin } };
}

/** The token in the file of the command line; a new one when that is missing or not valid any more. */
async function ownToken(data: string, tokens: Tokens): Promise<TokenInfo> {
  const path = `${data.replace(/\/+$/, "")}/cli-token`;
  const written = await readToken(path);
  const known = written === null ? null : await tokens.byToken(written);
  if (known !== null) return known;
  const { info, secret } = await tokens.create({ user: USER, admin: true, label: "Command line of this host" });
  await Deno.mkdir(data, { recursive: true, mode: 0o700 });
  // A file that was there keeps its mode: it is written anew.
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.writeTextFile(path, `${secret}\n`, { mode: 0o600, createNew: true });
  log.info("accounts.cli_token_made", { path });
  return info;
}

async function readToken(path: string): Promise<string | null> {
  try {
    const parsed = Token.safeParse((await Deno.readTextFile(path)).trim());
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
