// Which question a session's page shows, also while somebody else answers it.
//
//   AK1. The first pending question is shown. One that ends elsewhere makes place for the next, and it is said how it ended.
//   AK2. One on which the person has typed or sent something stays, locked, until the person closes it: what was typed is
//        never taken away.
import { effect, type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { SessionView } from "../engine/view.ts";
import type { ApprovalView } from "../engine/view/types.ts";

/** What the page shows of questions, and what its panel tells. */
export interface AskingState {
  asked: ReadonlySignal<ApprovalView | null>;
  /** Set by the panel: something was typed, or an answer is on its way. */
  dirty: Signal<boolean>;
  /** The last question that ended elsewhere while it was shown. */
  ended: Signal<ApprovalView | null>;
  /** This page's answer was taken. */
  sent(approval_id: string): void;
  /** The person has seen that it ended. */
  close(): void;
}

/** How a question that was shown ended; null while it has not. */
function endOf(view: SessionView, approval_id: string | null): ApprovalView | null {
  if (approval_id === null || view.pending.some((one) => one.approval_id === approval_id)) return null;
  return view.resolved.findLast((one) => one.approval_id === approval_id) ?? null;
}

/** Makes the state for a view. */
export function useAsking(view: Signal<SessionView>): AskingState {
  const held = useSignal<ApprovalView | null>(null);
  const ended = useSignal<ApprovalView | null>(null);
  const dirty = useSignal(false);
  const asked = useComputed(() => held.value ?? view.value.pending[0] ?? null);
  const mine = useRef(new Set<string>());
  const shown = useRef<string | null>(null);
  const look = () => {
    const over = held.peek() === null ? endOf(view.value, shown.current) : null;
    if (over !== null && dirty.peek()) held.value = over;
    else if (over !== null && !mine.current.has(over.approval_id)) ended.value = over;
    shown.current = asked.value?.approval_id ?? null;
  };
  // At once, before the page is drawn anew: what is held never goes.
  useEffect(() => effect(look), []);
  return {
    asked,
    dirty,
    ended,
    sent(approval_id) {
      mine.current.add(approval_id);
      dirty.value = false;
      held.value = null;
    },
    close() {
      dirty.value = false;
      held.value = null;
    },
  };
}
