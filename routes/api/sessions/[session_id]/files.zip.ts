// GET …/files.zip: all files of the session, packed while they are sent.
import { api } from "@/lib/http/api.ts";
import { attachmentHeaders } from "@/lib/http/files.ts";

export const handler = api("/api/sessions/{session_id}/files.zip", {
  GET: async ({ principal, params: { session_id }, state: { holdfast } }) => {
    const { name } = await holdfast.query.summary(principal, session_id);
    const zip = await holdfast.query.filesZip(principal, session_id);
    return new Response(zip, { headers: attachmentHeaders("application/zip", `${name.slice(0, 80)}.zip`) });
  },
});
