// One run in one sandbox: from its claim to the commit after which nothing of the sandbox is left.
//
//   D1. The journal is read after the commit that took the fence, and no sandbox starts while an older one of the run
//       lives on this instance (runs.ts).
//   D2. What the sandbox may know is durable: it hears of states only as they were committed (`committed`).
//   D3. A run that waits may keep its sandbox for a while; the sandbox hears of an answer only when its run is running
//       again under the same fence.
//   D4. However it ends, `over` settles after the run is settled and every process of it is gone.
// Leaves to settle.ts: what becomes of the run; to frames.ts, begins.ts, leaves.ts: what the sandbox says and wants.
import { getLogger, withContext } from "@logtape/logtape";
import type { SessionState } from "../../engine/state.ts";
import { AppError, isStoreAway } from "../../model/error.ts";
import type { RunError, RunRecord } from "../../model/run.ts";
import { passing } from "../../store/fault_point.ts";
import type { RunCore } from "../core.ts";
import { FilesNotShared } from "../shared_folders.ts";
import { timeLeftMs } from "../limits.ts";
import type { Cancel, SandboxOver } from "../ports.ts";
import { sourceMoved } from "./moved.ts";
import { SandboxHost } from "./sandbox_host.ts";
import { type Ended, settleEnded } from "./settle.ts";

const log = getLogger(["holdfast", "run"]);

/** Which run, under which fence. */
export interface Claim {
  readonly session_id: string;
  readonly run_id: string;
  readonly fence: number;
}
/** What a driver is doing. */
export type Phase = "starting" | "executing" | "held" | "ending" | "over";
/** Why a driver stops its sandbox. */
export type Why = "ended" | "paused" | "drain" | "hold_over" | "fenced" | "limit" | "away" | "unstarted";

/** Drives one run in one sandbox. */
export class RunDriver {
  readonly claim: Claim;
  /** Settles when everything is over. Never rejects. */
  readonly over: Promise<void>;
  readonly #core: RunCore;
  readonly #changed: () => void;
  readonly #giveUp = new AbortController();
  #phase: Phase = "starting";
  #state: SessionState;
  #host: SandboxHost | null = null;
  #failure: RunError | null = null;
  #why: Why | null = null;
  #draining = false;
  #limit: Cancel | null = null;
  #hold: Cancel | null = null;

