// POST …/retry: a new run that keeps the finished steps before.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/runs/{run_id}/retry", {
  POST: ({ principal, params: { run_id }, body, state: { holdfast }, options }) =>
    holdfast.retryRun(principal, { run_id, ...body }, options),
});
