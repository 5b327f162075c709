// GET …/grants: the standing answers of a session.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/{session_id}/grants", {
  GET: async ({ principal, params: { session_id }, state: { holdfast } }) => ({
    grants: [...await holdfast.query.grants(principal, session_id)],
  }),
});
