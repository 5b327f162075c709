// POST …/resume: goes on after a pause.
import { api, reply } from "@/lib/http/api.ts";

export const handler = api("/api/runs/{run_id}/resume", {
  POST: async ({ principal, params: { run_id }, state: { holdfast }, options }) => {
    const { session_id } = await holdfast.query.run(principal, run_id);
    return reply(await holdfast.execute(principal, session_id, { type: "resume_run", run_id }, options));
  },
});
