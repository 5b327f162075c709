// GET /api/connections: live connections of all instances, for administrators.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/connections", {
  GET: async ({ state: { holdfast } }) => {
    const connections = await holdfast.connections.list();
    return { connections, total: connections.length };
  },
});
