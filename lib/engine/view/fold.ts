// The fold: events into a view. Types that are not in the tables change nothing but `seq`.
//
//   V1. An event at or below `view.seq` changes nothing.
//   V2. fold(fold(v, a), b) is fold(v, a ++ b), but for how far bounded lists reach back.
import { EVENT_DATA, type EventEnvelope, type EventType } from "../../model/event.ts";
import { BlobRef, type JsonObject } from "../../model/json.ts";
import { ViewDraft } from "./draft.ts";
import { RUN_FOLDS } from "./fold_run.ts";
import { SAID_FOLDS } from "./fold_said.ts";
import { STEP_FOLDS } from "./fold_steps.ts";
import type { SessionView } from "./types.ts";
import type { Folds } from "./read.ts";

const FOLDS: Folds = { ...RUN_FOLDS, ...STEP_FOLDS, ...SAID_FOLDS };

/** Fields that lie in a blob are shown by their preview; the data as it is stays in `event.data`. */
function readable(data: JsonObject): JsonObject {
  let out: JsonObject | null = null;
  for (const [key, value] of Object.entries(data)) {
    if (value === null || typeof value !== "object" || !("$blob" in value)) continue;
    const ref = BlobRef.safeParse(value);
    if (ref.success) (out ??= { ...data })[key] = ref.data.preview;
  }
  return out ?? data;
}

function foldOne(draft: ViewDraft, event: EventEnvelope): void {
  draft.view.seq = event.seq;
  draft.view.session_id = event.session_id;
  draft.view.updated_at = event.timestamp;
  const type = event.event_type as EventType;
  const fold = FOLDS[type];
  if (fold === undefined) return;
  const parsed = EVENT_DATA[type].safeParse(readable(event.data));
  if (parsed.success) (fold as (d: ViewDraft, e: EventEnvelope, data: unknown) => void)(draft, event, parsed.data);
}

/** Folds events in order; those at or below `view.seq` change nothing. */
export function fold(view: SessionView, events: readonly EventEnvelope[]): SessionView {
  let draft: ViewDraft | null = null;
  for (const event of events) {
    if (event.seq <= (draft?.view.seq ?? view.seq)) continue;
    foldOne(draft ??= new ViewDraft(view), event);
  }
  return draft?.view ?? view;
}
