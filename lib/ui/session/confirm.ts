// What is asked before an act that cannot be taken back, and the field for a new name.
import type { SessionState } from "../../client/session_state.ts";
import type { Confirm } from "./ConfirmDialog.tsx";

/** The question for an act. */
export function confirmOf(what: "cancel" | "delete" | "rename", state: SessionState): Confirm {
  const name = state.session.peek().name;
  switch (what) {
    case "cancel":
      return {
        title: `Cancel the run of “${name}”?`,
        text: "What is running is stopped and its open questions are closed. Finished steps and files stay.",
        yes: "Cancel the run",
        danger: true,
        onYes: () => void state.act("cancel"),
      };
    case "delete":
      return {
        title: `Delete “${name}”?`,
        text: "Its log, questions and files go with it, a running task is stopped. This cannot be undone.",
        yes: "Delete the session",
        danger: true,
        onYes: () => void state.act("delete"),
      };
    case "rename":
      return {
        title: "Rename the session",
        text: "",
        yes: "Rename",
        danger: false,
        field: name,
        onYes: (text) => void state.rename(text.trim()),
      };
    default:
      return what satisfies never;
  }
}
