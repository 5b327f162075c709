// Whether a sandbox that starts will soon want a block of code to run: then its process is started at the same time.
//
// A guess, and only time rests on it: a process that nobody wants is thrown away after a while, and one that was not
// started ahead is started when it is wanted. So it is guessed only where a block comes before the next question.
import type { JournalEntry } from "../../model/journal.ts";
import type { Json } from "../../model/json.ts";
import type { RunRecord } from "../../model/run.ts";
import { readRunbook } from "../../model/runbook.ts";

/** Longer tasks are not read for a guess. */
const MOST_CHARACTERS = 200_000;
/** Modes that ask about a plan before they do anything. */
const ASKS_LATER: ReadonlySet<unknown> = new Set([undefined, "none", "on_error", "after_step"]);

/** What is known of a run before its sandbox starts. */
export interface Known {
  readonly config: RunRecord["config"];
  /** JSON Schema of its mode's config, with the defaults that stand in no run's config. */
  readonly config_schema: Record<string, Json>;
  readonly task: Json;
  readonly entries: Iterable<JournalEntry>;
}

/** Guesses by the task and by what is stored of the run. */
export function expectsCode({ config, config_schema, task, entries }: Known): boolean {
  let answered = false;
  for (const entry of entries) {
    if (entry.kind === "exec") return true;
    if ((entry.kind === "approve" || entry.kind === "ask") && entry.status !== "open") answered = true;
  }
  if (typeof task !== "string" || task.length > MOST_CHARACTERS) return false;
  const items = readRunbook(task).steps.flatMap((step) => step.items);
  const asksFirst = items[0]?.kind !== "code" ||
    !ASKS_LATER.has(config["approvalMode"] ?? defaultOf(config_schema, "approvalMode"));
  return items.some((item) => item.kind === "code") && (answered || !asksFirst);
}

function defaultOf(schema: Json | undefined, key: string): Json | undefined {
  const properties = field(schema, "properties");
  return field(field(properties, key), "default");
}

function field(value: Json | undefined, key: string): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value[key] : undefined;
}
