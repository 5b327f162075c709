// A session as rows: what the writer loads, and every row by which two states differ.
//
//   A1. Rows are compared by identity (S1 of engine/state.ts), decision by decision. Nothing is removed but messages
//       that were taken: rows of ended runs stay, for lists and for retries.
//   A2. Due rows and lease row are the difference of two projections, decision by decision; the summary is that of the
//       first and the last state of a commit. No decision can forget an index.
//   A3. The head's row stands in every difference, also where nothing else changed.
//   A4. A delete writes the head, the trash row, and removes what lists and timers read; the sweeper does the rest.
import { differences } from "../engine/layered.ts";
import type { Projection } from "../engine/project.ts";
import type { MailboxMessage, SessionState } from "../engine/state.ts";
import { packSummary } from "../engine/summary_row.ts";
import type { ApprovalRow } from "../model/approval.ts";
import type { RunRecord } from "../model/run.ts";
import { keys } from "./keys.ts";
import { loadState } from "./load.ts";
import { deleteRow, keyId, type Mutation, setRow } from "./mutation.ts";
import { JOURNAL_FORMAT } from "./records.ts";
import { shrink } from "./shrink.ts";
import type { Aggregate } from "./writer/types.ts";

/** Derives due rows, lease and summary from a state; pure. */
export type Project = (state: SessionState) => Projection;

/** Makes the aggregate of sessions. */
export function createAggregate(project: Project): Aggregate<SessionState> {
  const projection = remember(project);
  // Numbers of mailbox rows: the messages keep their identity as long as they wait.
  const places = new WeakMap<MailboxMessage, number>();
  return {
    async load(kv, session_id) {
      const loaded = await loadState(kv, session_id);
      loaded.state.mailbox.forEach((message, i) => places.set(message, loaded.places[i] ?? i));
      return loaded;
    },
    diff(session_id, before, after) {
      const head = setRow(keys.head(session_id), after.head);
      const derived = derivedRows(session_id, projection(before), projection(after));
      if (after.head.deleted) {
        const gone = before.head.deleted ? [] : [deleteRow(keys.gate(session_id)), setRow(keys.trash(session_id), {})];
        return [head, ...gone, ...derived];
      }
      return [
        head,
        ...sessionRows(session_id, before, after),
        ...runRows(session_id, before, after),
        ...mailboxRows(session_id, { before: before.mailbox, after: after.mailbox, places }),
        ...derived,
      ];
    },
    closing: (session_id, before, after) =>
      changed(summaryRows(session_id, projection(before)), summaryRows(session_id, projection(after))),
    shrink,
    headSeq: (state) => state.head.head_seq,
    withHeadSeq(state, head_seq) {
      return state.head.head_seq === head_seq ? state : { ...state, head: { ...state.head, head_seq } };
    },
    phase(state) {
      if (state.head.deleted) return "deleted";
      return state.session === null ? "absent" : "alive";
    },
  };
}

/** The same function, which derives each state only once. */
export function remember(project: Project): Project {
  const known = new WeakMap<SessionState, Projection>();
  return (state) => {
    const found = known.get(state) ?? project(state);
    known.set(state, found);
    return found;
  };
}

function sessionRows(session_id: string, before: SessionState, after: SessionState): Mutation[] {
  const rows: Mutation[] = [];
  if (before.session === null || before.head.fence !== after.head.fence) {
    rows.push(setRow(keys.gate(session_id), { fence: after.head.fence }));
  }
  const last_run_id = after.run?.run_id ?? null;
  if (before.session !== after.session || (before.run?.run_id ?? null) !== last_run_id) {
    rows.push(setRow(keys.session(session_id), { session: after.session, last_run_id }));
  }
  return rows;
}

function runRows(session_id: string, before: SessionState, after: SessionState): Mutation[] {
  const { run } = after;
  if (run === null) return [];
  const { run_id } = run;
  const same = before.run?.run_id === run_id;
  const rows: Mutation[] = run === before.run ? [] : [setRow(keys.run(session_id, run_id), run)];
  if (!same) rows.push(...runIndexRows(session_id, run, after.session?.owner.id ?? null));
  // Entries that a retry took over may be the same objects as in the run before: they are new in this one.
  const old = same ? before : { entries: new Map(), scopes: new Map(), approvals: new Map() };
  for (const [key, entry] of differences(old.entries, after.entries)) {
    rows.push(setRow(keys.entry(session_id, run_id, key), { f: JOURNAL_FORMAT, entry }));
  }
  for (const [key, scope] of differences(old.scopes, after.scopes)) {
    rows.push(setRow(keys.scope(session_id, run_id, key), { f: JOURNAL_FORMAT, scope }));
  }
  for (const [approval_id, row] of differences<string, ApprovalRow>(old.approvals, after.approvals)) {
    rows.push(...approvalRows(session_id, old.approvals.get(approval_id), row));
  }
  return rows;
}

