// What a deadline chooses for an approval: one function for the commit that expires it and for the view that hears of it.
//
// The event says only which approval expired. It imports nothing but types: browsers load it.
import type { OnTimeout, Verb } from "../model/approval.ts";

const NO = ["rejected", "abort"] as const;
const CHOICES: ReadonlyMap<string, readonly Verb[]> = new Map<OnTimeout, readonly Verb[]>([
  ["fail", []],
  ["approve", ["approved", "retry", "skip", ...NO]],
  ["reject", NO],
]);

/** What the deadline chooses, among what is allowed; `fail` and what cannot be chosen: nothing. */
export function verbAtTimeout(on_timeout: string, allowed: readonly string[]): Verb | null {
  return CHOICES.get(on_timeout)?.find((verb) => allowed.includes(verb)) ?? null;
}
