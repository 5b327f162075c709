// An approval is asked: its row, what is asked beside it, and the event that carries both.
import type { PendingApproval } from "../../model/approval.ts";
import { timestamp } from "../../model/ids.ts";
import type { OpenEntry } from "../../model/journal.ts";
import type { Json } from "../../model/json.ts";
import { presentApproval } from "../present.ts";
import { emit, type Of, setApproval, type Work } from "./work.ts";

type ApprovalWait = Extract<NonNullable<Of<"begin_leaf">["wait"]>, { on: "approval" }>;

/** Asks the approval on which an entry stands; returns when it expires. */
export function askApproval(work: Work, entry: OpenEntry, wait: ApprovalWait): string {
  const { session, run } = work.state;
  const row: PendingApproval = {
    approval_id: wait.approval_id,
    session_id: session.session_id,
    run_id: run?.run_id ?? "",
    step_id: entry.key,
    approval_type: wait.approval_type,
    allowed: wait.allowed,
    digest: wait.approval_digest,
    created_at: work.now,
    expires_at: timestamp(work.ctx.now + timeoutOf(work, wait) * 1000),
    on_timeout: wait.on_timeout,
    status: "pending",
  };
  setApproval(work, row);
  work.asks.set(row.approval_id, wait.ask);
  emit(work, "approval_requested", { ...presentApproval(row, wait.ask) });
  return row.expires_at;
}

function timeoutOf(work: Work, wait: ApprovalWait): number {
  const configured: Json | undefined = work.state.run?.config["approvalTimeout"];
  return wait.timeout_s ?? (typeof configured === "number" ? configured : work.ctx.settings.approval_timeout_s);
}
