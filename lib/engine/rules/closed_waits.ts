// Waits that nobody will end any more, because their run is over or their branch was dropped.
//
//   O1. Whatever was told to wait is told to wait no more: else views would show for ever what nothing waits for.
//   O2. The entry stays open: nothing has settled it, and nothing ever will.
import type { OpenEntry } from "../../model/journal.ts";
import { MAX_ENDS_TOLD } from "../limits.ts";
import { isShortSleep, isWait } from "../open.ts";
import { emit, setApproval, type Work } from "./work.ts";

/**
 * Closes the waits among open entries: pending approvals are cancelled, then messages and timers end. Of thousands of these
 * the first are told: `complete` ends them all for views.
 */
export function closeWaits(work: Work, open: readonly OpenEntry[]): void {
  for (const { approval_id } of open) {
    const row = approval_id === undefined ? undefined : work.state.approvals.get(approval_id);
    if (row?.status !== "pending") continue;
    setApproval(work, { ...row, status: "cancelled", resolved_at: work.now });
    emit(work, "approval_cancelled", { approval_id: row.approval_id });
    emit(work, "wait_ended", { on: "approval", id: row.approval_id });
  }
  const others = open.filter((one) => isWait(one) && one.approval_id === undefined && !isShortSleep(one));
  for (const entry of others.slice(0, MAX_ENDS_TOLD)) {
    emit(work, "wait_ended", { on: entry.kind === "message" ? "message" : "timer", id: entry.key });
  }
}
