// POST /api/sessions/bulk: one verb for many sessions, each decided and committed for itself, a result for each.
//
//   B1. No session waits for another's failure, and none is named twice.
//   B2. A state that moved between the look and the command is looked at again, a bounded number of times.
import { type BulkAction, bulkStep } from "../engine/bulk.ts";
import { may } from "../engine/policy.ts";
import type { UserCommand } from "../model/command.ts";
import { AppError, toAppError } from "../model/error.ts";
import type { Json } from "../model/json.ts";
import { type BulkResult, Run } from "../protocol/rest.ts";
import { doCommand } from "./commands.ts";
import type { Starter, StartParts } from "./starts.ts";

/** Sessions that are worked on at once. */
const AT_ONCE = 8;
const TRIES = 3;

/** What is asked for. */
export interface BulkInput {
  readonly ids: readonly string[];
  readonly action: BulkAction;
  readonly now: boolean;
}

/** Does a verb to each session; results stand in the order in which the ids were named first. */
export async function bulk(parts: StartParts, who: Starter, input: BulkInput): Promise<BulkResult[]> {
  const ids = [...new Set(input.ids)];
  const results = new Map<string, BulkResult>();
  const waiting = ids.values();
  const work = async (): Promise<void> => {
    for (const session_id of waiting) results.set(session_id, await one(parts, who, { ...input, session_id }));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work));
  return ids.flatMap((id) => results.get(id) ?? []);
}

type OneInput = BulkInput & { readonly session_id: string };

async function one(parts: StartParts, who: Starter, input: OneInput): Promise<BulkResult> {
  const { session_id } = input;
  try {
    return { session_id, ok: true, message: await attempt(parts, who, input) };
  } catch (thrown) {
    const error = toAppError(thrown);
    // What nobody foresaw is not one session's matter: the request fails and its log knows why.
    if (error.code === "internal") throw thrown;
    return { session_id, ok: false, code: error.code, message: error.message };
  }
}

async function attempt(parts: StartParts, who: Starter, input: OneInput): Promise<string> {
  const { session_id, action, now } = input;
  for (let tries = 1;; tries++) {
    const state = await parts.reads.state(session_id);
    if (state.session === null || may(who.principal, "read", state.session) !== true) {
      throw new AppError("not_found", `Cannot find session "${session_id}": unknown, or not visible to you`);
    }
    const step = bulkStep(state, action, now);
    if ("ok" in step) throw new AppError(step.code, step.message, step.details);
    if ("done" in step) return step.done;
    try {
      const { reply } = await doCommand(parts, { ...who, session_id }, step.say);
      return said(step.say, reply);
    } catch (error) {
      const moved = error instanceof AppError && error.code === "wrong_state";
      if (!moved || tries === TRIES) throw error;
    }
  }
}

/** What was done, in words. */
function said(command: UserCommand, reply: Json): string {
  if (command.type === "delete_session") return "Deleted";
  if (command.type === "resume_run") return "Its run goes on";
  if (command.type === "cancel_run") return Run.parse(reply).status === "cancelled" ? "Cancelled" : "Asked to stop";
  const message = typeof reply === "object" && reply !== null && !Array.isArray(reply) ? reply["message"] : undefined;
  return typeof message === "string" ? message : "Done";
}
