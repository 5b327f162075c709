// GET /api/docs: the interface for people.
import { api } from "@/lib/http/api.ts";
import { docsPage } from "@/lib/http/docs.ts";

export const handler = api("/api/docs", {
  GET: ({ state: { config } }) => docsPage({ version: config.version, url: config.public_url }),
});
