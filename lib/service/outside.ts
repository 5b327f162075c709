// What decisions read outside their session: rows that the commit checks, and rows that were read before.
//
//   P1. Keys outside the session are checked by the commit and reserved meanwhile.
//   P2. What is read before is final or written once (ended runs, what was asked). Where it turns out to be neither, the
//       decision throws `StaleRead`, and all is read again.
import type { UserCommand } from "../model/command.ts";
import { AppError } from "../model/error.ts";
import type { UserPrincipal } from "../model/principal.ts";
import { isFinal } from "../model/run.ts";
import type { Key } from "../store/mutation.ts";
import { keys } from "../store/keys.ts";
import { readEarlyCancel, readRunIndex } from "../store/runs.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Reads } from "./reads.ts";
import type { Outside } from "./submit.ts";

/** What was read before a decision does not fit it any more. */
export class StaleRead extends Error {}
const TRIES = 5;

/** Does something that rests on reads made before, again when they were stale. Throws AppError `busy`. */
export async function withFreshReads<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StaleRead)) throw error;
    }
  }
  throw new AppError("busy", "Cannot decide: it changes faster than it can be read", { retry_after_s: 1 });
}

/** What gathering needs. */
export interface OutsideParts {
  readonly reads: Reads;
  readonly catalogue: Catalogue;
  /** Runs in the queue now. */
  queued(): number;
}

const NOTHING: Outside = { keys: [], read: () => ({}) };

/** Reads what a command of a person needs to know. */
export async function gatherOutside(
  parts: OutsideParts,
  who: { principal: UserPrincipal; session_id: string },
  command: UserCommand,
): Promise<Outside> {
  const { session_id } = who;
  switch (command.type) {
    case "create_session":
      return command.run === undefined ? NOTHING : await startOutside(parts, who.principal, command.run.run_id);
    case "start_run":
      return await startOutside(parts, who.principal, command.run.run_id);
    case "cancel_run":
    case "pause_run":
    case "resume_run":
      return await runOutside(parts.reads, session_id, command.run_id);
    case "send_message": {
      const takes_messages = await takesMessages(parts, session_id);
      const outside = await runOutside(parts.reads, session_id, command.run_id);
      return { keys: [], read: (from) => ({ ...outside.read(from), takes_messages }) };
    }
    case "resolve_approval":
    case "take_back_answer":
      return await approvalOutside(parts.reads, session_id, command.approval_id);
    case "update_session":
    case "suspend_session":
    case "resume_session":
    case "delete_session":
      return NOTHING;
    default:
      return command satisfies never;
  }
}

async function startOutside(parts: OutsideParts, principal: UserPrincipal, run_id: string): Promise<Outside> {
  const owner = await parts.reads.sessionOfRun(run_id);
  const run = owner === null ? null : await parts.reads.run(owner, run_id);
  const checked: Key[] = [keys.runIndex(run_id), keys.earlyCancel(run_id, principal.id)];
  return {
    keys: checked,
    read({ entries: [index, early], now }) {
      const run_id_owner = index === undefined ? null : readRunIndex(index);
      if (run_id_owner !== null && run === null) throw new StaleRead();
      const early_cancel = early === undefined ? null : readEarlyCancel(early, now);
      return { run_id_owner, early_cancel, run, queued: parts.queued() };
    },
  };
}

/** A run of the session that is over; one that is not is the session's last and stands in its state. */
async function runOutside(reads: Reads, session_id: string, run_id: string): Promise<Outside> {
  const run = await reads.run(session_id, run_id);
  return {
    keys: [],
    read({ state }) {
      if (run === null || state.run?.run_id === run_id) return {};
      if (!isFinal(run)) throw new StaleRead();
      return { run };
    },
  };
}

async function takesMessages(parts: OutsideParts, session_id: string): Promise<boolean> {
  const { session } = await parts.reads.state(session_id);
  if (session === null) return true;
  return (await parts.catalogue.get(session.mode)).description.takes_messages;
}

/** What was asked is written once; a row that the state does not hold is final. */
export async function approvalOutside(reads: Reads, session_id: string, approval_id: string): Promise<Outside> {
  const found = await reads.approval(session_id, approval_id);
  if (found === null) return { keys: [], read: () => ({ ask: null, approval: null }) };
  const { row, ask, result } = found;
  return {
    keys: [],
    read({ state }) {
      if (row.status === "pending" && !state.approvals.has(approval_id)) throw new StaleRead();
      return { ask, approval: { row, result } };
    },
  };
}
