// Sessions, runs and approvals as the wire shows them, for the tests of everything that reads them.
import { NO_COST } from "@/lib/model/cost.ts";
import type { Approval, Run, Session } from "@/lib/protocol/rest.ts";

const TIME = "2026-11-24T10:00:00.000Z";
/** A UUID made of a number. */
export const uuid = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;

export function sampleSession(patch: Partial<Session> = {}): Session {
  return {
    session_id: uuid(1),
    name: "Sea ice",
    mode: "one-shot",
    status: "active",
    owner: { id: "op", name: "Operator" },
    pinned: false,
    current_phase: null,
    current_step: null,
    progress: null,
    activity: null,
    pending_approvals: 0,
    cost: NO_COST,
    created_at: TIME,
    updated_at: TIME,
    last_active_at: TIME,
    expires_at: null,
    head_seq: 3,
    version: 1,
    wait: { on: "task", since: TIME },
    run_status: null,
    task_line: "Fit the trend of the sea ice",
    ...patch,
  };
}

export function sampleRun(patch: Partial<Run> = {}): Run {
  return {
    run_id: "run-1",
    session_id: uuid(1),
    task: "Fit the trend",
    mode: "one-shot",
    status: "queued",
    attempt: 1,
    created_at: TIME,
    started_at: null,
    ended_at: null,
    cost: NO_COST,
    ...patch,
  };
}

export function sampleApproval(patch: Partial<Approval> = {}): Approval {
  return {
    approval_id: uuid(9),
    session_id: uuid(1),
    run_id: "run-1",
    step_id: "planning/approve",
    approval_type: "plan_approval",
    action: "Approve the plan?",
    description: "",
    context: null,
    allowed: ["approved", "rejected"],
    digest: "0".repeat(64),
    status: "pending",
    resolution: null,
    result: null,
    resolved_by: null,
    created_at: TIME,
    expires_at: "2026-11-25T10:00:00.000Z",
    resolved_at: null,
    on_timeout: "reject",
    ...patch,
  };
}

/** The detail of a session. */
export function sampleDetail(patch: Record<string, unknown> = {}) {
  return {
    ...sampleSession(),
    pending_approvals: [],
    conversation_history: [],
    context_variables: {},
    plan_data: null,
    config: {},
    runs: [],
    grants: [],
    context: { used_tokens: 0, limit_tokens: null },
    as_of_seq: 3,
    ...patch,
  };
}
