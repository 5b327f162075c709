// GET /api/health: open to everyone; answers while the process lives.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/health", {
  GET: ({ state: { holdfast: { health } } }) => ({
    status: "ok" as const,
    version: health.version,
    uptime_s: Math.round(health.uptime_s() * 1000) / 1000,
  }),
});
