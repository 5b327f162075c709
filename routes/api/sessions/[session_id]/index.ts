// GET, PATCH, DELETE /api/sessions/{session_id}.
import { api, reply } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/{session_id}", {
  GET: ({ principal, params: { session_id }, state: { holdfast } }) => holdfast.query.session(principal, session_id),
  PATCH: async ({ principal, params: { session_id }, body, state: { holdfast }, options }) =>
    reply(await holdfast.execute(principal, session_id, { type: "update_session", ...body }, options)),
  DELETE: async ({ principal, params: { session_id }, state: { holdfast }, options }) => {
    await holdfast.execute(principal, session_id, { type: "delete_session" }, options);
    return new Response(null, { status: 204 });
  },
});
