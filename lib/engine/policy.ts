// Who may do what. Sessions are seen and changed by their owner and by administrators; all else is hidden.
//
// Leaves to rules/: what a state allows. Leaves to lib/service/accounts.ts: who a token belongs to.
import type { Command, CommandType, RunCommand, SystemCommand, UserCommand } from "../model/command.ts";
import type { Principal } from "../model/principal.ts";
import type { SessionRecord } from "../model/session.ts";

/** What a principal wants: a command, reading a session, or something of the administrator (tokens of all, metrics). */
export type Action = CommandType | "read" | "administer";

type Speaker = Principal["kind"];
type SpeakerOf<C extends Command> = C extends UserCommand ? "user" : C extends SystemCommand ? "system"
: C extends RunCommand ? "run"
: never;
type Speakers = { [C in Command as C["type"]]: SpeakerOf<C> };

/** Whose word each command is: one kind of principal each. */
const SPEAKERS = {
  create_session: "user",
  start_run: "user",
  update_session: "user",
  suspend_session: "user",
  resume_session: "user",
  delete_session: "user",
  take_back_answer: "user",
  cancel_run: "user",
  pause_run: "user",
  resume_run: "user",
  send_message: "user",
  resolve_approval: "user",
  claim_run: "system",
  requeue_run: "system",
  settle_run: "system",
  fail_run: "system",
  cancel_progress: "system",
  expire_approval: "system",
  fire_timer: "system",
  expire_session: "system",
  begin_run: "run",
  keep_config: "run",
  begin_leaf: "run",
  end_leaf: "run",
  retry_leaf: "run",
  gate_leaf: "run",
  begin_scope: "run",
  end_scope: "run",
  say: "run",
  report: "run",
  record_cost: "run",
  all_waiting: "run",
  at_boundary: "run",
  finish_run: "run",
} as const satisfies Speakers;

/**
 * Tells whether a principal may do something. "hidden" is answered as not_found, so that nobody learns which sessions
 * there are. Without a session: whether it may be done at all (create_session, administer).
 */
export function may(principal: Principal, action: Action, session: SessionRecord | null): boolean | "hidden" {
  switch (principal.kind) {
    case "user": {
      if (action === "administer") return principal.admin;
      const own = session === null || principal.admin || session.owner.id === principal.id;
      return own ? action === "read" || speaks("user", action) : "hidden";
    }
    case "run":
      if (session !== null && session.session_id !== principal.session_id) return "hidden";
      return action !== "administer" && action !== "read" && speaks("run", action);
    case "system":
      return action === "read" || (action !== "administer" && speaks("system", action));
    default:
      return principal satisfies never;
  }
}

function speaks(kind: Speaker, type: CommandType): boolean {
  return SPEAKERS[type] === kind;
}
