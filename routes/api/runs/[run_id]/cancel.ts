// POST …/cancel: works in every status that is not final; repeating is harmless.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/runs/{run_id}/cancel", {
  POST: async ({ principal, params: { run_id }, state: { holdfast }, options }) => {
    const run = await holdfast.cancelRun(principal, run_id, options);
    // Not known yet: the cancel is kept for a start that is on its way.
    return run ?? Response.json({ run_id, status: "unknown", message: "Kept for 60 s" }, { status: 202 });
  },
});
