// What a retry takes over from the run that it repeats: finished entries, as if they were its own.
//
//   K1. It is what the parent saw (its own entries and those that it had kept), cut where the retry begins: the step and
//       all that settled since its first entry are run again. So a retry of a retry runs nothing finished twice.
//   K2. Failed entries that nothing follows, in any scope around them, are left out: with them each retry would only
//       replay the failure. So is a question that ended its line with a no, or with no answer: it is asked again.
//   K3. What a retry keeps was computed from what its parent knew: it knows the same (time of the start, random numbers,
//       history, variables, version) as the run whose entries are the first of them.
import { Answer, type Verb } from "../model/approval.ts";
import type { JournalEntry, ScopeRow, SettledEntry } from "../model/journal.ts";
import type { RunRecord } from "../model/run.ts";
import type { Reads } from "./reads.ts";

/** What a run has seen: finished entries in order, and the scopes in which they stand. */
interface Seen {
  readonly entries: readonly SettledEntry[];
  readonly scopes: ReadonlyMap<string, ScopeRow>;
  /** The first run of them. */
  readonly origin: RunRecord;
}
/** Retries in a row: a bound for a chain that nobody means. */
const MAX_CHAIN = 100;

/** What a run takes over. */
export interface Kept {
  /** Finished entries in order; empty when it is no retry. */
  readonly entries: readonly SettledEntry[];
  /** Steps of groups and maps that are finished in them. */
  readonly steps: number;
  /** The run whose known values are its own: itself, when it takes nothing over. */
  readonly origin: RunRecord;
}

/** What a run takes over. */
export async function keptBy(reads: Reads, run: RunRecord): Promise<Kept> {
  const { entries, scopes, origin } = await inherited(reads, run, 0);
  return { entries, steps: finishedSteps(entries, scopes), origin };
}

/** Scopes that people see, done, with something of them among the entries. */
function finishedSteps(entries: readonly SettledEntry[], scopes: ReadonlyMap<string, ScopeRow>): number {
  const steps = new Set<string>();
  for (const entry of entries) {
    for (let row = scopes.get(entry.scope); row !== undefined; row = scopes.get(row.parent ?? "")) {
      if (row.kind !== "branch" && row.kind !== "root" && row.status === "done") steps.add(row.key);
      if (row.parent === null) break;
    }
  }
  return steps.size;
}

/** Whether a run has a step, its own or taken over. */
export async function hasStep(reads: Reads, run: RunRecord, step_id: string): Promise<boolean> {
  const own = await reads.journal(run.session_id, run.run_id);
  if (own.entries.some((entry) => entry.key === step_id)) return true;
  if (own.scopes.some((scope) => scope.step_id === step_id)) return true;
  const { entries, scopes } = await inherited(reads, run, 0);
  return entries.some((entry) => entry.key === step_id) || [...scopes.values()].some((row) => row.step_id === step_id);
}

async function inherited(reads: Reads, run: RunRecord, depth: number): Promise<Seen> {
  const nothing = { entries: [], scopes: new Map(), origin: run };
  if (run.retry_of === undefined || depth >= MAX_CHAIN) return nothing;
  const parent = await reads.run(run.session_id, run.retry_of);
  if (parent === null) return nothing;
  const seen = await seenBy(reads, parent, depth);
  const cut = run.retry_from === undefined ? seen.entries : cutAt(seen, run.retry_from);
  const noes = await refusals(reads, run.session_id, cut);
  const entries = withoutLastFailures(cut, { scopes: seen.scopes, ended: (entry) => noes.has(entry) });
  return entries.length === 0 ? nothing : { entries, scopes: seen.scopes, origin: seen.origin };
}

async function seenBy(reads: Reads, run: RunRecord, depth: number): Promise<Seen> {
  const before = await inherited(reads, run, depth + 1);
  const own = await reads.journal(run.session_id, run.run_id);
  const scopes = new Map(before.scopes);
  for (const scope of own.scopes) scopes.set(scope.key, scope);
  const entries = [...before.entries, ...own.entries.filter(isSettled).filter(isLeaf)].sort((a, b) => a.n - b.n);
  return { entries, scopes, origin: before.origin };
}

