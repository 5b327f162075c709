// What was spent today (UTC), by session: counted from commits, begun from the runs of today at the start.
import type { Store } from "../../store/store.ts";

/** Runs of today that are looked at when the process starts. */
const MAX_RUNS = 2_000;

/** Counts what was spent today. */
export class SpendToday {
  readonly #now: () => number;
  #day = -1;
  readonly #usd = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts what a commit cost. */
  spent(session_id: string, usd: number): void {
    this.#add(session_id, usd);
  }

  /** Counts what the runs of today had cost before this process began. */
  async begin(runs: Pick<Store["runs"], "newest">): Promise<void> {
    this.#turn();
    for await (const run of runs.newest({ since_ms: this.#day * DAY_MS, most: MAX_RUNS })) {
      this.#add(run.session_id, run.cost.usd);
    }
  }

  /** What the sessions that one may see have cost today. */
  total(sees: (session_id: string) => boolean): number {
    this.#turn();
    let total = 0;
    for (const [session_id, usd] of this.#usd) if (sees(session_id)) total += usd;
    return total;
  }

  #add(session_id: string, usd: number): void {
    this.#turn();
    if (usd > 0) this.#usd.set(session_id, (this.#usd.get(session_id) ?? 0) + usd);
  }

  #turn(): void {
    const day = Math.floor(this.#now() / DAY_MS);
    if (day === this.#day) return;
    this.#day = day;
    this.#usd.clear();
  }
}
const DAY_MS = 86_400_000;
