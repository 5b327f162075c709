// GET events: a page of the log or a live stream of it, both with the lines as they are stored.
import { AppError } from "../model/error.ts";
import type { Call } from "./api.ts";
import { cursorOf, eventStream } from "./sse.ts";
import type { ROUTES } from "../protocol/routes.ts";

type Path = "/api/sessions/{session_id}/events";
type EventsCall = Call<Path, (typeof ROUTES)[Path]["GET"]>;

/** Answers with a page of events. */
export async function eventsPage({ principal, params, query, state }: EventsCall): Promise<Response> {
  const { after, before, limit, types } = query;
  if (after !== undefined && before !== undefined) throw bothGiven("before", "after or before, not both");
  const page = {
    limit,
    ...(after === undefined ? {} : { after }),
    ...(before === undefined ? {} : { before }),
    ...(types === undefined ? {} : { types: typesOf(types) }),
  };
  const found = await state.holdfast.query.eventLines(principal, params.session_id, page);
  const body = `{"events":[${found.lines.join(",")}],"head_seq":${found.head_seq},"next_after":${found.next_after}}`;
  return new Response(body, { headers: { "content-type": "application/json", "cache-control": "no-store" } });
}

/** Answers with a live stream. */
export async function eventsStream({ principal, params, query, state, request }: EventsCall): Promise<Response> {
  if (query.before !== undefined) throw bothGiven("before", "a live stream goes forward only");
  const after = cursorOf(request.headers, query.after);
  await state.holdfast.query.summary(principal, params.session_id);
  return eventStream({
    follow: (ended) => state.live.follow(principal, params.session_id, { after, ended }),
    after,
    ...(query.types === undefined ? {} : { types: typesOf(query.types) }),
    clock: state.holdfast.clock,
  });
}

const typesOf = (types: string) => types.split(",").map((one) => one.trim()).filter((one) => one !== "");

function bothGiven(path: string, message: string): AppError {
  return new AppError("invalid", `Cannot read the events: ${message}`, { errors: [{ path, message }] });
}
