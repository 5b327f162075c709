// The runs of this instance: who waits for a slot, who executes, who is held; and that no two sandboxes of one session
// ever live at once here.
//
//   Q1. First come, first served, by the time a run was queued; a run that waits gives its slot up at once.
//   Q2. A run is executed only after its claim is committed, and only when the sandbox before it is over.
//   Q3. A held sandbox is claimed with its own fence; when that is not to be had it is killed, and the run starts anew.
//   Q4. What cannot be claimed now is tried again after a second; nothing is forgotten, the due rows stand in the store.
//   Q5. When the machine cannot start a sandbox, none of the queue is claimed for a while that grows with each failure;
//       sandboxes that are held go on.
import { getLogger } from "@logtape/logtape";
import type { SessionState } from "../engine/state.ts";
import { AppError } from "../model/error.ts";
import type { Json } from "../model/json.ts";
import { passing } from "../store/fault_point.ts";
import { CALL_DEADLINE_MS } from "../store/kv.ts";
import type { RunCore } from "./core.ts";
import { says } from "./driver/begins.ts";
import { RunDriver } from "./driver/driver.ts";

const log = getLogger(["holdfast", "runs"]);
const AGAIN_MS = 1_000;
const LONGEST_REST_MS = 30_000;

interface Queued {
  readonly session_id: string;
  readonly run_id: string;
  readonly queued_at: string;
  /** Monotonic time before which it is not tried again. */
  not_before: number;
  claiming: boolean;
}

/** The runs of this instance. */
export class Runs {
  readonly #core: RunCore;
  readonly #queue = new Map<string, Queued>();
  readonly #drivers = new Map<string, RunDriver>();
  /** What was committed since a claim was sent: its driver must not miss a cancel. */
  readonly #since = new Map<string, SessionState | null>();
  readonly #claims = new Set<Promise<void>>();
  #open = false;
  #retry = false;
  /** No sandbox can be started: how long it is let be, and until when (monotonic). */
  #rest_ms = 0;
  #rests_until = 0;

  constructor(core: RunCore) {
    this.#core = core;
  }

