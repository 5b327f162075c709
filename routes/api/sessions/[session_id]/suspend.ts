// POST …/suspend: its run pauses, new ones are refused.
import { api, reply } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/{session_id}/suspend", {
  POST: async ({ principal, params: { session_id }, body: { now = false }, state: { holdfast }, options }) =>
    reply(await holdfast.execute(principal, session_id, { type: "suspend_session", now }, options)),
});
