// The one function that changes sessions: state, principal and command in, new state and events out.
import type { Command } from "../model/command.ts";
import type { Principal } from "../model/principal.ts";
import type { DecideContext, Decision, SessionState } from "./state.ts";

/** Decides what a command of a principal does to a session. Pure. */
export function decide(_state: SessionState, _principal: Principal, _command: Command, _ctx: DecideContext): Decision {
  throw new Error("not decided yet");
}