/** Gates are the host's own; what was allowed once is asked again by a run of its own. */
const isLeaf = (entry: JournalEntry): boolean => entry.kind !== "gate";
const isSettled = (entry: JournalEntry): entry is SettledEntry => entry.status !== "open";

/** Entries before the first that belongs to the step or stands behind it. */
function cutAt({ entries, scopes }: Pick<Seen, "entries" | "scopes">, step_id: string): SettledEntry[] {
  const step = placeOfStep(entries, scopes, step_id);
  if (step === null) return [...entries];
  const gone = entries.filter((entry) => !isBefore(placeOf(entry, scopes), step, scopes));
  const first = Math.min(...gone.map((entry) => entry.n));
  return entries.filter((entry) => entry.n < first);
}

/** Where something stands: its position in each scope around it. */
type Where = ReadonlyMap<string, number>;

function placeOf(at: { scope: string; pos: number }, scopes: ReadonlyMap<string, ScopeRow>): Where {
  const where = new Map([[at.scope, at.pos]]);
  for (let row = scopes.get(at.scope); row !== undefined && row.parent !== null; row = scopes.get(row.parent)) {
    where.set(row.parent, row.pos);
  }
  return where;
}

function placeOfStep(
  entries: readonly SettledEntry[],
  scopes: ReadonlyMap<string, ScopeRow>,
  step_id: string,
): Where | null {
  // The first call of a group has its step_id as key.
  const scope = scopes.get(step_id);
  if (scope !== undefined && scope.parent !== null) {
    return placeOf({ scope: scope.parent, pos: scope.pos }, scopes);
  }
  const entry = entries.find((one) => one.key === step_id);
  return entry === undefined ? null : placeOf(entry, scopes);
}

/** Whether something ended before a step in the line of code that they share; branches have no order among them. */
function isBefore(entry: Where, step: Where, scopes: ReadonlyMap<string, ScopeRow>): boolean {
  // The innermost line that they share decides; in the outer ones they stand at one place.
  for (const [scope, pos] of entry) {
    const other = step.get(scope);
    if (other !== undefined) return isFork(scopes.get(scope)) ? pos !== other : pos < other;
  }
  return true;
}

const isFork = (row: ScopeRow | undefined): boolean => row?.kind === "map" || row?.kind === "all";

const NO: ReadonlySet<Verb | null> = new Set<Verb | null>([null, "rejected", "rejected_always", "abort"]);

/** Failed entries, and questions that somebody said no to or nobody answered. */
async function refusals(
  reads: Reads,
  session_id: string,
  entries: readonly SettledEntry[],
): Promise<Set<SettledEntry>> {
  const found = new Set<SettledEntry>();
  for (const entry of entries) {
    if (entry.status === "failed") found.add(entry);
    else if (entry.kind === "approve" || entry.kind === "ask") {
      const answer = Answer.safeParse(await reads.resolve(session_id, entry.value));
      if (answer.success && NO.has(answer.data.verb)) found.add(entry);
    }
  }
  return found;
}

/** Leaves out what ended its line badly and ends what is known of it, one after the other. */
function withoutLastFailures(
  entries: readonly SettledEntry[],
  { scopes, ended }: { scopes: ReadonlyMap<string, ScopeRow>; ended: (entry: SettledEntry) => boolean },
): SettledEntry[] {
  let kept = [...entries];
  for (;;) {
    const places = new Map(kept.map((entry) => [entry, placeOf(entry, scopes)]));
    const last = kept.filter((entry) => ended(entry) && !isFollowed(entry, places, scopes));
    if (last.length === 0) return kept;
    kept = kept.filter((entry) => !last.includes(entry));
  }
}

function isFollowed(
  entry: SettledEntry,
  places: ReadonlyMap<SettledEntry, Where>,
  scopes: ReadonlyMap<string, ScopeRow>,
): boolean {
  const mine = places.get(entry) ?? new Map<string, number>();
  for (const [other, where] of places) {
    if (other !== entry && follows(where, mine, scopes)) return true;
  }
  return false;
}

function follows(other: Where, entry: Where, scopes: ReadonlyMap<string, ScopeRow>): boolean {
  for (const [scope, pos] of entry) {
    const behind = other.get(scope);
    if (behind !== undefined && !isFork(scopes.get(scope)) && behind > pos) return true;
  }
  return false;
}
