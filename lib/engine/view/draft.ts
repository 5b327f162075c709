// A view while events are folded into it: lists are copied once a fold, then grown in place; items are never changed.
//
// Also reads fields of events as they stand in a log: a field may have gone to a blob (its preview stands for it), may be
// missing, or may come from a newer version.
import type { EventEnvelope } from "../../model/event.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import type { ListName, SessionView, Spot, StepSpot } from "./types.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** A view whose fields may be replaced. */
export type Draft = Mutable<SessionView> & { readonly owned: Set<ListName>; moved: boolean };
type ItemOf<N extends ListName> = SessionView[N][number];

/** Begins a fold. */
export function beginDraft(view: SessionView): Draft {
  return { ...view, owned: new Set(), moved: false };
}

/** A list of the draft that may be grown in place. */
export function list<N extends ListName>(draft: Draft, name: N): ItemOf<N>[] {
  if (!draft.owned.has(name)) {
    draft.owned.add(name);
    Object.assign(draft, { [name]: draft[name].slice() });
  }
  // It was copied in this fold, so nobody else sees it change.
  return draft[name] as unknown as ItemOf<N>[];
}

/** Lists in which items are looked up: what is over the bound must be gone at once, or a fold would see more. */
const LOOKED_UP: ReadonlySet<ListName> = new Set<ListName>(["runs", "steps", "streams"]);

/** Adds an item. A list that is only read is cut when it has grown to twice its bound, and at the end of the fold. */
export function add<N extends ListName>(draft: Draft, name: N, item: ItemOf<N>, bound: number): void {
  const items = list(draft, name);
  items.push(item);
  if (items.length > (LOOKED_UP.has(name) ? bound : 2 * bound)) items.splice(0, items.length - bound);
}

/** Replaces the last item that fits; tells whether there was one. */
export function replaceLast<N extends ListName>(
  draft: Draft,
  name: N,
  how: { fits(item: ItemOf<N>): boolean; by(item: ItemOf<N>): ItemOf<N> },
): boolean {
  const at = draft[name].findLastIndex((item) => how.fits(item as ItemOf<N>));
  const item = draft[name][at];
  if (item === undefined) return false;
  list(draft, name)[at] = how.by(item as ItemOf<N>);
  return true;
}

/** Where an event stands. */
export function spot(event: EventEnvelope): Spot {
  return { seq: event.seq, timestamp: event.timestamp, run_id: event.run_id };
}

/** Where an event stands, with its step. */
export function stepSpot(event: EventEnvelope): StepSpot {
  const { data } = event;
  return { ...spot(event), step_id: maybeText(data, "step_id"), attempt: maybeNumber(data, "attempt") };
}

/** A text field; the preview of one that has gone to a blob; "" where it is missing. */
export function text(data: JsonObject, name: string): string {
  return maybeText(data, name) ?? "";
}

/** A text field or null. */
export function maybeText(data: JsonObject, name: string): string | null {
  const value = data[name];
  if (typeof value === "string") return value;
  const preview = isObject(value) ? value["preview"] : undefined;
  return typeof preview === "string" ? preview : null;
}

/** The digest of the blob in which a field lies, or null. */
export function blobOf(data: JsonObject, name: string): string | null {
  const value = data[name];
  const reference = isObject(value) ? value["$blob"] : undefined;
  const digest = isObject(reference) ? reference["digest"] : undefined;
  return typeof digest === "string" ? digest : null;
}

/** A number field; 0 where it is missing. */
export function count(data: JsonObject, name: string): number {
  return maybeNumber(data, name) ?? 0;
}

/** A number field or null. */
export function maybeNumber(data: JsonObject, name: string): number | null {
  const value = data[name];
  return typeof value === "number" ? value : null;
}

/** A list field; empty where it is missing. */
export function items(data: JsonObject, name: string): Json[] {
  const value = data[name];
  return Array.isArray(value) ? value : [];
}

/** The texts of a list field. */
export function texts(data: JsonObject, name: string): string[] {
  return items(data, name).filter((item) => typeof item === "string");
}

/** Tells whether a value is a JSON object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
