// What becomes of a run whose sandbox is over: decided by the state as it is durable then, never by what was meant.
//
//   E1. Only when stdout is at its end, all that was said is answered and no process is left.
//   E2. Cancel goes before pause; both before a failure; a failure before a loss. The engine obeys in that order.
//   E3. Repeated until the store answers: a run with a lease and no sandbox would stand for ever.
import { getLogger } from "@logtape/logtape";
import type { SessionState } from "../../engine/state.ts";
import type { SystemCommand } from "../../model/command.ts";
import { AppError } from "../../model/error.ts";
import type { RunError } from "../../model/run.ts";
import type { RunCore } from "../core.ts";
import type { SandboxOver } from "../ports.ts";

const log = getLogger(["holdfast", "run"]);
const AGAIN_MS = 1_000;

/** How a sandbox came to its end, as its driver knows it. */
export interface Ended {
  readonly session_id: string;
  readonly run_id: string;
  readonly fence: number;
  readonly over: SandboxOver;
  /**
   * No loss: the server goes away, or the store was, the machine had nothing to start a sandbox with, or the source of its
   * workflow was saved while it was loaded.
   */
  readonly no_loss: "drain" | "away" | "unstarted" | "moved" | null;
  /** A limit or an error of the host that ends the run. */
  readonly failure: RunError | null;
}

/** Settles the run; gives up only when the signal aborts. */
export async function settleEnded(core: RunCore, ended: Ended, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      if (await settleOnce(core, ended)) return;
    } catch (error) {
      if (!(error instanceof AppError) || !error.retryable) {
        log.error("run.not_settled", { run_id: ended.run_id, session_id: ended.session_id, error: String(error) });
      }
    }
    if (signal.aborted) return;
    await core.clock.sleep(AGAIN_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
  }
}

/** True when the run is not this sandbox's any more. */
async function settleOnce(core: RunCore, ended: Ended): Promise<boolean> {
  const before = await core.load(ended.session_id);
  if (!isMine(core, before, ended)) return true;
  const asked = before.run?.cancel !== undefined || before.run?.pause !== undefined;
  const { state } = await core.submit(core.system, ended.session_id, asked ? settle(ended) : commandOf(ended, before));
  return !isMine(core, state, ended);
}

function isMine(core: RunCore, { run }: SessionState, ended: Ended): boolean {
  if (run === null || run.run_id !== ended.run_id || run.status !== "running") return false;
  return run.lease.fence === ended.fence && run.lease.instance === core.system.instance;
}

const settle = ({ run_id, fence }: Ended): SystemCommand => ({ type: "settle_run", run_id, fence });

function commandOf(ended: Ended, { run: before }: SessionState): SystemCommand {
  const { run_id, fence, over, no_loss } = ended;
  const failure = ended.failure ?? limitOf(over);
  if (failure !== null) return { type: "fail_run", run_id, fence, error: failure };
  if (no_loss !== null) {
    // It stands in the queue as it stood there before.
    const stood = no_loss === "unstarted" && before?.status === "running" ? before.reason : undefined;
    const reason = stood ?? (no_loss === "drain" ? "drain" : "takeover");
    return { type: "requeue_run", run_id, fence, reason, loss: false };
  }
  return { type: "requeue_run", run_id, fence, reason: "takeover", loss: true, why: describe(over) };
}

/** A limit of the sandbox ends the run: another try would meet it again. */
function limitOf(over: SandboxOver): RunError | null {
  switch (over.reason) {
    case "memory":
    case "output":
    case "bad_frame":
      return { type: over.reason, message: over.message };
    case "exit":
    case "killed":
    case "spawn":
      return null;
    default:
      return over.reason satisfies never;
  }
}

function describe(over: SandboxOver): string {
  const text = over.message === "" ? "" : `: ${over.message}`;
  return `the sandbox ended (${over.reason}, exit code ${over.exit_code})${text}`.slice(0, 2_000);
}
