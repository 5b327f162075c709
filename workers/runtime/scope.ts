// Scopes and leaves as they live in this process: what is called, what is awaited, what was dropped.
//
// A scope is one line of code: it awaits at most one leaf or scope at a time. A map or all is a scope that awaits nothing
// itself and holds branches. Owns the shape; leaves to the other files of this folder what happens to them.

import type { LeafKind, Place, Policy, ScopeRow, SettledEntry } from "../../lib/model/journal.ts";
import type { BeginFrame } from "../../lib/protocol/sandbox.ts";
import { Random } from "./random.ts";

/** Kinds of scopes. */
export type ScopeKind = ScopeRow["kind"];

/** A scope while the code runs. */
export interface Scope {
  readonly key: string;
  readonly parent: Scope | null;
  readonly kind: ScopeKind;
  /** What the journal holds of it; null when it is new. */
  readonly stored: ScopeRow | null;
  state: "live" | "ended" | "dropped";
  /** Leaves and scopes called so far: the next place. */
  calls: number;
  /** Lines said since the last call. */
  said: number;
  /** Calls by name: leaves, groups and branches share one count. */
  readonly names: Map<string, number>;
  /** Groups by id: the key of the first call, and how many calls there were. */
  readonly groups: Map<string, { step_id: string; attempts: number }>;
  /** What the line of code stands in; null while it runs. */
  awaits: Leaf | Scope | null;
  /** Live branches of a map or all. */
  readonly branches: Set<Scope>;
  /** Whether leaves within it were taken over from the run that this one repeats, and whether any was not. */
  readonly within: { kept: boolean; own: boolean };
  /** Time of the last entry whose result its code has, ms since the epoch. */
  now: number;
  readonly random: Random;
}

/** A leaf while the code runs. */
export interface Leaf {
  readonly key: string;
  readonly scope: Scope;
  readonly name: string;
  readonly kind: LeafKind;
  readonly policy: Policy;
  /** Makes its begin frame; a reused leaf needs none. */
  readonly begin: () => BeginFrame;
  /** called: not sent yet, or reused; sent: begin is on its way; gated: a person is asked first; begun: it is committed. */
  state: "called" | "sent" | "gated" | "begun" | "settled" | "dropped";
  /** The scope whose code awaits it. */
  awaiter: Scope | null;
  /** Time of its entry once it has settled, ms since the epoch. */
  at: number;
  readonly outcome: Promise<SettledEntry>;
  readonly resolve: (entry: SettledEntry) => void;
  /** Runs an attempt of a step; the result aborts it. */
  work: ((attempt: number) => () => void) | null;
  /** Aborts the attempt that runs now. */
  abort: (() => void) | null;
}

/** Makes a live scope. */
export function newScope(
  of: Pick<Scope, "key" | "parent" | "kind" | "stored">,
  run: { seed: string; now: number },
): Scope {
  return {
    ...of,
    state: "live",
    calls: 0,
    said: 0,
    names: new Map(),
    groups: new Map(),
    awaits: null,
    branches: new Set(),
    within: { kept: false, own: false },
    now: run.now,
    random: new Random(run.seed, of.key),
  };
}

/** Takes the next number of a name in a scope, from 1. */
export function countName(scope: Scope, name: string): number {
  const count = (scope.names.get(name) ?? 0) + 1;
  scope.names.set(name, count);
  return count;
}

/** Takes the next place in a scope; what is said counts from there. */
export function nextPlace(scope: Scope): number {
  scope.said = 0;
  return scope.calls++;
}

/** Takes the place of a said line. */
export function sayPlace(scope: Scope): Place {
  scope.said++;
  return { leaves: scope.calls, counter: scope.said };
}

/** Tells whether a said line is in the log: it stands at or before the mark of its scope. */
export function isSaid(scope: Scope, place: Place): boolean {
  const mark = scope.stored?.mark;
  if (mark === undefined) return false;
  return place.leaves < mark.leaves || (place.leaves === mark.leaves && place.counter <= mark.counter);
}

/** The code of a scope has the result of a leaf: it is that late now. An opened question counts when it is awaited. */
export function takeTime(scope: Scope, leaf: Leaf): void {
  scope.now = Math.max(scope.now, leaf.at);
}

/** Tells whether a scope or one around it was dropped. */
export function isDropped(scope: Scope): boolean {
  for (let at: Scope | null = scope; at !== null; at = at.parent) if (at.state === "dropped") return true;
  return false;
}
