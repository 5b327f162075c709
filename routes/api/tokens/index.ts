// GET and POST /api/tokens: tokens without their secrets, a new one with it.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/tokens", {
  GET: async ({ principal, query, state: { holdfast } }) => {
    const { items: tokens, total, next_cursor } = await holdfast.accounts.tokens(principal, query);
    return { tokens, total, next_cursor };
  },
  POST: async ({ principal, body: { user, ...wanted }, state: { holdfast } }) => {
    const named = user === undefined
      ? {}
      : { user: { id: user.id, ...(user.name === undefined ? {} : { name: user.name }) } };
    const { token, secret } = await holdfast.accounts.makeToken(principal, { ...wanted, ...named });
    return { ...token, token: secret };
  },
});
