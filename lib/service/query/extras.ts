// What this instance knows of sessions beside their records: places in the queue, instances that are gone.
import type { LiveExtras } from "../../engine/present.ts";
import type { RunRecord } from "../../model/run.ts";

/** What the instance knows. */
export interface LiveFacts {
  /** Place of each queued session, from 1. */
  positions(): ReadonlyMap<string, number>;
  /** Whether an instance is gone, as far as this one can tell. */
  isDead(instance: string): boolean;
}

/** What is laid over a session when it is shown. */
export function extrasOf(facts: LiveFacts, session_id: string, run: RunRecord | null = null): LiveExtras {
  const position = facts.positions().get(session_id);
  const lease_ended = run?.status === "running" && facts.isDead(run.lease.instance);
  return { ...(position === undefined ? {} : { position }), ...(lease_ended ? { lease_ended } : {}) };
}
