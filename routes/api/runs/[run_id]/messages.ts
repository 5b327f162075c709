// POST …/messages: delivered at the run's next wait for a message.
import { api, reply } from "@/lib/http/api.ts";

export const handler = api("/api/runs/{run_id}/messages", {
  POST: async ({ principal, params: { run_id }, body: { content }, state: { holdfast }, options }) => {
    const { session_id } = await holdfast.query.run(principal, run_id);
    const command = { type: "send_message", run_id, message_id: holdfast.ids.uuid(), content } as const;
    return reply(await holdfast.execute(principal, session_id, command, options), 202);
  },
});
