// Waits: approvals, messages and timers begin here and are settled here, by one function for all of them.
//
//   T1. A wait that begins again goes on where it stood: its approval by its step_id, its time as first given. Answered
//       meanwhile, it is settled already.
//   T2. The begin of a wait takes what is there: messages in the mailbox, a time that has come.
//   T3. Whoever settles a wait does it in one commit: the entry with its number and value, `wait_ended`, and a waiting
//       run goes to the queue. So no wake is lost and no wait has a hole.
//   T4. At most 50 approvals of a run are pending: the next one is told `later` and changes nothing; the host says its
//       begin again when one closes. (What it asks is not stored until it is asked.)
//   T5. A sleep of at most 10 s tells nothing and keeps its run running.
import type { OpenEntry, SettledEntry } from "../../model/journal.ts";
import type { Json } from "../../model/json.ts";
import type { SessionGrant } from "../../model/right.ts";
import type { OpenRun } from "../../model/run.ts";
import { holdsBack, isAtWork, isDropped, isShortSleep, mayAskOneMore, openEntries } from "../open.ts";
import { doing } from "./activity.ts";
import { askApproval } from "./asks.ts";
import { addBytes, addEntry } from "./entries.ts";
import { standing } from "./grants.ts";
import { progressed } from "./leaf_ends.ts";
import { toQueued, toWaiting } from "./moves.ts";
import { pauseNow } from "./pauses.ts";
import {
  emit,
  isRefusal,
  moveRun,
  type Of,
  openRun,
  type Outcome,
  refuse,
  setEntry,
  setSession,
  takeEntryNumber,
  type Work,
} from "./work.ts";

type Begin = Of<"begin_leaf">;
type WaitOf = NonNullable<Begin["wait"]>;

/** A wait begins, for the first time or again. */
export function beginWait(work: Work, command: Begin, how: { wait: WaitOf; known: OpenEntry | undefined }): Outcome {
  const { wait, known } = how;
  if (!fits(command, wait)) return refuse("conflict", `Cannot begin "${command.key}": it is no ${wait.on} wait`);
  if (known !== undefined) return waitAgain(work, command, known);
  const run = openRun(work, work.state.run?.run_id ?? "", "go on with");
  if (isRefusal(run)) return run;
  if (wait.on === "approval") {
    const known = standing(work.state.session, { kind: "call", what: wait.approval_digest });
    if (known !== undefined) return settleByGrant(work, run, { command, known, subject: wait.ask.context });
    if (!mayAskOneMore(work.state)) return { same: { began: false, later: true } };
    const entry = addEntry(work, run, command, { approval_id: wait.approval_id });
    const until = askApproval(work, entry, wait);
    emit(work, "wait_started", { on: "approval", id: wait.approval_id, until });
    return waiting(work, entry);
  }
  const entry = addEntry(work, run, command, wait.until === undefined ? {} : { until: wait.until });
  const taken = takeWhatIsThere(work, entry, false);
  if (taken !== null) return taken;
  if (!isShortSleep(entry)) emit(work, "wait_started", toldAs(entry));
  return waiting(work, entry);
}

/** A question that was answered for the whole session: nobody is asked. */
function settleByGrant(
  work: Work,
  run: OpenRun,
  of: { command: Begin; known: SessionGrant; subject: Json },
): Outcome {
  const { command, known, subject } = of;
  const verb = known.allowed ? "approved_session" : "rejected_always";
  const answer = { verb, value: subject, edited: false, feedback: null, by: known.by };
  return settled(work, addEntry(work, run, command), { value: answer, told: false });
}

function fits(command: Begin, wait: WaitOf): boolean {
  switch (command.kind) {
    case "approve":
    case "ask":
      return wait.on === "approval";
    case "message":
      return wait.on === "message";
    case "sleep":
      return wait.on === "timer";
    default:
      return false;
  }
}

