// GET /api/ready: open to everyone; 503 while it cannot work or is going away.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/ready", {
  GET: async ({ state: { holdfast: { health } } }) => {
    const { ok, checks } = await health.ready();
    const ready = ok && !health.draining();
    const body = { status: ready ? "ready" : "not_ready", checks, isolation: health.isolation };
    const headers = { "cache-control": "no-store", ...(ready ? {} : { "retry-after": "5" }) };
    return Response.json(body, { status: ready ? 200 : 503, headers });
  },
});
