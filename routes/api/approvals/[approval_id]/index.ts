// GET /api/approvals/{approval_id}.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/approvals/{approval_id}", {
  GET: ({ principal, params: { approval_id }, state: { holdfast } }) => holdfast.query.approval(principal, approval_id),
});
