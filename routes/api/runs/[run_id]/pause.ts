// POST …/pause: no new step begins.
import { api, reply } from "@/lib/http/api.ts";

export const handler = api("/api/runs/{run_id}/pause", {
  POST: async ({ principal, params: { run_id }, body: { now = false }, state: { holdfast }, options }) => {
    const { session_id } = await holdfast.query.run(principal, run_id);
    return reply(await holdfast.execute(principal, session_id, { type: "pause_run", run_id, now }, options));
  },
});
