// Runs whose instance is gone: taken over, so that each goes on where its journal ends.
//
//   O1. Who is dead is known by beats (lib/store/beats.ts): on an embedded store everyone else, at once; on a shared one
//       whoever stood still for 6 s, and the takeover checks that very beat in its commit.
//   O2. A takeover is running -> queued, with a loss; the claim is a second commit, by any instance.
//   O3. A lease of this instance without a sandbox is a loss as well.
//   O4. Only runs with a lease are touched; waiting ones are not even read.
import { getLogger } from "@logtape/logtape";
import { AppError, isStoreAway } from "../model/error.ts";
import { passing } from "../store/fault_point.ts";
import { keys } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import type { RunCore } from "./core.ts";
import { StaleRead } from "./outside.ts";
import type { Cancel } from "./ports.ts";
import type { Runs } from "./runs.ts";
import type { Outside } from "./submit.ts";

const log = getLogger(["holdfast", "recovery"]);
/** How often the beats of others are looked at, and how often leases of this instance. */
const LOOK_MS = 1_000;
const WALK_MS = 10_000;

/** What recovery needs. */
export interface RecoveryParts {
  readonly core: RunCore;
  readonly runs: Runs;
  readonly leases: Store["leases"];
  readonly beats: Store["beats"];
  /** Other instances may write to the store. */
  readonly shared: boolean;
}
type Lease = Awaited<ReturnType<Store["leases"]["list"]>>[number];

/** Takes over what dead instances left. */
export class Recovery {
  readonly #parts: RecoveryParts;
  #cancel: Cancel | null = null;
  #turn: Promise<void> | null = null;
  #cancelWatch: Cancel | null = null;
  #watching: Promise<void> | null = null;
  #stopped = false;
  #recovered = false;
  #walked_at = -Infinity;
  /** Leases of this instance that had no sandbox at the last walk. */
  #orphans = new Set<string>();

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** Whether the leases that stood at the start are settled. */
  get recovered(): boolean {
    return this.#recovered;
  }

  /** Settles what stood at the start as far as that can be known, and goes on looking. */
  async start(): Promise<void> {
    await this.#walk();
    this.#recovered = true;
    this.#schedule();
    if (this.#parts.shared) this.#watch();
  }

  /** Ends looking; settles when the last look is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancelWatch?.();
    await Promise.all([this.#turn, this.#watching]);
  }

  /** Looks at the beats of others, each second, whatever else takes its time: who looks too rarely sees nobody die. */
  #watch(): void {
    if (this.#stopped) return;
    const { beats, core: { clock } } = this.#parts;
    const asked = clock.monotonic();
    this.#watching = beats.observe().catch((error) => {
      if (!isStoreAway(error)) log.warn("recovery.look_failed", { error: String(error) });
    }).then(() => {
      if (this.#stopped) return;
      this.#cancelWatch = clock.after(Math.max(0, asked + LOOK_MS - clock.monotonic()), () => this.#watch());
    });
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#parts.core.clock.after(LOOK_MS, () => {
      this.#turn = this.#look().catch((error) => {
        if (!isStoreAway(error)) log.warn("recovery.look_failed", { error: String(error) });
      }).then(() => this.#schedule());
    });
  }

  async #look(): Promise<void> {
    const { core, shared } = this.#parts;
    if (shared) await this.#refresh();
    if (shared || core.clock.monotonic() - this.#walked_at >= WALK_MS) await this.#walk();
  }

  /** Reads again what another instance has written to the sessions that have a sandbox here. */
  async #refresh(): Promise<void> {
    const { core, runs } = this.#parts;
    for (const { session_id, seq } of runs.watched()) {
      const head = await core.headSeq(session_id);
      if (head === null || head > seq) runs.refreshed(session_id, await core.load(session_id));
    }
  }

  /** Looks at every lease. */
  async #walk(): Promise<void> {
    const { core, leases } = this.#parts;
    const walked_at = core.clock.monotonic();
    const own = walked_at - this.#walked_at >= WALK_MS;
    const orphans = new Set<string>();
    for (const lease of await leases.list()) {
      if (this.#stopped) return;
      if (lease.instance !== core.system.instance) await this.#foreign(lease);
      else if (own) await this.#own(lease, orphans);
    }
    if (!own) return;
    this.#walked_at = walked_at;
    this.#orphans = orphans;
  }

  /** A claim that is on its way to its driver looks like an orphan once, and never twice. */
  async #own(lease: Lease, orphans: Set<string>): Promise<void> {
    if (this.#parts.runs.fenceOf(lease.session_id) === lease.fence) return;
    const id = `${lease.run_id} ${lease.fence}`;
    if (this.#orphans.has(id)) await this.#takeOver(lease, "its sandbox is gone");
    else orphans.add(id);
  }

  async #foreign(lease: Lease): Promise<void> {
    const { dead, stamp } = this.#parts.beats.judge(lease.instance);
    if (!dead) return;
    await this.#takeOver(lease, "its instance is gone", {
      keys: [keys.beat(lease.instance)],
      read({ entries: [entry] }) {
        if ((entry?.versionstamp ?? null) !== stamp) throw new StaleRead("the instance beats again");
        return {};
      },
    });
  }

  async #takeOver(lease: Lease, why: string, outside?: Outside): Promise<void> {
    const { core } = this.#parts;
    const { session_id, run_id, fence } = lease;
    passing("recovery.found");
    try {
      await core.submit(core.system, session_id, {
        type: "requeue_run",
        run_id,
        fence,
        reason: "takeover",
        loss: true,
        why,
      }, outside === undefined ? {} : { outside });
      passing("recovery.taken");
      log.info("run.taken_over", { run_id, session_id, from: lease.instance, why });
    } catch (error) {
      const code = error instanceof AppError ? error.code : "stale";
      if (code !== "not_found") log.warn("run.not_taken_over", { run_id, session_id, code, error: String(error) });
    }
  }
}
