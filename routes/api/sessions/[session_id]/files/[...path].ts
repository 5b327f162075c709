// GET and PUT …/files/{path}: one file, safe to open; an upload.
import { api } from "@/lib/http/api.ts";
import { fileBody } from "@/lib/http/body.ts";
import { fileHeaders, mediaTypeOf } from "@/lib/http/files.ts";
import { timestamp } from "@/lib/model/ids.ts";

export const handler = api("/api/sessions/{session_id}/files/{path}", {
  GET: async ({ principal, params: { session_id, path }, state: { holdfast } }) => {
    await holdfast.query.summary(principal, session_id);
    const { info, stream } = await holdfast.folders.open(session_id, path);
    const headers = fileHeaders(path);
    headers.set("content-length", String(info.size_bytes));
    return new Response(stream, { headers });
  },
  PUT: async ({ principal, params: { session_id, path }, request, state: { holdfast } }) => {
    const info = await holdfast.upload(principal, { session_id, path }, await fileBody(request));
    return {
      path: info.path,
      size_bytes: info.size_bytes,
      media_type: mediaTypeOf(info.path),
      modified_at: timestamp(info.modified_ms),
      run_id: null,
      step_id: null,
    };
  },
});
