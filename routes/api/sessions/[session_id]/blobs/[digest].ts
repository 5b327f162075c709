// GET …/blobs/{digest}: a large value of the log.
import { api } from "@/lib/http/api.ts";
import { blobHeaders } from "@/lib/http/files.ts";

export const handler = api("/api/sessions/{session_id}/blobs/{digest}", {
  GET: async ({ principal, params: { session_id, digest }, state: { holdfast } }) => {
    const { media_type, bytes } = await holdfast.query.blob(principal, session_id, digest);
    return new Response(new Uint8Array(bytes), { headers: blobHeaders(media_type, digest) });
  },
});
