// The one timer loop: what is due in the store is said to its session. Waits, deadlines of approvals, idle sessions.
//
//   D1. The due index is the truth; what happens in this process only wakes the loop earlier.
//   D2. Whoever says it first wins: said twice, or by two instances, it changes nothing.
//   D3. Runs in the queue (time 0) are offered to `runs.ts`, which knows the slots.
import { getLogger } from "@logtape/logtape";
import { dueTimers } from "../engine/project.ts";
import type { SystemCommand } from "../model/command.ts";
import { AppError, isStoreAway } from "../model/error.ts";
import { passing } from "../store/fault_point.ts";
import type { Store } from "../store/store.ts";
import type { RunCore } from "./core.ts";
import { approvalOutside, withFreshReads } from "./outside.ts";
import type { Cancel } from "./ports.ts";
import type { Reads } from "./reads.ts";
import type { Runs } from "./runs.ts";

const log = getLogger(["holdfast", "timers"]);
const EVERY_MS = 1_000;
/** Rows that one turn of the loop looks at: a long queue (time 0) must not hide what comes after it. */
const LIMIT = 20_000;

/** What the loop needs. */
export interface TimersParts {
  readonly core: RunCore;
  readonly reads: Reads;
  readonly runs: Runs;
  readonly due: Store["due"];
}
type Row = Awaited<ReturnType<Store["due"]["list"]>>[number];

/** The timer loop. */
export class Timers {
  readonly #parts: TimersParts;
  #cancel: Cancel | null = null;
  #turn: Promise<void> | null = null;
  #stopped = false;

  constructor(parts: TimersParts) {
    this.#parts = parts;
  }

  /** Starts the loop; the first turn is at once. */
  start(): void {
    this.#schedule(0);
  }

  /** Ends the loop; settles when its last turn is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#turn;
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#parts.core.clock.after(ms, () => {
      this.#turn = this.turn().catch((error) => {
        // The store may be away; the next turn asks again.
        if (!isStoreAway(error)) log.warn("timers.turn_failed", { error: String(error) });
      }).then(() => this.#schedule(EVERY_MS));
    });
  }

  /** One turn: says everything that is due. */
  async turn(): Promise<void> {
    const { runs } = this.#parts;
    if (runs.executing === 0 && runs.queued === 0) passing("idle.turn");
    const rows = await this.#parts.due.list({ now: this.#parts.core.clock.now(), limit: LIMIT });
    for (const row of rows) {
      if (this.#stopped) return;
      await this.#fire(row).catch((error) => this.#failed(row, error));
    }
    runs.wake();
  }

  async #fire(row: Row): Promise<void> {
    const { session_id, id } = row;
    switch (row.kind) {
      case "run":
        return await this.#offer(row);
      case "timer": {
        const state = await this.#parts.reads.state(session_id);
        const { run } = state;
        if (run === null) return;
        for (const key of dueTimers(state, this.#parts.core.clock.now())) {
          await this.#say(session_id, { type: "fire_timer", run_id: run.run_id, key });
        }
        return;
      }
      case "approval":
        return await this.#expire(session_id, id);
      case "session":
        return await this.#say(session_id, { type: "expire_session" });
      default:
        log.warn("timers.unknown_kind", { kind: row.kind, session_id });
    }
  }

  async #offer({ session_id }: Row): Promise<void> {
    const { runs, reads } = this.#parts;
    if (runs.knows(session_id)) return;
    const { run } = await reads.state(session_id);
    if (run?.status === "queued") runs.offer({ session_id, run_id: run.run_id, queued_at: run.queued_at });
  }

  async #expire(session_id: string, approval_id: string): Promise<void> {
    const { core, reads } = this.#parts;
    await withFreshReads(async () => {
      const outside = await approvalOutside(reads, session_id, approval_id);
      await core.submit(core.system, session_id, { type: "expire_approval", approval_id }, { outside });
    });
  }

  async #say(session_id: string, command: SystemCommand): Promise<void> {
    const { core } = this.#parts;
    await core.submit(core.system, session_id, command);
  }

  async #failed(row: Row, error: unknown): Promise<void> {
    const code = error instanceof AppError ? error.code : "internal";
    // Nothing answers to it any more: its session is gone.
    if (code === "not_found") {
      await this.#parts.due.drop(row);
      return;
    }
    log.warn("timers.not_fired", {
      kind: row.kind,
      session_id: row.session_id,
      id: row.id,
      code,
      error: String(error),
    });
  }
}
