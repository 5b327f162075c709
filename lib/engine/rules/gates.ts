// Gates: what a person must allow before a leaf begins, or before it goes on with a right that it wants.
//
//   G1. A gate has an entry of its own; it is asked before its leaf begins, or when an attempt ended for want of a right.
//   G2. The commit that begins the leaf uses the answer up. It stays valid for later attempts of that leaf with the same
//       digest (type, subject, verbs); another digest asks anew, and a question that is out of date is withdrawn.
//   G3. A no fails the leaf with `rejected` or `expired`. An answer for the session (grants.ts) is never asked for again.
//   G4. A leaf has at most 8 gates, a run 200: code that wants ever more is told no without a question.
import type { ApprovalRow } from "../../model/approval.ts";
import { YES } from "../../model/approval.ts";
import type { FailureData, JournalEntry, OpenEntry } from "../../model/journal.ts";
import type { GateAsk } from "../../model/command.ts";
import type { OpenRun, RunRecord } from "../../model/run.ts";
import { refusalText } from "../../model/refusal_text.ts";
import { MAX_GATES, MAX_RUN_GATES } from "../limits.ts";
import { gateKey, gatesOf, holdsBack, mayAskOneMore } from "../open.ts";
import { doing, oneLine } from "./activity.ts";
import { askApproval } from "./asks.ts";
import { isRaised, raiseBudget } from "./costs.ts";
import { refuseEntry } from "./entries.ts";
import { standing } from "./grants.ts";
import { leafAtWork } from "./leaf_ends.ts";
import {
  emit,
  isRefusal,
  type Of,
  openRun,
  type Outcome,
  setApproval,
  setEntry,
  setRun,
  setSession,
  takeEntryNumber,
  type Work,
} from "./work.ts";

type Begin = Of<"begin_leaf">;
type Gate = JournalEntry & { status: "done" };

/** What a gate says to a leaf that wants to begin: go on (with what was changed), wait, or a failure. */
export type Passed =
  | { go: true; waited: boolean; args_digest?: string }
  | { go: false; outcome: Outcome }
  | { go: false; failure: FailureData };

/** Asks, waits or lets through: what stands between a leaf and its begin. */
export function passGate(work: Work, run: OpenRun, command: Begin): Passed {
  const { gate, key } = command;
  const own = gatesOf(work.state, key);
  if (gate === undefined && own.length === 0) return { go: true, waited: false };
  const match = own.findLast((one) => one.status !== "failed" && one.digest === gate?.approval_digest);
  const waiting = own.find((one) => one.status === "open");
  if (waiting?.status === "open") {
    const outdated = gate === undefined ? isOutdated(run, waiting) : match === undefined;
    if (!outdated) return stands();
    withdraw(work, waiting);
  }
  const news = own.find((one): one is Gate => one.status === "done" && holdsBack(one));
  // A yes to a call with other arguments is none to this one.
  const mine = news !== undefined && (news === match || gate === undefined || news.right?.kind !== "call");
  if (news !== undefined) {
    setEntry(work, { ...news, used: true });
    const failure = mine ? refused(work, news) : null;
    if (failure !== null) return { go: false, failure };
    if (mine && news.right?.kind === "budget") raiseBudget(work, news);
  }
  const changed = changedDigest(work, own, match);
  if (gate === undefined || match?.status === "done") return { go: true, waited: mine, ...changed };
  return ask(work, run, { command, gate });
}

/** An attempt wants a right that it does not have. */
export function gateLeaf(work: Work, command: Of<"gate_leaf">): Outcome {
  const entry = leafAtWork(work, command.key, "stop");
  if ("same" in entry || isRefusal(entry)) return entry;
  const run = openRun(work, work.state.run?.run_id ?? "", "go on with");
  if (isRefusal(run)) return run;
  if (run.cancel !== undefined) return { same: { cancelled: true } };
  const { gate } = command;
  const own = gatesOf(work.state, command.key);
  const often = own.length >= MAX_GATES ||
    own.some((one) => one.status !== "failed" && one.digest === gate.approval_digest);
  if (often || countGates(work) >= MAX_RUN_GATES) return { same: { refused: true } };
  const passed = ask(work, run, { command: entry, gate });
  if (passed.go) return { same: { granted: true } };
  if ("failure" in passed) return { same: { refused: true, message: passed.failure.message } };
  return passed.outcome;
}

