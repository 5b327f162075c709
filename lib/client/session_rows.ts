// The rows of a live list of sessions, and what a frame of the topic `sessions` makes of them. Pure.
//
//   SR1. A snapshot is the first page as it is now: what it should hold and does not is gone (LC3 of live.ts).
//   SR2. A row that does not fit its schema is left out, the others stand.
import { Session } from "../protocol/rest.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { inOrder } from "./session_filter.ts";

/** Sessions by their id. */
export type Rows = ReadonlyMap<string, Session>;
/** Rows after a change, and the ids that were not there before. */
export interface Changed {
  rows: Rows;
  came: string[];
}

function sessionsOf(values: readonly unknown[]): Session[] {
  return values.flatMap((value) => Session.safeParse(value).data ?? []);
}

/** Puts rows in, or in place of older ones. */
export function withRows(rows: Rows, values: readonly unknown[]): Changed {
  const sessions = sessionsOf(values);
  const next = new Map(rows);
  for (const session of sessions) next.set(session.session_id, session);
  return { rows: next, came: sessions.map((one) => one.session_id).filter((id) => !rows.has(id)) };
}

/** Rows after a frame of the topic. */
export function afterFrame(rows: Rows, frame: { event_type: string; data: JsonObject }): Changed {
  const { event_type, data } = frame;
  switch (event_type) {
    case "snapshot":
      return afterSnapshot(rows, data);
    case "upsert":
      return withRows(rows, [data["item"]]);
    case "remove": {
      const next = new Map(rows);
      next.delete(`${data["id"]}`);
      return { rows: next, came: [] };
    }
    default:
      return { rows, came: [] };
  }
}

/** Rows behind the last one of a first page may still stand; all others are those of the page. */
function afterSnapshot(rows: Rows, data: JsonObject): Changed {
  const items: Json[] = Array.isArray(data["items"]) ? data["items"] : [];
  const last = sessionsOf(items).toSorted(inOrder).at(-1);
  const more = typeof data["next_cursor"] === "string" && last !== undefined;
  const kept = more ? [...rows].filter(([, row]) => inOrder(row, last) > 0) : [];
  return { ...withRows(new Map(kept), items), came: [] };
}
