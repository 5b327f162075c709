// GET /api/sessions/modes/list: what can be started.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/modes/list", {
  GET: async ({ principal, state: { holdfast } }) => {
    const [modes, problems] = await Promise.all([
      holdfast.query.modes(),
      holdfast.query.workflowProblems(principal),
    ]);
    return { modes, total: modes.length, problems: [...problems] };
  },
});
