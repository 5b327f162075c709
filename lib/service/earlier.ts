// What earlier runs of a session left for a new one: their conversation and the session's variables.
//
//   E1. It is the same at every start of the run: folded from the events before the run's own first one, never from what
//       the session holds by now.
import { EMPTY_VIEW, fold, type SessionView } from "../engine/view.ts";
import { type EventEnvelope, readLine } from "../model/event.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { SessionRecord } from "../model/session.ts";
import type { RunStart } from "../protocol/sandbox.ts";
import type { LiveLog } from "./holdfast.ts";

/** History and memory of a run. */
export type Earlier = Pick<RunStart, "history" | "memory">;

const NOTHING: Earlier = { history: [], memory: {} };
/** Characters of one message: all of them fit one frame. */
const MAX_CONTENT = 10_000;

/** Reads what the runs before one left; nothing for the first run of a session. */
export async function readEarlier(
  log: LiveLog,
  at: { session: SessionRecord; run_id: string },
  resolve: (value: Json) => Promise<Json>,
): Promise<Earlier> {
  const { session, run_id } = at;
  if (session.run_count <= 1) return NOTHING;
  const view = await viewBefore(log, session.session_id, run_id);
  return {
    history: view.conversation.map((message) => ({
      role: message.role,
      agent: message.agent,
      content: message.content.slice(0, MAX_CONTENT),
      timestamp: message.timestamp,
    })),
    memory: await resolveAll(view.context, resolve),
  };
}

/** A large variable stands in its event as a reference. */
async function resolveAll(memory: JsonObject, resolve: (value: Json) => Promise<Json>): Promise<JsonObject> {
  const pairs = await Promise.all(
    Object.entries(memory).map(async ([key, value]) => [key, await resolve(value)] as const),
  );
  return Object.fromEntries(pairs);
}

async function viewBefore(log: LiveLog, session_id: string, run_id: string): Promise<SessionView> {
  let view = EMPTY_VIEW;
  for await (const chunk of log.chunks(session_id, 0)) {
    const events = parseLines(chunk.lines);
    const own = events.findIndex((event) => event.run_id === run_id);
    view = fold(view, own < 0 ? events : events.slice(0, own));
    if (own >= 0) break;
  }
  return view;
}

const decoder = new TextDecoder();

/** Events of stored lines. */
export function parseLines(lines: Uint8Array): EventEnvelope[] {
  return decoder.decode(lines).split("\n").filter((line) => line !== "").map(readLine);
}
