// An approval of the view as the wire's Approval, for the panel that answers it.
import type { ApprovalView } from "../../engine/view/types.ts";
import { ApprovalType, OnTimeout, Verb } from "../../model/approval.ts";
import { JsonObject } from "../../model/json.ts";
import type { Approval } from "../../protocol/rest.ts";

/** Makes the wire form; verbs that this version does not know are left out. */
export function wireApproval(session_id: string, view: ApprovalView): Approval {
  const type = ApprovalType.safeParse(view.approval_type);
  const late = OnTimeout.safeParse(view.on_timeout);
  const schema = JsonObject.safeParse(view.modifications_schema);
  return {
    approval_id: view.approval_id,
    session_id,
    run_id: view.run_id,
    step_id: view.step_id,
    approval_type: type.success ? type.data : "step_approval",
    action: view.action,
    description: view.description,
    context: view.context,
    allowed: view.allowed.flatMap((verb) => {
      const known = Verb.safeParse(verb);
      return known.success ? [known.data] : [];
    }),
    digest: view.digest,
    status: view.status,
    resolution: null,
    result: null,
    resolved_by: view.resolved_by,
    created_at: view.created_at,
    expires_at: view.expires_at,
    resolved_at: view.resolved_at,
    on_timeout: late.success ? late.data : "reject",
    ...(schema.success ? { modifications_schema: schema.data } : {}),
    ...(view.cost_usd === null ? {} : { estimate: { cost_usd: view.cost_usd } }),
  };
}
