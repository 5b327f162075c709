// `token create|list|revoke`: the secret of a new token goes to stdout alone, so that a script can take it.
import type { Api } from "../client/api.ts";
import type { Token } from "../protocol/rest.ts";
import type { Line } from "./grammar.ts";
import { err, EXIT, harmless, out, table } from "./terminal.ts";

const DAY_S = 86_400;
const print = (value: unknown) => out(JSON.stringify(value));

/** `token create|list|revoke`. */
export async function tokens(
  line: Line<"token create"> | Line<"token list"> | Line<"token revoke">,
  api: Api,
): Promise<number> {
  switch (line.do) {
    case "token create":
      return await create(line, api);
    case "token list":
      return await list(line, api);
    case "token revoke":
      await api.revokeToken(line.id);
      line.json ? print({ revoked: line.id }) : out("revoked");
      return EXIT.done;
    default:
      return line satisfies never;
  }
}

async function create(line: Line<"token create">, api: Api): Promise<number> {
  const { label, user, name, admin, days } = line;
  const id = user ?? (name === undefined ? undefined : (await api.me()).id);
  const made = await api.makeToken({
    label,
    ...(id === undefined ? {} : { user: name === undefined ? { id } : { id, name } }),
    ...(admin ? { role: "admin" } : {}),
    ...(days === undefined ? {} : { expires_in_s: days * DAY_S }),
  });
  if (line.json) return print(made), EXIT.done;
  const until = made.expires_at === null ? "until it is revoked" : `until ${made.expires_at}`;
  err(`Token ${made.token_id} of ${harmless(made.user.name)} (${made.role}), ${until}. It is shown only now:`);
  out(made.token);
  return EXIT.done;
}

async function list(line: Line<"token list">, api: Api): Promise<number> {
  const all = await allTokens(api);
  if (line.json) return print(all), EXIT.done;
  const minute = (time: string | null) => time === null ? "never" : time.slice(0, 16).replace("T", " ");
  const rows = all.map((one) => [
    one.token_id,
    harmless(one.user.id),
    one.role,
    minute(one.last_used_at),
    minute(one.expires_at),
    `${harmless(one.label)}${one.current ? " (this one)" : ""}`,
  ]);
  for (const row of table([["TOKEN", "USER", "ROLE", "LAST USED", "EXPIRES", "LABEL"], ...rows])) out(row);
  return EXIT.done;
}

async function allTokens(api: Api): Promise<Token[]> {
  let page = await api.tokens();
  const all = page.tokens;
  while (page.next_cursor !== null) {
    page = await api.tokens({ cursor: page.next_cursor });
    all.push(...page.tokens);
  }
  return all;
}
