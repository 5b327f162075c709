// Lists of the model, written out: importing lib/model would build all its schemas at each start of a sandbox (10 ms).
// A test holds them to the model's.
import type { ApprovalType, Verb } from "../../lib/model/approval.ts";
import type { LeafKind } from "../../lib/model/journal.ts";

/** Leaves in which the process may go. */
export const WAITS: ReadonlySet<LeafKind> = new Set(["approve", "ask", "message", "sleep", "gate"]);

/** Which verbs a type of approval may allow at most, in the order in which people see them. */
export const VERBS: Readonly<Record<ApprovalType, readonly Verb[]>> = {
  plan_approval: ["approved", "rejected", "modified", "skip", "retry"],
  step_approval: ["approved", "rejected", "modified", "skip", "retry"],
  tool_call: ["approved", "approved_session", "rejected", "modified"],
  error_recovery: ["retry", "skip", "modified", "abort"],
  permission: ["approved", "approved_session", "rejected", "rejected_always"],
  input: ["answered", "rejected"],
};

/** The config keys that every mode takes. */
export const COMMON_KEYS: ReadonlySet<string> = new Set([
  "runTimeout",
  "approvalTimeout",
  "maxCostUsd",
  "maxTokens",
  "grants",
]);
