// Who may do what. Sessions are seen and changed by their owner and by administrators; all else is hidden.
import type { CommandType } from "../model/command.ts";
import type { Principal } from "../model/principal.ts";
import type { SessionRecord } from "../model/session.ts";

/** What a principal wants: a command, reading a session, or something of the administrator (tokens of all, metrics). */
export type Action = CommandType | "read" | "administer";

/** Tells whether a principal may do something; "hidden" is answered as not_found, so that nobody learns what there is. */
export function may(_principal: Principal, _action: Action, _session: SessionRecord | null): boolean | "hidden" {
  throw new Error("not written yet");
}
