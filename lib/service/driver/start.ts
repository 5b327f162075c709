// What a sandbox is told before its code begins: the run, its config, what earlier runs left, and its journal.
//
//   T1. A replay sees what the first start saw: history and memory are those before the run's own first event.
import { AppError } from "../../model/error.ts";
import type { SessionState } from "../../engine/state.ts";
import type { RunCommand } from "../../model/command.ts";
import type { JournalEntry, ScopeRow, SettledEntry } from "../../model/journal.ts";
import type { RunRecord } from "../../model/run.ts";
import type { SessionRecord } from "../../model/session.ts";
import type { HostFrame, RunStart } from "../../protocol/sandbox.ts";
import type { RunCore } from "../core.ts";
import type { Kept } from "../kept.ts";
import { expectsCode } from "./expects_code.ts";
import { FileTracker } from "./file_tracker.ts";

type BeginRun = Extract<RunCommand, { type: "begin_run" }>;

/** Everything that a start needs. */
export interface Prepared {
  readonly run: RunRecord;
  readonly begin: Omit<BeginRun, "type">;
  readonly start: HostFrame;
  /** Finished entries of the run that this one repeats. */
  readonly kept: readonly SettledEntry[];
  readonly files: FileTracker;
  /** Whether a block of code will soon be wanted, by what is stored of the run now. */
  expectsCode(entries: Iterable<JournalEntry>): boolean;
}

/** Prepares the start of a claimed run. Throws AppError `invalid` when its mode is gone. */
export async function prepareStart(core: RunCore, state: SessionState): Promise<Prepared> {
  const { run, session } = state;
  if (run === null || session === null) throw new AppError("not_found", "Cannot start the run: its session is gone");
  const files = new FileTracker(core.folders, run.session_id);
  const [entry, task, { kept, earlier }] = await Promise.all([
    core.catalogue.get(run.mode),
    core.resolve(run.session_id, run.task),
    takeOver(core, session, run),
    prepareFolder(core, files, state),
  ]);
  const { own, ...source } = entry.description;
  const began = begunWith(run, kept);
  return {
    run,
    kept: kept.entries,
    files,
    expectsCode: (entries) =>
      expectsCode({ config: run.config, config_schema: entry.description.config_schema, task, entries }),
    begin: {
      workflow_version: source.version,
      source_digest: source.source_digest,
      ...(began === null
        ? {}
        : { began_with: { workflow_version: began.version, source_digest: began.source_digest } }),
      model: core.models.model,
      work_dir: `/api/sessions/${run.session_id}/files`,
      reused_steps: countSteps(state, kept),
    },
    start: {
      type: "start",
      run: {
        run_id: run.run_id,
        session_id: run.session_id,
        workflow: run.mode,
        ...(own === undefined ? {} : { own }),
        task: typeof task === "string" ? task : JSON.stringify(task),
        ...configOf(run),
        ...began,
        attempt: Math.max(1, run.attempt),
        created_ms: Date.parse(kept.origin.created_at),
        ...takenOver(kept),
        ...earlier,
      },
      scopes: [...state.scopes.values()],
    },
  };
}

/** What the run knows: as the run knew it whose entries it keeps. */
async function takeOver(core: RunCore, session: SessionRecord, run: RunRecord) {
  const kept = await core.kept(run);
  return { kept, earlier: await core.earlier(session, kept.origin.run_id) };
}

/** The config as it was given, or as the workflow's schema made it at the first start. */
function configOf({ config, parsed_config }: RunRecord): Pick<RunStart, "config" | "parsed"> {
  if (parsed_config === undefined) return { config };
  return { config: parsed_config === true ? config : parsed_config, parsed: true };
}

/** Version and source with which the run began, or the run whose entries it keeps; null at a first start. */
function begunWith(run: RunRecord, { origin }: Kept): { version: number; source_digest: string } | null {
  const { workflow_version: version, source_digest } = run.source_digest === undefined ? origin : run;
  return version === undefined || source_digest === undefined ? null : { version, source_digest };
}

function takenOver({ entries, origin }: Kept): Pick<RunStart, "kept"> {
  const last = entries.at(-1);
  return last === undefined ? {} : { kept: { run_id: origin.run_id, last: last.n } };
}

async function prepareFolder(core: RunCore, files: FileTracker, { run, entries }: SessionState): Promise<void> {
  if (run === null) return;
  await core.folders.ensure(run.session_id);
  const rebuilt = await core.shared?.begin(run.session_id) ?? null;
  await files.start(unfinishedSince(entries.values()), rebuilt);
}

/** When the first leaf began that may have written and has not finished. */
function unfinishedSince(entries: Iterable<JournalEntry>): number | null {
  let first: number | null = null;
  for (const entry of entries) {
    const writes = entry.kind === "exec" || entry.kind === "tool" || entry.kind === "step";
    if (entry.status !== "open" || !writes) continue;
    const at = Date.parse(entry.at);
    if (first === null || at < first) first = at;
  }
  return first;
}

const STEPS: ReadonlySet<ScopeRow["kind"]> = new Set(["group", "map", "all"]);

/** Steps that people see and that are finished already. */
function countSteps(state: SessionState, kept: Kept): number {
  let steps = kept.entries.filter((entry) => entry.step_number !== undefined).length;
  // From here on its own rows hold the groups that it went through.
  if (state.scopes.size <= 1) steps += kept.steps;
  for (const scope of state.scopes.values()) if (STEPS.has(scope.kind) && scope.status === "done") steps++;
  for (const entry of state.entries.values()) if (entry.status !== "open" && entry.step_number !== undefined) steps++;
  return steps;
}