/** Asks the question, unless the session has a standing answer or too much is asked already. */
function ask(
  work: Work,
  run: OpenRun,
  of: { command: Pick<Begin, "key" | "scope" | "name" | "pos">; gate: GateAsk },
): Passed {
  const { command, gate } = of;
  const known = standing(work.state.session, gate.right);
  if (known?.allowed === true) return { go: true, waited: false };
  if (known !== undefined) {
    const message = `${known.by} said no to this for the whole session: ${known.text}`;
    return { go: false, failure: { code: "rejected", message, data: { verb: "rejected_always", by: known.by } } };
  }
  if (!mayAskOneMore(work.state)) return stands({ later: true });
  const n = gatesOf(work.state, command.key).length + 1;
  if (n > MAX_GATES) {
    return { go: false, failure: { code: "refused", message: `"${command.name}" has asked ${MAX_GATES} times` } };
  }
  const full = refuseEntry(work, run);
  if (full !== null) return { go: false, outcome: full };
  begin(work, run, { ...of, n });
  return { go: false, outcome: { reply: { began: false, gated: true, approval_id: gate.approval_id } } };
}

function begin(
  work: Work,
  run: OpenRun,
  of: { command: Pick<Begin, "key" | "scope" | "name" | "pos">; gate: GateAsk; n: number },
): void {
  const { command: { key, scope, pos }, gate, n } = of;
  const name = oneLine(gate.ask.action);
  const { right, approval_digest, approval_id } = gate;
  setRun(work, { ...run, entries: run.entries + 1 });
  const made = { key: gateKey(key, n), scope, name, pos, kind: "gate" as const, digest: approval_digest, right };
  const entry: OpenEntry = { ...made, attempt: 1, at: work.now, failures: [], status: "open", approval_id };
  setEntry(work, entry);
  const until = askApproval(work, entry, { on: "approval", ...gate });
  emit(work, "wait_started", { on: "approval", id: approval_id, until });
  setSession(work, { activity: doing("gate", gate.ask.action) });
}

/** Somebody has allowed more for another leaf meanwhile: nobody need answer this. */
export function isOutdated(run: RunRecord | null, gate: JournalEntry): boolean {
  return run !== null && gate.right?.kind === "budget" && isRaised(run, gate.right);
}

function stands(more: { later?: true } = {}): Passed {
  return { go: false, outcome: { same: { began: false, gated: true, ...more } } };
}

/** A question that is out of date: nobody can answer it any more, and no answer to it counts. */
function withdraw(work: Work, gate: OpenEntry): void {
  const row = work.state.approvals.get(gate.approval_id ?? "");
  if (row?.status === "pending") {
    setApproval(work, { ...row, status: "cancelled", resolved_at: work.now });
    emit(work, "approval_cancelled", { approval_id: row.approval_id });
    emit(work, "wait_ended", { on: "approval", id: row.approval_id });
  }
  const { status: _status, until: _until, ...rest } = gate;
  const failure = { code: "withdrawn", message: "What was asked is out of date" };
  setEntry(work, { ...rest, at: work.now, status: "failed", n: takeEntryNumber(work), failure });
}

/** Why a gate keeps its leaf from going on; null: it was a yes. */
function refused(work: Work, gate: Gate): FailureData | null {
  const row = rowOf(work, gate);
  if (row === undefined || (row.status !== "resolved" && row.status !== "expired")) {
    return { code: "rejected", message: `What was asked for "${gate.name}" was withdrawn` };
  }
  if (row.resolution !== null && YES.has(row.resolution)) return null;
  if (row.status === "expired") {
    return { code: "expired", message: refusalText({ name: gate.name, verb: null, by: "timeout", feedback: null }) };
  }
  const { resolution: verb, feedback, resolved_by: { name: by } } = row;
  return {
    code: "rejected",
    message: refusalText({ name: gate.name, verb, by, feedback }),
    data: { verb, feedback, by },
  };
}

/** The digest of what a person made of the arguments, where one changed them. */
function changedDigest(work: Work, own: readonly JournalEntry[], match: JournalEntry | undefined) {
  const call = match ?? own.findLast((one) => one.right?.kind === "call" && one.status === "done");
  const row = call?.right?.kind === "call" ? rowOf(work, call) : undefined;
  return row?.status === "resolved" && row.resolution === "modified" ? { args_digest: row.answer_digest } : {};
}

function rowOf(work: Work, gate: JournalEntry): ApprovalRow | undefined {
  return gate.approval_id === undefined ? undefined : work.state.approvals.get(gate.approval_id);
}

function countGates(work: Work): number {
  let gates = 0;
  for (const entry of work.state.entries.values()) if (entry.kind === "gate") gates++;
  return gates;
}
