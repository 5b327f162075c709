// Times that have come: of a sleep, and of a wait for messages.
import { TOLERANCE_MS } from "../limits.ts";
import { isDropped, isShortSleep } from "../open.ts";
import { atTimeout, settleWait } from "./waits.ts";
import { isRefusal, type Of, openRun, type Outcome, type Work } from "./work.ts";

/** The time of a wait has come; one that is not open, or whose time is still to come, stays as it is. */
export function fireTimer(work: Work, command: Of<"fire_timer">): Outcome {
  const run = openRun(work, command.run_id, "wake");
  if (isRefusal(run)) return { same: { fired: false } };
  const entry = work.state.entries.get(command.key);
  if (entry?.status !== "open" || entry.until === undefined || isDropped(work.state, entry.scope)) {
    return { same: { fired: false } };
  }
  // A short sleep is measured by the process that keeps it: its clock may have been set back meanwhile.
  const to_come = Date.parse(entry.until) > work.ctx.now + TOLERANCE_MS;
  if (to_come && !isShortSleep(entry)) return { same: { fired: false, until: entry.until } };
  const n = settleWait(work, entry, { value: atTimeout(entry), told: true });
  return { reply: { fired: true, n } };
}
