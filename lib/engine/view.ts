// The one reducer of browser and server: a session's events folded into what its page shows.
import type { EventEnvelope } from "../model/event.ts";
import type { Json } from "../model/json.ts";

/** What a session's page shows, folded from its events; plain JSON with bounded lists. */
export interface SessionView {
  readonly seq: number;
  readonly session_id: string | null;
  readonly plan: Json;
}

/** The view before the first event. */
export const EMPTY_VIEW: SessionView = { seq: 0, session_id: null, plan: null };

/** Folds one event into a view; an event at or below `view.seq` changes nothing. */
export function apply(view: SessionView, event: EventEnvelope): SessionView {
  return fold(view, [event]);
}

/** Folds events in order, faster than one by one. */
export function fold(_view: SessionView, _events: readonly EventEnvelope[]): SessionView {
  throw new Error("not written yet");
}
