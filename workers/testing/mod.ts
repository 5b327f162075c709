// testWorkflow: runs a workflow against a script of answers, and shows that it can be replayed.
//
// First it runs from the top with the script. Then, once for each entry of the journal, it runs from the top again with
// what was stored up to that entry, as after a crash there, and compares calls, said lines and result. So values that
// leak through closures, clocks and other impure code are found where they would otherwise end a real run.
import type { JournalEntry, SettledEntry } from "../../lib/model/journal.ts";
import type { Json, JsonObject } from "../../lib/model/json.ts";
import type { RunStart, SaidFrameItem } from "../../lib/protocol/sandbox.ts";
import { installConsole } from "../console.ts";
import { installGlobals } from "../runtime/globals.ts";
import type { FailureData, HistoryMessage, Workflow } from "../sdk/types.ts";
import { difference, differenceSoFar, type Lived, resultOf } from "./compare.ts";
import { EPOCH_MS, HostJournal } from "./journal.ts";
import { live, StandsStill } from "./life.ts";
import { recordedOrder, scriptedOrder } from "./orders.ts";
import { type Script, ScriptReader } from "./script.ts";

export { Failure } from "../sdk/failure.ts";
export type { Answers, Script, ScriptCall, Scripted, ScriptedApproval } from "./script.ts";

/** What a test of a workflow is made of. */
export interface WorkflowTest {
  task?: string;
  config?: JsonObject;
  script?: Script;
  /** Files of the session before the start, path to text. */
  files?: Record<string, string>;
  /** Variables of the session before the start. */
  memory?: JsonObject;
  history?: HistoryMessage[];
  /** Longest time without any progress, ms; 10,000. */
  timeout_ms?: number;
}

/** What a workflow came to under a script. */
export interface WorkflowTestResult {
  result: { ok: true; value: Json } | { ok: false; failure: FailureData };
  /** Finished leaves in the order in which they settled. */
  leaves: SettledEntry[];
  /** Keys of scopes in the order in which they began. */
  scopes: string[];
  said: SaidFrameItem[];
  /** Data of the events of one type that were said. */
  events(type: string): JsonObject[];
  /** What was printed with a place in the log. */
  prints: string[];
  /** What steps printed. */
  output: string[];
  files: Record<string, string>;
  /** Variables that the run has set. */
  memory: JsonObject;
  /** How many replays were compared. */
  replays: number;
}

/** Runs a workflow by a script and replays it after each entry. Throws Error when a replay differs, or stands still. */
export async function testWorkflow(workflow: Workflow, test: WorkflowTest = {}): Promise<WorkflowTestResult> {
  using _globals = installGlobals();
  const printed: string[] = [];
  using _console = installConsole((_stream, text) => void printed.push(text));
  const start = startOf(workflow, test);
  const files = new Map(Object.entries(test.files ?? {}));
  const { timeout_ms = 10_000, script = {} } = test;
  const snapshots: HostJournal[] = [new HostJournal()];
  const journal = new HostJournal();
  const order = scriptedOrder(new ScriptReader(script, files));
  const settled = () => void snapshots.push(new HostJournal(journal));
  const end = await live({ workflow, start, journal, order, files, timeout_ms, settled });
  const first: Lived = { end, journal };
  if (end.last.type === "mismatch") throw new Error(`${end.last.code}: ${end.last.message}`);
  const output = [...printed];
  for (const [index, snapshot] of snapshots.entries()) {
    const again = { workflow, start, files: new Map(files), timeout_ms };
    const found = await replayed(first, again, snapshot);
    if (found !== null) throw new Error(`Cannot replay "${workflow.id}" ${after(snapshot, index)}: ${found}`);
  }
  return summary(first, { files, output, replays: snapshots.length });
}

/** How long a replay may do nothing: only what is no leaf can still be under way. */
const QUIET_MS = 500;

type Again = { workflow: Workflow; start: RunStart; files: Map<string, string>; timeout_ms: number };

/** Replays a run from what was stored at one time; how it differs, or null. */
async function replayed(first: Lived, again: Again, snapshot: HostJournal): Promise<string | null> {
  const journal = new HostJournal(snapshot);
  const order = recordedOrder(first.journal, snapshot.n, journal);
  try {
    const end = await live({ ...again, journal, order, quiet_ms: QUIET_MS });
    return difference(first, { end, journal });
  } catch (error) {
    if (error instanceof StandsStill) return differenceSoFar(first, error);
    throw error;
  }
}

function after(snapshot: HostJournal, index: number): string {
  if (index === 0) return "from its start";
  const last = snapshot.stored().findLast((entry) => entry.status !== "open");
  return `after entry ${index} ("${last?.key ?? ""}")`;
}

function startOf(workflow: Workflow, test: WorkflowTest): RunStart {
  return {
    run_id: "test-run",
    session_id: "00000000-0000-4000-8000-000000000000",
    workflow: workflow.id,
    task: test.task ?? "",
    config: test.config ?? {},
    attempt: 1,
    created_ms: EPOCH_MS,
    history: [...test.history ?? []],
    memory: test.memory ?? {},
  };
}

function summary(
  { end, journal }: Lived,
  rest: { files: Map<string, string>; output: string[]; replays: number },
): WorkflowTestResult {
  const { said } = journal;
  const isSettled = (entry: JournalEntry): entry is SettledEntry => entry.status !== "open";
  return {
    // The first run ended with `finish`: a mismatch was thrown.
    result: resultOf(end) as WorkflowTestResult["result"],
    leaves: journal.stored().filter(isSettled),
    scopes: [...journal.scopes.keys()].filter((key) => key !== ""),
    said,
    events: (type) => said.flatMap(({ say }) => say.what === "event" && say.event_type === type ? [say.data] : []),
    prints: said.flatMap(({ say }) => say.what === "print" ? [say.message] : []),
    output: rest.output,
    files: Object.fromEntries(rest.files),
    memory: journal.memory,
    replays: rest.replays,
  };
}
