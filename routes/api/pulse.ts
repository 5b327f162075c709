// GET /api/pulse: counts over what the caller may see.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/pulse", {
  GET: ({ principal, state: { holdfast } }) => holdfast.query.pulse(principal),
});
