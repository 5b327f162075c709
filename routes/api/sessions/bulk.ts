// POST /api/sessions/bulk: one verb for many sessions, a result for each.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/bulk", {
  POST: async ({ principal, body: { now = false, ...input }, state: { holdfast }, options }) => {
    const results = await holdfast.bulk(principal, { ...input, now }, options);
    return { results };
  },
});
