// Several sessions of the list chosen at once, and one verb for them.
//
//   BS1. What could not be done stays chosen and is said with its reason; what was done is not chosen any more.
//   BS2. A session that leaves the list is not chosen any more: nothing is done to what is not seen.
import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import type { BulkResult, Session } from "../protocol/rest.ts";
import { type BulkAction, ClientError, createApi } from "./api.ts";
import { refusalText } from "./refusal.ts";

/** Sessions that may be chosen at once. */
export const MOST_CHOSEN = 200;

/** What is chosen, and what is done to it. */
export interface BulkState {
  /** Ids of chosen rows that are shown, in the order of the list. */
  chosen: ReadonlySignal<readonly string[]>;
  doing: Signal<BulkAction | null>;
  /** What became of the last verb. */
  said: Signal<{ bad: boolean; text: string } | null>;
  toggle(id: string): void;
  all(): void;
  none(): void;
  act(action: BulkAction): Promise<void>;
}

/** Makes the state over the rows that are shown. */
export function useBulk(shown: ReadonlySignal<readonly Session[]>): BulkState {
  const marked = useSignal<ReadonlySet<string>>(new Set());
  const chosen = useComputed(() => shown.value.map((row) => row.session_id).filter((id) => marked.value.has(id)));
  const doing = useSignal<BulkAction | null>(null);
  const said = useSignal<BulkState["said"]["value"]>(null);
  return {
    chosen,
    doing,
    said,
    toggle(id) {
      const next = new Set(chosen.peek());
      if (!next.delete(id) && next.size < MOST_CHOSEN) next.add(id);
      marked.value = next;
    },
    all: () => void (marked.value = new Set(shown.peek().slice(0, MOST_CHOSEN).map((row) => row.session_id))),
    none: () => void (marked.value = new Set()),
    async act(action) {
      const ids = [...chosen.peek()];
      if (ids.length === 0 || doing.peek() !== null) return;
      doing.value = action;
      said.value = null;
      try {
        const { results } = await createApi({ base: location.origin }).bulk({ ids, action });
        marked.value = new Set(results.filter((one) => !one.ok).map((one) => one.session_id));
        said.value = outcomeOf(action, results);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        said.value = { bad: true, text: refusalText(error) };
      } finally {
        doing.value = null;
      }
    },
  };
}

const DONE = { suspend: "suspended", resume: "resumed", cancel: "stopped", delete: "deleted" } as const;

/** What became of a verb in one sentence, with the first reason of what was not done. */
export function outcomeOf(action: BulkAction, results: readonly BulkResult[]): { bad: boolean; text: string } {
  const failed = results.filter((one) => !one.ok);
  const [first] = failed;
  const done = `${results.length - failed.length} ${DONE[action]}`;
  if (first === undefined) return { bad: false, text: `${done}.` };
  const others = failed.length === 1 ? "" : ` (and ${failed.length - 1} more)`;
  return { bad: true, text: `${done}, ${failed.length} not: ${first.message}${others}` };
}
