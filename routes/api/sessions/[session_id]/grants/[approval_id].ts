// DELETE …/grants/{approval_id}: a standing answer is taken back.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/{session_id}/grants/{approval_id}", {
  DELETE: async ({ principal, params: { session_id, approval_id }, state: { holdfast }, options }) => {
    await holdfast.execute(principal, session_id, { type: "take_back_answer", approval_id }, options);
    return new Response(null, { status: 204 });
  },
});
