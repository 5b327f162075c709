// Keys of the panel that answers an approval.
//
//   KY1. Single keys rest in fields, in dialogs, and while the panel is not to be seen.
import { useEffect, useRef } from "preact/hooks";
import type { Verb } from "../model/approval.ts";
import type { ApprovalState } from "./approval_state.ts";

/** What the keys act on, as it is at the last rendering. */
export interface KeyTarget {
  state: ApprovalState;
  buttons: { verb: Verb; key?: string; edited?: boolean }[];
  /** Whether the panel is shown and can be answered. */
  active: boolean;
}

/** Keys of the panel: the buttons' own, `e` edits, `m` goes to the text, Ctrl+Enter sends the first answer. */
export function useApprovalKeys(target: KeyTarget): void {
  const last = useRef(target);
  last.current = target;
  useEffect(() => {
    const keys = (event: KeyboardEvent) => last.current.active && press(event, last.current);
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  }, []);
}

function press(event: KeyboardEvent, { state, buttons }: KeyTarget): void {
  const at = event.target instanceof Element ? event.target : null;
  if (at?.closest("dialog") || document.querySelector("dialog[open]") !== null) return;
  const send = (button: KeyTarget["buttons"][number] | undefined) => {
    if (button === undefined || (button.edited === true && state.invalid.peek() !== null)) return;
    event.preventDefault();
    void state.send(button.verb);
  };
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return send(buttons[0]);
  if (at?.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const button = buttons.find((one) => one.key === event.key);
  if (button !== undefined) return send(button);
  if (event.key === "e" && state.editable) {
    event.preventDefault();
    document.getElementById("new-limit")?.focus();
    state.editing.value = state.draft.peek()?.steps[0]?.id ?? null;
  }
  if (event.key === "m") {
    event.preventDefault();
    document.querySelector<HTMLTextAreaElement>("#needs-you textarea.say")?.focus();
  }
}
