// GET and POST /api/sessions: the list, a new session.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/sessions", {
  GET: async ({ principal, query: { needs_you, ...filter }, state: { holdfast } }) => {
    const found = await holdfast.query.sessions(principal, { ...filter, ...needsYou(needs_you) });
    return { sessions: found.items, total: found.total, next_cursor: found.next_cursor };
  },
  POST: ({ principal, body: { config = {}, ...session }, state: { holdfast }, options }) =>
    holdfast.createSession(principal, { ...session, config }, options),
});

const needsYou = (value: "true" | "false" | undefined) => value === undefined ? {} : { needs_you: value === "true" };
