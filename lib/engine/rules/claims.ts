// Who executes a run: from the queue to an instance, back by drain or loss, and the first word of each sandbox.
//
//   K1. A new sandbox takes the next fence; one that still holds the sandbox keeps fence and attempt.
//   K2. What was asked of a run (cancel, pause) is obeyed by whoever takes it, without a start.
//   K3. Each loss without progress counts; at `max_takeovers` the run fails with the reason.
//   K4. workflow_started once a run; each later sandbox says workflow_resumed, once.
import type { QueueReason } from "../../model/run.ts";
import type { ScopeRow } from "../../model/journal.ts";
import { cutTask } from "../present.ts";
import { obey } from "./cancels.ts";
import { failNow } from "./ends.ts";
import { executedUnder } from "./fences.ts";
import { toQueued, toRunning } from "./moves.ts";
import {
  emit,
  isRefusal,
  moveRun,
  namedRun,
  type Of,
  openRun,
  type Outcome,
  setRun,
  setScope,
  type Work,
} from "./work.ts";

/** An instance takes a run from the queue. */
export function claimRun(work: Work, command: Of<"claim_run">): Outcome {
  const { principal } = work;
  const run = namedRun(work, command.run_id);
  if (run === null || run.status !== "queued" || principal.kind !== "system") {
    return { same: { claimed: false, status: run?.status ?? null } };
  }
  const settled = obey(work, run);
  if (settled !== null) return { reply: { claimed: false, status: settled } };
  const { head } = work.state;
  const fresh = command.held_fence === undefined || command.held_fence !== head.fence;
  const fence = fresh ? head.fence + 1 : head.fence;
  work.state = { ...work.state, head: { ...head, fence } };
  const running = toRunning(run, { instance: principal.instance, fence }, { fresh, now: work.now });
  moveRun(work, running);
  const timeout_s = run.config["runTimeout"];
  const limit_s = typeof timeout_s === "number" ? timeout_s : work.ctx.settings.run_timeout_s;
  const left_ms = Math.max(0, limit_s * 1000 - running.executed_ms);
  return { reply: { claimed: true, fence, attempt: running.attempt, held: !fresh, left_ms } };
}

/** A run goes back to the queue: its instance drains, or its sandbox or instance is lost. */
export function requeueRun(work: Work, command: Of<"requeue_run">): Outcome {
  const run = openRun(work, command.run_id, "requeue");
  if (isRefusal(run)) return run;
  if (!executedUnder(run, command.fence)) return { same: { requeued: false, status: run.status } };
  const counted = command.loss ? { ...run, takeovers: run.takeovers + 1 } : run;
  const settled = obey(work, counted);
  if (settled !== null) return { reply: { requeued: false, status: settled } };
  if (command.loss && counted.takeovers >= work.ctx.settings.max_takeovers) {
    const why = command.why === undefined ? "" : `: ${command.why}`;
    const message = `Its sandbox was lost ${counted.takeovers} times without progress${why}`;
    failNow(work, counted, { type: "lost", message });
    return { reply: { requeued: false, status: "failed" } };
  }
  const { principal, now } = work;
  const own = principal.kind === "system" && run.status === "running" && principal.instance === run.lease.instance;
  moveRun(work, toQueued(counted, { reason: command.reason, now, lost: !own }));
  return { reply: { requeued: true, status: "queued" } };
}

/** The first word of a sandbox. */
export function beginRun(work: Work, command: Of<"begin_run">): Outcome {
  const { run } = work.state;
  if (run === null || run.status !== "running" || run.reason === undefined) return { same: { begun: true } };
  const { reason, ...rest } = run;
  if (!work.state.scopes.has("")) setScope(work, rootScope(work));
  if (run.source_digest === undefined) {
    const { workflow_version, source_digest } = command.began_with ?? command;
    const begun = { ...rest, workflow_version, source_digest };
    setRun(work, hasChanged(command, begun) ? { ...begun, source_changed: true } : begun);
    const { task, ...truncated } = cutTask(run.task);
    const { model, work_dir } = command;
    const { reused_steps } = command;
    const facts = {
      agent: run.mode,
      model,
      work_dir,
      attempt: run.attempt,
      ...(reused_steps > 0 ? { reused_steps } : {}),
    };
    emit(work, "workflow_started", { run_id: run.run_id, task_description: task, ...truncated, ...facts });
    return { reply: { begun: true } };
  }
  setRun(work, hasChanged(command, run) ? { ...rest, source_changed: true } : rest);
  const { reused_steps } = command;
  const resumed = { status: "running", reason: resumeReason(reason), attempt: run.attempt, reused_steps };
  emit(work, "workflow_resumed", { message: RESUMED[resumed.reason], ...resumed });
  return { reply: { begun: true } };
}

/** What the workflow's schema made of the config: known from here on, whatever becomes of the schema. */
export function keepConfig(work: Work, command: Of<"keep_config">): Outcome {
  const { run } = work.state;
  if (run === null || run.parsed_config !== undefined) return { same: { kept: true } };
  const same = JSON.stringify(command.config) === JSON.stringify(run.config);
  setRun(work, { ...run, parsed_config: same || command.config });
  return { reply: { kept: true } };
}

/** Another source than that of the start, which does not say by a higher version that it fits. */
function hasChanged(
  now: { workflow_version: number; source_digest: string },
  begun: { workflow_version?: number | undefined; source_digest?: string | undefined },
): boolean {
  return now.source_digest !== begun.source_digest && now.workflow_version <= (begun.workflow_version ?? 0);
}

const RESUMED = {
  wake: "Goes on after a wait",
  takeover: "Goes on after its sandbox was lost",
  resume: "Goes on after a pause",
  drain: "Goes on after the server restarted",
} as const;

/** A run whose sandbox had begun was never queued for its start again; were it so, it was resumed. */
function resumeReason(reason: QueueReason): keyof typeof RESUMED {
  return reason === "start" ? "resume" : reason;
}

function rootScope(work: Work): ScopeRow {
  return {
    key: "",
    parent: null,
    pos: 0,
    kind: "root",
    id: "",
    title: "",
    step_id: "",
    attempt: 1,
    step_number: 0,
    status: "open",
    started_at: work.now,
    mark: { leaves: 0, counter: 0 },
  };
}
