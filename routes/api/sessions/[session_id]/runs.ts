// GET and POST …/runs: the runs of a session, a new one.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/{session_id}/runs", {
  GET: async ({ principal, params: { session_id }, query, state: { holdfast } }) => {
    const { items: runs, total, next_cursor } = await holdfast.query.sessionRuns(principal, session_id, query);
    return { runs, total, next_cursor };
  },
  POST: async ({ principal, params: { session_id }, body, state: { holdfast }, options }) => {
    const { config = {}, ...start } = body;
    return (await holdfast.startTask(principal, { ...start, config, session_id }, options)).run;
  },
});
