// GET …/files: what lies in the session's folder.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/{session_id}/files", {
  GET: async ({ principal, params: { session_id }, state: { holdfast } }) => ({
    files: await holdfast.query.files(principal, session_id),
  }),
});
