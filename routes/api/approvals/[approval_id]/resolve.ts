// POST …/resolve: a person's answer.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/approvals/{approval_id}/resolve", {
  POST: ({ principal, params: { approval_id }, body, state: { holdfast }, options }) =>
    holdfast.resolveApproval(principal, { approval_id, ...body }, options),
});
