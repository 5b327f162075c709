// What a client says to start a task, translated into what the service takes: REST and MARS's door say it alike.
//
// MARS's clients name the session to continue inside the config, as `session_id` or `copilotSessionId`; neither is a key
// of any mode.
import type { Json } from "../model/json.ts";
import { SessionId } from "../model/ids.ts";
import { AppError } from "../model/error.ts";

/** The session to continue, if the config names one, and the config without that name. */
export function splitConfig(config: Record<string, Json>): { config: Record<string, Json>; session_id?: string } {
  const { session_id, copilotSessionId, ...rest } = config;
  const named = given(session_id) ?? given(copilotSessionId);
  if (named === undefined) return { config: rest };
  const parsed = SessionId.safeParse(named);
  if (parsed.success) return { config: rest, session_id: parsed.data };
  const path = given(session_id) === undefined ? "config.copilotSessionId" : "config.session_id";
  throw new AppError("invalid", `Cannot start the task: "${path}" is not a session id`, {
    errors: [{ path, message: "not a UUID" }],
  });
}

/** MARS's clients send null and "" for "no session". */
const given = (value: Json | undefined): Json | undefined => value === null || value === "" ? undefined : value;
