// GET /api/openapi.json: the interface for programs.
import { api } from "@/lib/http/api.ts";
import { openapi } from "@/lib/http/openapi.ts";

export const handler = api("/api/openapi.json", {
  GET: ({ state: { config } }) => openapi({ version: config.version, url: config.public_url }),
});
