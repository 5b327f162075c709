// POST …/resume: goes on after suspend or expiry.
import { api, reply } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/{session_id}/resume", {
  POST: async ({ principal, params: { session_id }, state: { holdfast }, options }) =>
    reply(await holdfast.execute(principal, session_id, { type: "resume_session" }, options)),
});
