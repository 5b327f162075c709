// The tokens on the settings page: the list, a new one with its secret shown once, revoking.
//
//   TS1. The secret stands in the page's memory only until it is closed; it is in no address and in no storage.
import { type Signal, useSignal } from "@preact/signals";
import type { Token } from "../protocol/rest.ts";
import { ClientError, createApi, type WantedToken } from "./api.ts";
import { refusalText } from "./refusal.ts";

/** What the page shows and does. */
export interface TokensState {
  tokens: Signal<Token[]>;
  cursor: Signal<string | null>;
  /** The token that was just made, with its secret. */
  made: Signal<{ token: Token; secret: string } | null>;
  busy: Signal<boolean>;
  problem: Signal<string | null>;
  /** False when it was refused. */
  make(wanted: WantedToken): Promise<boolean>;
  revoke(token: Token): Promise<void>;
  more(): Promise<void>;
}

/** Makes the state of the page. */
export function useTokens(props: { tokens: Token[]; next_cursor: string | null }): TokensState {
  const tokens = useSignal(props.tokens);
  const cursor = useSignal(props.next_cursor);
  const made = useSignal<TokensState["made"]["value"]>(null);
  const busy = useSignal(false);
  const problem = useSignal<string | null>(null);
  const attempt = async (work: (api: ReturnType<typeof createApi>) => Promise<void>): Promise<boolean> => {
    if (busy.peek()) return false;
    busy.value = true;
    problem.value = null;
    try {
      await work(createApi({ base: location.origin }));
      return true;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      problem.value = refusalText(error);
      return false;
    } finally {
      busy.value = false;
    }
  };
  return {
    tokens,
    cursor,
    made,
    busy,
    problem,
    make: (wanted) =>
      attempt(async (api) => {
        const { token: secret, ...token } = await api.makeToken(wanted);
        made.value = { token, secret };
        if (cursor.peek() === null) tokens.value = [...tokens.peek(), token];
      }),
    revoke: async (token) => {
      await attempt(async (api) => {
        await api.revokeToken(token.token_id);
        tokens.value = tokens.peek().filter((one) => one.token_id !== token.token_id);
        if (made.peek()?.token.token_id === token.token_id) made.value = null;
        if (token.current) location.assign("/login");
      });
    },
    more: async () => {
      await attempt(async (api) => {
        const page = await api.tokens({ cursor: cursor.peek() ?? "" });
        tokens.value = [...tokens.peek(), ...page.tokens];
        cursor.value = page.next_cursor;
      });
    },
  };
}

const DAY_S = 86_400;

/** What a form of the page asks for. */
export function wantedOf(form: FormData): WantedToken {
  const text = (name: string) => `${form.get(name) ?? ""}`.trim();
  const [id, name, days] = [text("user"), text("name"), text("days")];
  return {
    label: text("label"),
    ...(id === "" ? {} : { user: name === "" ? { id } : { id, name } }),
    ...(text("role") === "admin" ? { role: "admin" } : {}),
    ...(days === "" ? {} : { expires_in_s: Math.round(Number(days) * DAY_S) }),
  };
}
