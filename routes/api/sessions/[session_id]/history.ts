// GET …/history: the last messages of the conversation.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/{session_id}/history", {
  GET: async ({ principal, params: { session_id }, query: { limit }, state: { holdfast } }) => {
    const { total, messages } = await holdfast.query.history(principal, session_id, limit);
    return { session_id, total_messages: total, messages };
  },
});
