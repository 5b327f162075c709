// Lists and tables that come from a stranger: their size is looked at before what they hold.
//
// A schema tells everything that is wrong, and a list with a million wrong items takes seconds and a gigabyte to tell.
import * as z from "zod";

/** A list of at most `max` items; a longer one is one complaint, and its items are not looked at. */
export function listOf<T extends z.ZodType>(item: T, { min = 0, max }: { min?: number; max: number }) {
  return z.array(z.unknown()).min(min).max(max).pipe(z.array(item));
}

/** A table of at most `max` names with values of one kind. */
export function tableOf<T extends z.ZodType>(value: T, { max }: { max: number }) {
  return z.record(z.string(), z.unknown())
    .refine((table) => Object.keys(table).length <= max, `more than ${max} names`)
    .pipe(z.record(z.string(), value));
}
