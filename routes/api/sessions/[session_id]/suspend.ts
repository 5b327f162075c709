// POST …/suspend: its run pauses, new ones are refused.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/{session_id}/suspend", {
  POST: async ({ principal, params: { session_id }, body: { now = false }, state: { holdfast }, options }) => {
    await holdfast.execute(principal, session_id, { type: "suspend_session", now }, options);
    return { success: true, session_id, message: "The session is suspended; its run pauses at the next step" };
  },
});
