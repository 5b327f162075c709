// The answers of an approval as buttons: which, in which order, with which words and keys.
import type { Approval } from "../../protocol/rest.ts";
import type { Verb } from "../../model/approval.ts";

/** A button of the foot. `tone`: accent answers, line, or danger. */
export interface VerbButton {
  verb: Verb;
  word: string;
  key?: string;
  tone: "accent" | "line" | "danger";
}
const BUTTONS: Record<Verb, Omit<VerbButton, "verb">> = {
  approved: { word: "Approve", key: "a", tone: "accent" },
  answered: { word: "Send answer", tone: "accent" },
  retry: { word: "Try again", key: "a", tone: "accent" },
  modified: { word: "Approve with changes", key: "a", tone: "accent" },
  approved_session: { word: "Approve for this session", tone: "line" },
  skip: { word: "Skip it", tone: "line" },
  rejected: { word: "Reject", key: "r", tone: "line" },
  rejected_always: { word: "Reject always", tone: "line" },
  abort: { word: "Stop the task", tone: "danger" },
};
const ORDER: readonly Verb[] = [
  "approved",
  "answered",
  "retry",
  "approved_session",
  "skip",
  "rejected",
  "rejected_always",
  "abort",
];

/** The buttons for what an approval allows; with `changes` approving becomes approving with changes. */
export function buttonsOf(approval: Approval, changes: number): VerbButton[] {
  const buttons: VerbButton[] = [];
  for (const verb of ORDER) {
    if (!approval.allowed.includes(verb)) continue;
    const edited = changes > 0 && (verb === "approved" || verb === "retry") && approval.allowed.includes("modified");
    if (edited) {
      buttons.push({
        ...BUTTONS.modified,
        verb: "modified",
        word: `${verb === "retry" ? "Try again" : "Approve"} with ${changes} ${changes === 1 ? "change" : "changes"}`,
      });
    } else buttons.push({ ...BUTTONS[verb], verb });
  }
  return buttons;
}
