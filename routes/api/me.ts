// GET /api/me: who am I.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/me", {
  GET: ({ principal: { id, name, admin }, state }) => ({ id, name, admin, auth: state.config.auth }),
});
