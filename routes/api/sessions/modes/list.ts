// GET /api/sessions/modes/list: what can be started.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/sessions/modes/list", {
  GET: async ({ state: { holdfast } }) => {
    const modes = await holdfast.query.modes();
    return { modes, total: modes.length };
  },
});
