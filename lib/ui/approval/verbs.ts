// The answers of an approval as buttons: which, in which order, with which words and keys.
//
//   VB1. Each verb that is allowed is one button; no key and no accent stands on two of them.
//   VB2. `modified` is a button only for an edited subject, in place of approving (or of trying again, or of nothing). A sum
//        that was typed is sent with `approved`.
import type { Approval } from "../../protocol/rest.ts";
import type { Verb } from "../../model/approval.ts";
import { gateWords } from "../../client/gate_words.ts";
import { sumEditOf } from "../../client/sum_edit.ts";

/** A button of the foot. `tone`: accent answers, line, or danger. */
export interface VerbButton {
  verb: Verb;
  word: string;
  key?: string;
  tone: "accent" | "line" | "danger";
  /** It sends what was changed, so it rests while that does not fit. */
  edited?: boolean;
  /** What it does, where the word does not say it. */
  does?: string;
}
const BUTTONS: Record<Verb, Omit<VerbButton, "verb" | "does" | "edited">> = {
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
  "modified",
  "approved_session",
  "skip",
  "rejected",
  "rejected_always",
  "abort",
];

/** The verb in whose place an edited subject is sent; null when nothing was edited or may be. */
function editedInPlaceOf(approval: Approval, changes: number): Verb | null {
  const { allowed } = approval;
  if (changes === 0) return null;
  if (sumEditOf(approval) !== null) return "approved";
  if (!allowed.includes("modified")) return null;
  return (["approved", "retry"] as const).find((verb) => allowed.includes(verb)) ?? "modified";
}

function editedButton(approval: Approval, inPlaceOf: Verb, changes: number): VerbButton {
  const word = inPlaceOf === "retry" ? "Try again" : "Approve";
  return {
    ...BUTTONS.modified,
    verb: sumEditOf(approval) === null ? "modified" : "approved",
    edited: true,
    word: `${word} with ${changes} ${changes === 1 ? "change" : "changes"}`,
  };
}

/** The buttons for what an approval allows; with `changes` approving becomes approving with changes. */
export function buttonsOf(approval: Approval, changes: number): VerbButton[] {
  const edited = editedInPlaceOf(approval, changes);
  const verbs = ORDER.filter((verb) => verb === edited || (verb !== "modified" && approval.allowed.includes(verb)));
  const words = gateWords(approval);
  return verbs.map((verb, i) => {
    const button = verb === edited
      ? { ...editedButton(approval, verb, changes), ...words.modified }
      : { ...BUTTONS[verb], verb, ...words[verb] };
    return i > 0 && button.tone === "accent" ? quiet(button) : button;
  });
}

/** A further way to say yes, behind the first: it takes neither its key nor its accent. */
function quiet({ verb, word, does }: VerbButton): VerbButton {
  return { verb, word, tone: "line", ...(does === undefined ? {} : { does }) };
}
