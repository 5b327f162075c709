// GET /api/approvals: nearest deadline first.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/approvals", {
  GET: async ({ principal, query, state: { holdfast } }) => {
    const { items: approvals, total, next_cursor } = await holdfast.query.approvals(principal, query);
    return { approvals, total, next_cursor };
  },
});
