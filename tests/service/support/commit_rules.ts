// What holds after every commit of every test of the service: the wait is exactly one of the shapes that the status
// allows, a session has one open run at most, a final run never changes, nothing of a run follows its end.
//
//   A breach is kept and thrown when the test looks next (`until`, `pass`) and at its end: a hook of the writer may not throw.
import { presentSession } from "@/lib/engine/present.ts";
import type { EngineSettings, SessionState } from "@/lib/engine/state.ts";
import type { EventDraft } from "@/lib/model/event.ts";
import { digestOf } from "@/lib/service/digest.ts";
import { isFinal, type RunRecord } from "@/lib/model/run.ts";
import type { SessionStatus, Wait } from "@/lib/model/session.ts";

/** What is allowed beside `on`, and what must be there. */
const SHAPES: Record<NonNullable<Wait>["on"], { must: string[]; may: string[] }> = {
  run: { must: ["id", "since"], may: ["asked"] },
  recovery: { must: ["id", "since"], may: [] },
  resume: { must: ["since"], may: ["id"] },
  queue: { must: ["id", "since"], may: ["position", "estimate_s"] },
  approval: { must: ["id", "since", "until", "count"], may: [] },
  message: { must: ["id", "since"], may: ["until"] },
  timer: { must: ["id", "since", "until"], may: [] },
  task: { must: ["since"], may: [] },
};

/** What a session may wait for, by its status and that of its run. */
function allowed(status: SessionStatus, run: RunRecord | null): (NonNullable<Wait>["on"] | null)[] {
  if (run?.status === "running") return ["run"];
  if (status === "suspended") return ["resume"];
  if (status !== "active") return [null];
  if (run === null || isFinal(run)) return ["task"];
  if (run.status === "queued") return ["queue"];
  return run.status === "paused" ? ["resume"] : ["approval", "message", "timer"];
}

/** What is wrong with the wait of a session, or null. */
export function waitBreach(state: SessionState, settings: EngineSettings): string | null {
  if (state.session === null) return null;
  const { wait } = presentSession(state, settings);
  const may = allowed(state.session.status, state.run);
  const about = `session ${state.session.status}, run ${state.run?.status ?? "none"}: ${JSON.stringify(wait)}`;
  if (!may.includes(wait?.on ?? null)) return `it may wait for ${may.join(" or ")}: ${about}`;
  if (wait === null) return null;
  const keys = Object.keys(wait).filter((key) => key !== "on");
  const { must, may: more } = SHAPES[wait.on];
  const missing = must.filter((key) => !keys.includes(key));
  const foreign = keys.filter((key) => !must.includes(key) && !more.includes(key));
  return missing.length + foreign.length === 0 ? null : `${[...missing, ...foreign].join()} in the wait: ${about}`;
}

/** Hears every commit of a store, also of several processes on it. */
export class CommitRules {
  readonly breaches: string[] = [];
  readonly #final = new Map<string, string>();
  readonly #open = new Map<string, string>();
  readonly #over = new Set<string>();

  hear(commit: { session_id: string; state: SessionState; drafts: readonly EventDraft[] }, settings: EngineSettings) {
    const { session_id, state, drafts } = commit;
    const wait = waitBreach(state, settings);
    if (wait !== null) this.breaches.push(`[EACH1] ${session_id}: ${wait}`);
    if (state.run !== null) this.#heardRun(session_id, state.run);
    for (const draft of drafts) {
      if (draft.run_id === null) continue;
      if (this.#over.has(draft.run_id)) {
        this.breaches.push(`[EACH4] ${draft.event_type} after the end of ${draft.run_id}`);
      }
      if (draft.event_type === "complete") this.#over.add(draft.run_id);
    }
  }

  /** Throws when something was broken. */
  check(): void {
    if (this.breaches.length > 0) throw new Error(this.breaches.join("\n"));
  }

  #heardRun(session_id: string, run: RunRecord): void {
    const known = this.#final.get(run.run_id);
    const open = this.#open.get(session_id);
    if (!isFinal(run)) {
      if (known !== undefined) this.breaches.push(`[EACH3] ${run.run_id} is ${run.status} after it was final`);
      if (open !== undefined && open !== run.run_id) this.breaches.push(`[EACH2] ${run.run_id} beside ${open}`);
      this.#open.set(session_id, run.run_id);
      return;
    }
    if (open === run.run_id) this.#open.delete(session_id);
    // A record that was read again has its keys in another order.
    const now = digestOf(JSON.parse(JSON.stringify(run)));
    if (known !== undefined && known !== now) {
      this.breaches.push(`[EACH3] the final run ${run.run_id} changed: ${JSON.stringify(run)}`);
    }
    this.#final.set(run.run_id, now);
  }
}
