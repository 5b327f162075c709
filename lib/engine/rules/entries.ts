// Entries of the journal: made, counted, limited.
//
//   J1. At most 10,000 entries and 64 MB of results a run; at 80 % one warning; over it the run fails `journal_limit`.
import type { FailureData, OpenEntry } from "../../model/journal.ts";
import type { Json } from "../../model/json.ts";
import type { OpenRun } from "../../model/run.ts";
import { MAX_ENTRIES, MAX_JOURNAL_BYTES, WARN_AT } from "../limits.ts";
import { isWait } from "../open.ts";
import { stepOfScope } from "../steps.ts";
import { failNow } from "./ends.ts";
import { takeStepNumber } from "./plans.ts";
import { emit, isRefusal, type Of, openRun, type Outcome, setEntry, setRun, type Work } from "./work.ts";

/** Writes the entry of a leaf that begins for the first time, and counts it. */
export function addEntry(work: Work, run: OpenRun, command: Of<"begin_leaf">, on: Partial<OpenEntry> = {}): OpenEntry {
  const entries = run.entries + 1;
  setRun(work, { ...run, entries });
  const { key, scope, name, pos, kind, digest } = command;
  const step = !isWait({ kind }) && stepOfScope(work.state, scope) === null;
  const number = step ? { step_number: takeStepNumber(work, { step_id: key, id: name, around: null }) } : {};
  const made = { key, scope, name, pos, kind, digest, attempt: 1, at: work.now, failures: [], ...number };
  const entry: OpenEntry = { ...made, ...on, status: "open" };
  setEntry(work, entry);
  if (entries === MAX_ENTRIES * WARN_AT) {
    emit(work, "warning", { code: "journal_entries", message: `${entries} of ${MAX_ENTRIES} entries are used` });
  }
  return entry;
}

/** Ends a run that has no room for another entry; null when it has. */
export function refuseEntry(work: Work, run: OpenRun): Outcome | null {
  if (run.entries < MAX_ENTRIES) return null;
  return failNow(work, run, { type: "journal_limit", message: `The run has ${MAX_ENTRIES} entries in its journal` });
}

/** Counts what an entry stores; ends the run and says so when that is too much. */
export function countBytes(work: Work, stored: Json | FailureData): Outcome | null {
  const before = work.state.run?.journal_bytes ?? 0;
  const after = addBytes(work, stored);
  const open = openRun(work, work.state.run?.run_id ?? "", "go on with");
  if (after > MAX_JOURNAL_BYTES && !isRefusal(open)) {
    return failNow(work, open, { type: "journal_limit", message: "The results of the run are over 64 MB" });
  }
  const warn = MAX_JOURNAL_BYTES * WARN_AT;
  if (before < warn && after >= warn) {
    emit(work, "warning", { code: "journal_bytes", message: `${after} of ${MAX_JOURNAL_BYTES} bytes are used` });
  }
  return null;
}

/** Counts what an entry stores: nobody's answer ends a run, the next leaf that ends does. Returns the sum. */
export function addBytes(work: Work, stored: Json | FailureData): number {
  const { run } = work.state;
  if (run === null) return 0;
  const journal_bytes = run.journal_bytes + encoder.encode(JSON.stringify(stored)).length;
  setRun(work, { ...run, journal_bytes });
  return journal_bytes;
}
const encoder = new TextEncoder();
