// POST /api/tasks: a task starts, in a new session or in the one that its config names.
import { api } from "@/lib/http/api.ts";
import { splitConfig } from "@/lib/protocol/start.ts";

export const handler = api("/api/tasks", {
  POST: async ({ principal, body: { config, ...start }, state: { holdfast }, options }) => {
    const started = await holdfast.startTask(principal, { ...start, ...splitConfig(config) }, options);
    const { run_id, session_id, run: { status } } = started;
    return { task_id: run_id, run_id, session_id, status };
  },
});
