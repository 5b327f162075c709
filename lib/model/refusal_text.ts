// What a workflow, a log and a person read of a no: who said it, to what, and why. Plain words, never the wire's verbs.
import type { Verb } from "./approval.ts";

const NO: { readonly [V in Verb]?: string } = {
  rejected: "said no to",
  rejected_always: "said no for the whole session to",
  abort: "stopped the run at",
  skip: "skipped",
  retry: "wants another try of",
};

/** One sentence about an answer that does not let the code go on. */
export function refusalText(
  answer: { name: string; verb: Verb | null; by: string; feedback: string | null },
): string {
  const { name, verb, by, feedback } = answer;
  if (verb === null || by === "timeout") return `Nobody answered "${name}" in time`;
  const why = feedback === null || feedback.trim() === "" ? "" : `: ${feedback.trim()}`;
  const did = NO[verb];
  return did === undefined
    ? `${by} answered "${name}" in a way that it does not take (${verb})${why}`
    : `${by} ${did} "${name}"${why}`;
}
