// What the fold tables share: their type, and the id of the step in which an event stands.
import type { EventData, EventEnvelope, EventType } from "../../model/event.ts";
import type { ViewDraft } from "./draft.ts";

/** A fold for each event type that changes a view. */
export type Folds = { [T in EventType]?: (draft: ViewDraft, event: EventEnvelope, data: EventData<T>) => void };

/** The step of an event, or null. */
export const stepOf = (data: { step_id?: string | undefined }): string | null => data.step_id ?? null;
