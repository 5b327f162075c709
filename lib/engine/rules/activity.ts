// What a session does right now, in one line that people read.
import type { LeafKind } from "../../model/journal.ts";

const DOING: Record<LeafKind, string> = {
  step: "Runs",
  model: "Asks the model",
  exec: "Runs code",
  tool: "Uses a tool",
  approve: "Waits for approval",
  ask: "Waits for an answer",
  message: "Waits for a message",
  sleep: "Sleeps",
  gate: "Waits for permission",
};

/** Kinds whose name is the workflow's own business: people see the step that they stand in. */
const UNNAMED: ReadonlySet<LeafKind> = new Set(["model", "exec"]);

/** The line for a leaf that begins. */
export function doing(kind: LeafKind, name: string): string {
  return UNNAMED.has(kind) ? DOING[kind] : oneLine(`${DOING[kind]}: ${name}`);
}

/** The first 200 characters of a text, on one line. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line.length <= 200) return line;
  return `${line.slice(0, /[\uD800-\uDBFF]/.test(line.charAt(198)) ? 198 : 199)}…`;
}