  get queued(): number {
    return this.#queue.size;
  }
  get executing(): number {
    return this.#count("starting") + this.#count("executing");
  }
  get held(): number {
    return this.#count("held");
  }
  get freeSlots(): number {
    return Math.max(0, this.#core.config.concurrency - this.executing - this.#claims.size);
  }
  /** Place of each queued session, from 1. */
  positions(): ReadonlyMap<string, number> {
    return new Map([...this.#queue.keys()].map((session_id, at) => [session_id, at + 1]));
  }

  /** Starts to claim. */
  open(): void {
    this.#open = true;
    this.#pump();
  }

  /** A commit of any session on this instance. */
  committed(session_id: string, state: SessionState): void {
    this.#drivers.get(session_id)?.committed(state);
    if (this.#since.has(session_id)) this.#since.set(session_id, state);
    const { run } = state;
    if (run?.status === "queued") this.offer({ session_id, run_id: run.run_id, queued_at: run.queued_at });
    else this.#queue.delete(session_id);
    this.#pump();
  }

  /** A run stands in the queue; known ones keep their place. */
  offer(run: { session_id: string; run_id: string; queued_at: string }): void {
    const known = this.#queue.get(run.session_id);
    if (known?.run_id === run.run_id && known.queued_at === run.queued_at) return;
    this.#queue.delete(run.session_id);
    this.#queue.set(run.session_id, { ...run, not_before: 0, claiming: false });
    this.#pump();
  }

  /** Whether a run of this session is queued or driven here. One that waits in a held sandbox may be woken elsewhere. */
  knows(session_id: string): boolean {
    const driver = this.#drivers.get(session_id);
    return this.#queue.has(session_id) || (driver !== undefined && driver.heldFence === null);
  }
  /** The fence under which this instance executes a run of the session, or null. */
  fenceOf(session_id: string): number | null {
    return this.#drivers.get(session_id)?.claim.fence ?? null;
  }
  /** Sessions that have a sandbox here, with the seq that is known of each: another instance may have written more. */
  watched(): { session_id: string; seq: number }[] {
    return [...this.#drivers].filter(([, driver]) => driver.waits)
      .map(([session_id, driver]) => ({ session_id, seq: driver.seq }));
  }
  /** A state read again, not committed here. */
  refreshed(session_id: string, state: SessionState): void {
    this.#drivers.get(session_id)?.committed(state);
  }
  /** Settles when no sandbox of the session is left here. */
  async gone(session_id: string): Promise<void> {
    await this.#drivers.get(session_id)?.over;
  }

  /**
   * Claims nothing more; runs go back to the queue, each when its leaves at work have ended. Settles when no sandbox is
   * left.
   */
  async drain(): Promise<void> {
    this.#open = false;
    for (const driver of this.#drivers.values()) driver.drain();
    await this.#allOver();
  }

  /** In a drain: runs go back to the queue at once. */
  handOver(): void {
    for (const driver of this.#drivers.values()) driver.stop("drain");
  }

  /** The leases have lapsed: every sandbox goes at once. What nobody took over meanwhile goes back without a loss. */
  lapse(): void {
    for (const driver of this.#drivers.values()) driver.stop("away");
  }

  /** Ends every sandbox and leaves the runs to whoever comes next. */
  abandon(): void {
    for (const driver of this.#drivers.values()) driver.abandon();
  }

  async #allOver(): Promise<void> {
    while (this.#drivers.size + this.#claims.size > 0) {
      await Promise.all([...this.#claims, ...[...this.#drivers.values()].map((driver) => driver.over)]);
    }
  }

  #count(phase: RunDriver["phase"]): number {
    let count = 0;
    for (const driver of this.#drivers.values()) if (driver.phase === phase) count++;
    return count;
  }

  /** Looks again whether something can be claimed. */
  wake(): void {
    this.#pump();
  }

  #pump(): void {
    while (this.#open && this.#core.mayExecute() && this.freeSlots > 0) {
      const next = this.#next();
      if (next === null) return;
      next.claiming = true;
      const claim = this.#claim(next);
      this.#claims.add(claim);
      void claim.then(() => {
        this.#claims.delete(claim);
        this.#pump();
      });
    }
  }

  #next(): Queued | null {
    const now = this.#core.clock.monotonic();
    for (const item of this.#queue.values()) {
      if (item.claiming || item.not_before > now) continue;
      const driver = this.#drivers.get(item.session_id);
      if (driver === undefined && now < this.#rests_until) continue;
      if (driver === undefined || (driver.heldFence !== null && driver.claim.run_id === item.run_id)) return item;
    }
    return null;
  }

  async #claim(item: Queued): Promise<void> {
    const { session_id, run_id } = item;
    const held = this.#drivers.get(session_id);
    const held_fence = held?.heldFence ?? null;
    const sent = this.#core.clock.monotonic();
    this.#since.set(session_id, null);
    try {
      const { reply, state } = await this.#core.submit(this.#core.system, session_id, {
        type: "claim_run",
        run_id,
        ...(held_fence === null ? {} : { held_fence }),
      });
      if (this.#queue.get(session_id) === item) this.#queue.delete(session_id);
      const late = this.#core.clock.monotonic() - sent > CALL_DEADLINE_MS;
      if (says(reply, "claimed")) await this.#claimed(item, { reply, state, held, late });
      else await this.#giveBack(item, state);
    } catch (error) {
      this.#notClaimed(item, error);
    } finally {
      item.claiming = false;
      this.#since.delete(session_id);
    }
  }

  async #claimed(
    { session_id, run_id }: Queued,
    { reply, state, held, late }: { reply: Json; state: SessionState; held: RunDriver | undefined; late: boolean },
  ): Promise<void> {
    const { run } = state;
    if (run?.status !== "running") return;
    passing("claim.made");
    const { fence } = run.lease;
    if (says(reply, "held")) {
      if (held?.waits === true) return;
      // The held sandbox went while the claim was on its way: no loss, nothing of the run was at work.
      await held?.over;
      const requeue = { type: "requeue_run" as const, run_id, fence, reason: "wake" as const, loss: false };
      await this.#core.submit(this.#core.system, session_id, requeue);
      return;
    }
    held?.stop("fenced");
    await held?.over;
    const driver = new RunDriver(this.#core, { session_id, run_id, fence }, {
      state: this.#since.get(session_id) ?? state,
      changed: () => this.#changed(session_id),
    });
    this.#drivers.set(session_id, driver);
    // A late answer starts nothing: another may have taken the run over meanwhile. What still is ours goes back.
    if (late || !this.#core.mayExecute()) driver.stop("away");
    else if (!this.#open) driver.stop("drain");
  }

  /** An earlier claim of this instance landed and its answer was lost: nothing was started, so nothing is lost. */
  async #giveBack({ session_id, run_id }: Queued, { run }: SessionState): Promise<void> {
    const { system, submit } = this.#core;
    if (run?.status !== "running" || run.run_id !== run_id || run.lease.instance !== system.instance) return;
    const { fence } = run.lease;
    if (this.fenceOf(session_id) === fence) return;
    await submit(system, session_id, { type: "requeue_run", run_id, fence, reason: "takeover", loss: false });
  }

  #notClaimed(item: Queued, error: unknown): void {
    const code = error instanceof AppError ? error.code : "internal";
    if (code === "not_found") return void this.#queue.delete(item.session_id);
    log.warn("runs.not_claimed", { run_id: item.run_id, session_id: item.session_id, code, error: String(error) });
    item.not_before = this.#core.clock.monotonic() + AGAIN_MS;
    if (this.#retry) return;
    this.#retry = true;
    this.#core.clock.after(AGAIN_MS, () => {
      this.#retry = false;
      this.#pump();
    });
  }

  #changed(session_id: string): void {
    const driver = this.#drivers.get(session_id);
    if (driver?.phase === "over") {
      this.#drivers.delete(session_id);
      if (driver.unstarted) this.#rest();
      if (driver.deleted) void this.#removeFolder(session_id);
    }
    if (driver?.phase === "executing") this.#rest_ms = 0;
    this.#letGo();
    this.#pump();
  }

  /** The timers look again each second. */
  #rest(): void {
    const now = this.#core.clock.monotonic();
    if (now < this.#rests_until) return;
    this.#rest_ms = Math.min(Math.max(AGAIN_MS, this.#rest_ms * 2), LONGEST_REST_MS);
    this.#rests_until = now + this.#rest_ms;
    log.warn("runs.resting", { rest_ms: this.#rest_ms });
  }

  /** Of a session that was deleted on another instance: its sweeper does not reach this disk. */
  async #removeFolder(session_id: string): Promise<void> {
    try {
      await this.#core.folders.remove(session_id);
    } catch (error) {
      log.warn("runs.folder_not_removed", { session_id, error: String(error) });
    }
  }

  /** Held processes are as many as slots at most: the one that waits longest goes first. */
  #letGo(): void {
    const held = [...this.#drivers.values()].filter((driver) => driver.phase === "held");
    for (const driver of held.slice(0, Math.max(0, held.length - this.#core.config.concurrency))) {
      driver.stop("hold_over");
    }
  }
}
