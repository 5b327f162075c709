// POST …/resume: goes on after suspend or expiry.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/{session_id}/resume", {
  POST: async ({ principal, params: { session_id }, state: { holdfast }, options }) => {
    await holdfast.execute(principal, session_id, { type: "resume_session" }, options);
    return { success: true, session_id, message: "The session is active again" };
  },
});