function waitAgain(work: Work, command: Begin, known: OpenEntry): Outcome {
  if (known.digest !== command.digest && known.approval_id !== undefined) {
    return refuse("conflict", `Cannot begin "${known.key}": it asks something else than what was asked`);
  }
  const taken = takeWhatIsThere(work, known, true);
  if (taken !== null) return taken;
  return { same: { began: true, attempt: known.attempt, at_ms: Date.parse(known.at) } };
}

function waiting(work: Work, entry: OpenEntry): Outcome {
  setSession(work, { activity: doing(entry.kind, entry.name) });
  return { reply: { began: true, attempt: entry.attempt, at_ms: work.ctx.now } };
}

/** Settles a message wait with the mailbox, and any wait with its time; null when neither is there. */
function takeWhatIsThere(work: Work, entry: OpenEntry, told: boolean): Outcome | null {
  if (entry.kind === "message" && work.state.mailbox.length > 0) {
    const messages = work.state.mailbox;
    work.state = { ...work.state, mailbox: [] };
    return settled(work, entry, { value: messages.map((message) => ({ ...message })), told });
  }
  const over = entry.until !== undefined && Date.parse(entry.until) <= work.ctx.now;
  return over ? settled(work, entry, { value: atTimeout(entry), told }) : null;
}

function settled(work: Work, entry: OpenEntry, how: { value: Json; told: boolean }): Outcome {
  const n = settleWait(work, entry, how);
  return { reply: { began: false, settled: true, n } };
}

/** Settles an open wait with its value; a waiting run goes to the queue. Returns the number of the entry. */
export function settleWait(work: Work, entry: OpenEntry, how: { value: Json; told: boolean }): number {
  const n = takeEntryNumber(work);
  const { status: _status, approval_id, until: _until, ...rest } = entry;
  const of = entry.kind === "gate" && approval_id !== undefined ? { approval_id } : {};
  setEntry(work, { ...rest, ...of, at: work.now, status: "done", n, value: how.value });
  addBytes(work, how.value);
  progressed(work);
  if (how.told && !isShortSleep(entry)) {
    const { on, id } = toldAs(entry);
    emit(work, "wait_ended", { on, id });
  }
  const { run } = work.state;
  if (run?.status === "waiting") moveRun(work, toQueued(run, { reason: "wake", now: work.now }));
  return n;
}

/** What a wait gets when its time has come: a sleep nothing, a wait for messages none. */
export function atTimeout(entry: OpenEntry): Json {
  return entry.kind === "message" ? [] : null;
}

/** A wait as its events name it. */
function toldAs(entry: OpenEntry): { on: string; id: string; until?: string } {
  if (entry.approval_id !== undefined) return { on: "approval", id: entry.approval_id };
  const until = entry.until === undefined ? {} : { until: entry.until };
  return { on: entry.kind === "message" ? "message" : "timer", id: entry.key, ...until };
}

/** Something has settled that the sandbox does not know; of a gate it only ever hears that its leaf begins. */
function hasNews(work: Work, entry: SettledEntry, settled: number): boolean {
  if (entry.kind !== "gate") return entry.n > settled;
  return holdsBack(entry) && !isDropped(work.state, entry.scope);
}

/** The sandbox says that every branch stands in a wait; `settled` is the last entry that it has settled. */
export function allWaiting(work: Work, command: Of<"all_waiting">): Outcome {
  const run = openRun(work, work.state.run?.run_id ?? "", "go on with");
  if (isRefusal(run)) return run;
  if (run.status !== "running" || run.cancel !== undefined) return { same: { waiting: false } };
  const open = openEntries(work.state);
  const atWork = open.some((entry) => isAtWork(work.state, entry));
  if (run.pause !== undefined && !atWork) {
    pauseNow(work, run);
    return { reply: { waiting: false, paused: true } };
  }
  if (open.length === 0 || atWork || open.some(isShortSleep)) return { same: { waiting: false } };
  for (const entry of work.state.entries.values()) {
    if (entry.status !== "open" && hasNews(work, entry, command.settled)) return { same: { waiting: false } };
  }
  moveRun(work, toWaiting(run, work.now));
  return { reply: { waiting: true } };
}
