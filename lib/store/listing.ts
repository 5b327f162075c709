// Pages of lists: how many there are, where the next one begins.
//
// A cursor is opaque to clients: the sort key of the last item, so that items that come or go meanwhile shift nothing.
import type { z } from "zod";
import { AppError } from "../model/error.ts";

/** One page. `total` counts all that match, or is null where that would cost too much. */
export interface Listing<T> {
  readonly items: T[];
  readonly total: number | null;
  readonly next_cursor: string | null;
}
/** Which page. */
export interface Paging {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Rows that are looked at to count a total. */
export const MOST_COUNTED = 10_000;

/** Writes a position as a cursor. */
export function toCursor(position: readonly (string | number | boolean)[]): string {
  return btoa(encodeURIComponent(JSON.stringify(position))).replaceAll("+", "-").replaceAll("/", "_").replaceAll(
    "=",
    "",
  );
}

/** Reads a cursor by the schema of its positions; null where there is none. Throws AppError `invalid`. */
export function fromCursor<T>(schema: z.ZodType<T>, cursor: string | undefined): T | null {
  if (cursor === undefined) return null;
  try {
    return schema.parse(JSON.parse(decodeURIComponent(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")))));
  } catch (cause) {
    const errors = [{ path: "cursor", message: "not a cursor of this list" }];
    throw new AppError("invalid", "Cannot read the cursor: it is not one of this list", { errors, cause });
  }
}
