// The one reducer of browser and server: a session's events folded into what its page shows.
//
// Owns the door; the folds of each event type stand in lib/engine/view/, the shape in view/types.ts.
import type { EventEnvelope } from "../model/event.ts";
import { fold } from "./view/fold.ts";
import type { SessionView } from "./view/types.ts";

export { EMPTY_VIEW } from "./view/types.ts";
export type { SessionView } from "./view/types.ts";
export { fold };

/** Folds one event into a view; an event at or below `view.seq` changes nothing. */
export function apply(view: SessionView, event: EventEnvelope): SessionView {
  return fold(view, [event]);
}
