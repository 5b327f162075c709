// GET /api/runs/{run_id}.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/runs/{run_id}", {
  GET: ({ principal, params: { run_id }, state: { holdfast } }) => holdfast.query.run(principal, run_id),
});