function runIndexRows(session_id: string, run: RunRecord, owner_id: string | null): Mutation[] {
  const { run_id, start_digest, created_by: principal } = run;
  const created_ms = Date.parse(run.created_at);
  return [
    setRow(keys.runIndex(run_id), { session_id, start_digest, principal }),
    setRow(keys.runTime(created_ms, run_id), { session_id }),
    ...owner_id === null ? [] : [setRow(keys.runOf(owner_id, created_ms, run_id), { session_id })],
  ];
}

function approvalRows(session_id: string, before: ApprovalRow | undefined, after: ApprovalRow): Mutation[] {
  const { approval_id, run_id, status } = after;
  const listKey = (row: ApprovalRow) => keys.approvalList(row.status, Date.parse(row.expires_at), approval_id);
  const rows = [setRow(keys.approval(session_id, run_id, approval_id), after)];
  if (before === undefined) rows.push(setRow(keys.approvalIndex(approval_id), { session_id, run_id }));
  if (before?.status === status && before.expires_at === after.expires_at) return rows;
  if (before !== undefined) rows.push(deleteRow(listKey(before)));
  return [...rows, setRow(listKey(after), { session_id, run_id })];
}

interface Mailboxes {
  before: readonly MailboxMessage[];
  after: readonly MailboxMessage[];
  places: WeakMap<MailboxMessage, number>;
}

function mailboxRows(session_id: string, { before, after, places }: Mailboxes): Mutation[] {
  if (before === after) return [];
  const kept = new Set(after);
  const rows: Mutation[] = [];
  for (const message of before) {
    const place = places.get(message);
    if (!kept.has(message) && place !== undefined) rows.push(deleteRow(keys.mailbox(session_id, place)));
  }
  const known = new Set(before);
  let last = Math.max(0, ...[...before, ...after].map((message) => places.get(message) ?? 0));
  for (const message of after) {
    if (known.has(message)) continue;
    // A decision that is made again has the same message: it keeps its number.
    const place = places.get(message) ?? ++last;
    places.set(message, place);
    rows.push(setRow(keys.mailbox(session_id, place), message));
  }
  return rows;
}

function derivedRows(session_id: string, before: Projection, after: Projection): Mutation[] {
  if (before === after) return [];
  return [
    ...changed(dueRows(session_id, before), dueRows(session_id, after)),
    ...changed(leaseRows(session_id, before), leaseRows(session_id, after)),
  ];
}

function dueRows(session_id: string, { due }: Projection): Mutation[] {
  return due.map(({ time_ms, kind, id }) => setRow(keys.due(time_ms, kind, session_id, id), { session_id, id }));
}

function leaseRows(session_id: string, { lease }: Projection): Mutation[] {
  if (lease === null) return [];
  const { run_id, instance, fence } = lease;
  return [setRow(keys.lease(run_id), { session_id, instance, fence })];
}

function summaryRows(session_id: string, { summary }: Projection): Mutation[] {
  return summary === null ? [] : [setRow(keys.summary(session_id), packSummary(summary))];
}

/** Removes what is gone, sets what is new or other than before. */
function changed(before: readonly Mutation[], after: readonly Mutation[]): Mutation[] {
  const old = new Map(before.map((row) => [keyId(row.key), row]));
  const rows: Mutation[] = [];
  for (const row of after) {
    const id = keyId(row.key);
    const known = old.get(id);
    old.delete(id);
    if (known === undefined || !sameValue(known, row)) rows.push(row);
  }
  for (const row of old.values()) rows.push(deleteRow(row.key));
  return rows;
}

function sameValue(one: Mutation, other: Mutation): boolean {
  if (one.type !== "set" || other.type !== "set") return one.type === other.type;
  if (one.value.length !== other.value.length) return false;
  // Asked of every derived row of every command: a call for each byte would be most of its work.
  for (let i = 0; i < one.value.length; i++) if (one.value[i] !== other.value[i]) return false;
  return true;
}
