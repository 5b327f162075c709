// The one order of waits, from plain facts: records of the server and views of clients both come here.
//
//   The first that fits: run or recovery (a run whose lease has ended is executed by nobody), resume, queue, approval,
//   message, timer, task. No imports but types: this file is part of what browsers load.
import type { RunStatus } from "../model/run.ts";
import type { SessionStatus, Wait } from "../model/session.ts";

/** The facts that decide a wait. */
export interface WaitFacts {
  readonly status: SessionStatus;
  /** When the session came to rest in its status. */
  readonly since: string;
  readonly run: {
    readonly run_id: string;
    readonly status: RunStatus;
    readonly since: string;
    /** What was asked of it while it executes. */
    readonly asked?: "pause" | "cancel";
  } | null;
  /** Pending approvals, messages waited for and timers, in any order. */
  readonly open: readonly { on: "approval" | "message" | "timer"; id: string; since: string; until?: string }[];
  readonly lease_ended: boolean;
  readonly position?: number;
  readonly estimate_s?: number;
}

/** Computes what a session waits for from plain facts. */
export function waitFor(facts: WaitFacts): Wait {
  const { run } = facts;
  if (run?.status === "running") {
    const asked = run.asked === undefined || facts.lease_ended ? {} : { asked: run.asked };
    return { on: facts.lease_ended ? "recovery" : "run", id: run.run_id, since: run.since, ...asked };
  }
  switch (facts.status) {
    case "suspended":
      return { on: "resume", since: run?.status === "paused" ? run.since : facts.since };
    case "completed":
    case "failed":
    case "expired":
      return null;
    case "active":
      return run === null ? { on: "task", since: facts.since } : waitOfRun(facts, run);
    default:
      return facts.status satisfies never;
  }
}

function waitOfRun(facts: WaitFacts, run: NonNullable<WaitFacts["run"]>): Wait {
  if (run.status === "paused") return { on: "resume", id: run.run_id, since: run.since };
  if (run.status === "queued") {
    const { position, estimate_s } = facts;
    const place = position === undefined ? {} : { position };
    const estimate = estimate_s === undefined ? {} : { estimate_s };
    return { on: "queue", id: run.run_id, since: run.since, ...place, ...estimate };
  }
  for (const on of ["approval", "message", "timer"] as const) {
    const all = facts.open.filter((fact) => fact.on === on);
    const first = all.reduce<(typeof all)[number] | undefined>(nearer, undefined);
    if (first === undefined) continue;
    const until = first.until === undefined ? {} : { until: first.until };
    return { on, id: first.id, since: first.since, ...until, ...(on === "approval" ? { count: all.length } : {}) };
  }
  // A waiting run always has an open wait (rules/waits.ts); a reader of foreign events may meet one without.
  return { on: "recovery", id: run.run_id, since: run.since };
}

type Fact = WaitFacts["open"][number];

function nearer(best: Fact | undefined, fact: Fact): Fact {
  if (best === undefined) return fact;
  const order = (fact.until ?? "9").localeCompare(best.until ?? "9") || fact.since.localeCompare(best.since) ||
    fact.id.localeCompare(best.id);
  return order < 0 ? fact : best;
}
