// GET …/export: the session as NDJSON.
import { api } from "@/lib/http/api.ts";
import { attachmentHeaders } from "@/lib/http/files.ts";

export const handler = api("/api/sessions/{session_id}/export", {
  GET: async ({ principal, params: { session_id }, state: { holdfast } }) => {
    const lines = await holdfast.query.exportSession(principal, session_id);
    return new Response(lines, { headers: attachmentHeaders("application/x-ndjson", `session-${session_id}.ndjson`) });
  },
});