  constructor(core: RunCore, claim: Claim, from: { state: SessionState; changed(): void }) {
    this.#core = core;
    this.claim = claim;
    this.#state = from.state;
    this.#changed = from.changed;
    const { session_id, run_id } = claim;
    this.over = withContext({ session_id, run_id }, () => this.#drive());
  }

  get phase(): Phase {
    return this.#phase;
  }
  /** The fence of a sandbox that waits for its run, or null. */
  get heldFence(): number | null {
    return this.#phase === "held" ? this.claim.fence : null;
  }
  /** Whether no sandbox could be had for it, through no fault of its run. */
  get unstarted(): boolean {
    return this.#why === "unstarted";
  }
  /** The last seq of its session that it has heard of. */
  get seq(): number {
    return this.#state.head.head_seq;
  }
  /** Whether its session was deleted, as far as it has heard. */
  get deleted(): boolean {
    return this.#state.session === null;
  }
  /** Whether its run stands in waits that somebody elsewhere may end. */
  get waits(): boolean {
    return this.#phase === "executing" || this.#phase === "held";
  }

  /** A commit of the session, or a state read again. */
  committed(state: SessionState): void {
    if (this.#phase === "over") return;
    // A deleted session has no seq to compare.
    if (state.session !== null && state.head.head_seq < this.#state.head.head_seq) return;
    this.#state = state;
    const { run } = state;
    if (run === null || run.run_id !== this.claim.run_id) return this.stop("ended");
    switch (run.status) {
      case "running":
        return this.#running(run);
      case "waiting":
        return this.#waiting();
      case "queued":
        // A held sandbox waits for the claim; a driver that executes has lost its run.
        return this.#phase === "held" ? undefined : this.stop("fenced");
      case "paused":
      case "completed":
      case "failed":
      case "cancelled":
        return this.stop("ended");
      default:
        run satisfies never;
    }
  }

  /** Stops the sandbox at once. What becomes of the run is decided when it is over. */
  stop(why: Why): void {
    if (this.#phase === "ending" || this.#phase === "over") return;
    log.debug("run.stop", { run_id: this.claim.run_id, why });
    this.#why = why;
    this.#phase = "ending";
    this.#limit?.();
    this.#hold?.();
    this.#host?.kill();
    this.#changed();
  }

  /** The server goes away: leaves at work may end, no other begins; then it stops. */
  drain(): void {
    this.#draining = true;
    if (this.#phase !== "executing") return this.stop("drain");
    this.#host?.drain();
    this.#rested();
  }

  /** Lets go of the run: whoever comes next settles it. */
  abandon(): void {
    this.#giveUp.abort();
    this.stop("away");
  }

  #running(run: RunRecord & { status: "running" }): void {
    const mine = run.lease.fence === this.claim.fence && run.lease.instance === this.#core.system.instance;
    if (!mine) return this.stop("fenced");
    const woken = this.#phase === "held";
    if (woken) {
      passing("wait.over");
      this.#phase = "executing";
      this.#hold?.();
      this.#arm();
      this.#changed();
    }
    if (this.#host === null || this.#phase !== "executing") return;
    if (run.cancel === undefined && run.pause?.now === true) return this.stop("paused");
    this.#host.committed(this.#state);
    if (woken) this.#host.startAhead();
    if (this.#host.atBoundary) this.stop("paused");
  }

  #waiting(): void {
    if (this.#phase !== "executing") return;
    passing("wait.begun");
    if (this.#draining) return this.stop("drain");
    this.#phase = "held";
    this.#limit?.();
    this.#hold = this.#core.clock.after(this.#core.config.wait_hold_s * 1000, () => this.stop("hold_over"));
    this.#changed();
  }

  /** Ends the run when its time of executing is over. */
  #arm(): void {
    const { run } = this.#state;
    if (run === null) return;
    this.#limit?.();
    const left = timeLeftMs(run, this.#core);
    this.#limit = this.#core.clock.after(
      left,
      () => this.#fail({ type: "timeout", message: "The run has used up its time of executing" }),
    );
  }

  #fail(error: RunError): void {
    this.#failure ??= error;
    this.stop("limit");
  }

  async #drive(): Promise<void> {
    // A turn later: whoever makes a driver knows it before it speaks.
    await Promise.resolve();
    const over = await this.#execute();
    this.#phase = "ending";
    this.#limit?.();
    this.#hold?.();
    const { session_id, run_id, fence } = this.claim;
    const failure = this.#failure;
    const no_loss = await this.#noLoss(over);
    log.debug("run.sandbox_over", { fence, reason: over.reason, exit_code: over.exit_code });
    await settleEnded(this.#core, { session_id, run_id, fence, over, no_loss, failure }, this.#giveUp.signal);
    this.#phase = "over";
    this.#changed();
  }

  /** Why the end of the sandbox is no loss of its run; null: it is one, unless a limit or a person ended it. */
  async #noLoss(over: SandboxOver): Promise<Ended["no_loss"]> {
    if (this.#why === "drain" || this.#why === "away" || this.#why === "unstarted") return this.#why;
    return await sourceMoved(this.#core.catalogue, this.#host?.told ?? null, over) ? "moved" : null;
  }

  /** Runs the sandbox to its end. */
  async #execute(): Promise<SandboxOver> {
    const { run } = this.#state;
    const asked = run === null || run.cancel !== undefined || run.pause !== undefined;
    if (asked || this.#phase === "ending") return NEVER_STARTED;
    try {
      this.#host = await SandboxHost.start(this.#core, this.claim, {
        state: this.#state,
        refused: (error) => this.#refused(error),
        rested: () => this.#rested(),
        broke: (what, error) => this.#broke(what, error),
        exceeded: (message) => this.#fail({ type: "memory", message }),
      });
    } catch (error) {
      return this.#notStarted(error);
    }
    if (this.phase === "starting") {
      this.#phase = "executing";
      this.#arm();
      this.#changed();
      this.committed(this.#state);
    } else this.#host.kill();
    return await this.#host.over;
  }

  #notStarted(error: unknown): SandboxOver {
    if (error instanceof AppError && error.code === "invalid") {
      this.#failure = { type: "unknown_mode", message: error.message };
    }
    if (error instanceof FilesNotShared) this.#failure = { type: "files_not_shared", message: error.message };
    // A store that was away is no loss of the run, and neither is a machine that is short of something.
    if (isStoreAway(error)) this.#why ??= "away";
    else if (error instanceof AppError && error.retryable) this.#why ??= "unstarted";
    log.error("run.not_started", { error: String(error) });
    return { reason: "spawn", exit_code: -1, message: error instanceof Error ? error.message : String(error) };
  }

  #broke(what: string, error: unknown): void {
    log.error("run.broke", { what, error: String(error) });
    if (isStoreAway(error)) return this.stop("away");
    this.#fail({ type: "internal", message: `Cannot ${what}: ${error instanceof Error ? error.message : error}` });
  }

  #refused(error: AppError): void {
    if (error.code === "fenced") return this.stop("fenced");
    const { run_id, session_id } = this.claim;
    log.error("run.refused", { run_id, session_id, code: error.code, message: error.message });
    this.#fail({ type: error.code, message: error.message });
  }

  /** A leaf rests or was held back: a pause or a drain may have come to its boundary. */
  #rested(): void {
    if (this.#phase !== "executing") return;
    if (this.#draining && this.#host?.atWork === false) this.stop("drain");
    else if (this.#host?.atBoundary === true) this.stop("paused");
  }
}

const NEVER_STARTED: SandboxOver = { reason: "exit", exit_code: 0, message: "" };
