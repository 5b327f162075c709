// Whether a word about a run still concerns the sandbox it was said about.
//
//   F1. A `run` command needs the fence of the head and the run that executes under it; else it is `fenced` and its
//       sandbox is killed. Output that a held sandbox had still under way when its run began to wait is taken.
//   F2. A system command names the fence it is about; when another stands by now, nothing happens.
import type { Command } from "../../model/command.ts";
import type { RunPrincipal } from "../../model/principal.ts";
import { isFinal, type OpenRun } from "../../model/run.ts";
import type { Refusal, SessionState } from "../state.ts";
import { refuse } from "./work.ts";

/** Checks that a `run` principal speaks for the sandbox that executes the run. */
export function checkFence(state: SessionState, principal: RunPrincipal, command: Command): Refusal | null {
  const { run, head } = state;
  const mine = run !== null && run.run_id === principal.run_id && head.fence === principal.fence && !isFinal(run);
  const late = command.type === "say" || command.type === "report";
  if (mine && (run.status === "running" || late)) return null;
  return refuse("fenced", `Cannot ${command.type} for run "${principal.run_id}": fence ${principal.fence} is over`);
}

/** Tells whether a run is executed under this fence; null: by nobody. */
export function executedUnder(run: OpenRun, fence: number | null): boolean {
  return (run.status === "running" ? run.lease.fence : null) === fence;
}
