// Who is who: the administrator's token, the command line's, cookies and one-time links.
//
//   A1. Secrets are stored as hashes. The one file that holds a token in the clear is `$HOLDFAST_DATA/cli-token`, mode
//       0600, for the command line on this host; it is a token of its own, so HOLDFAST_TOKEN is never written down.
//   A2. Without HOLDFAST_TOKEN that token is the administrator's: made at the first start, kept as long as its file.
import { getLogger } from "@logtape/logtape";
import type { Config } from "../config.ts";
import { AppError } from "../model/error.ts";
import { Token } from "../model/ids.ts";
import type { UserPrincipal } from "../model/principal.ts";
import type { TokenInfo, Tokens } from "../store/tokens.ts";
import type { Accounts } from "./holdfast.ts";

const log = getLogger(["holdfast", "accounts"]);
const USER = { id: "admin", name: "Administrator" };
const ADMINISTRATOR: UserPrincipal = { kind: "user", ...USER, admin: true };

/** Accounts with their beginning. */
export interface StartedAccounts extends Accounts {
  /** Sets the administrator's token and makes the one of the command line where it is missing. */
  start(): Promise<void>;
}

/** Makes the accounts of a server. */
export function createAccounts(parts: { config: Pick<Config, "token" | "data">; tokens: Tokens }): StartedAccounts {
  const { config, tokens } = parts;
  let own: TokenInfo | null = null;
  return {
    administrator: ADMINISTRATOR,
    async start() {
      if (config.token !== null) await tokens.setAdmin(config.token, USER);
      own = await ownToken(config.data, tokens);
    },
    byToken: async (token) => principalOf(await tokens.byToken(token)),
    byCookie: async (value) => principalOf(await tokens.byCookie(value)),
    login: async (token) => loggedIn(await tokens.login(token)),
    async makeLink() {
      const link = own === null ? null : await tokens.makeLink(own.token_id);
      if (link === null) throw new AppError("conflict", "Cannot make a login link: the server's own token is gone");
      return link;
    },
    peekLink: async (secret) => await tokens.peekLink(secret) !== null,
    useLink: async (secret) => loggedIn(await tokens.useLink(secret)),
    logout: (cookie) => tokens.logout(cookie),
  };
}

const principalOf = (info: TokenInfo | null): UserPrincipal | null =>
  info === null ? null : { kind: "user", ...info.user, admin: info.admin };

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
