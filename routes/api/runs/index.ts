// GET /api/runs: runs of all sessions in a time.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/runs", {
  GET: async ({ principal, query, state: { holdfast } }) => {
    const { items: runs, total, next_cursor } = await holdfast.query.runs(principal, query);
    return { runs, total, next_cursor };
  },
});
