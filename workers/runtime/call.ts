// A call of the code: where it stands, whether it may be made, and its place in the journal.
//
//   C1. A step holds no leaf, no scope, no wait.
//   C2. A scope awaits one thing at a time; two end the run `concurrent_step`, and so does a call after its end.
//   C3. What the journal holds at this place must be this call: same key, same kind, and same arguments where they count.
import type { LeafKind } from "../../lib/model/journal.ts";
import { Failure } from "../sdk/failure.ts";
import { type Here, where } from "./here.ts";
import { keyOfStored, type Stored } from "./journal.ts";
import { keyOf } from "./keys.ts";
import type { Run } from "./run.ts";
import { countName, isDropped, nextPlace, type Scope } from "./scope.ts";

const MAX_NAME = 200;

/** Checks the name of a leaf, group or branch. Throws Failure `bad_name`. */
export function checkName(what: string, name: unknown): asserts name is string {
  if (typeof name !== "string" || name === "" || name.length > MAX_NAME) {
    const is = typeof name === "string" ? `${name.length} characters` : typeof name;
    throw new Failure("bad_name", `Cannot call ${what}: its name is ${is}, not 1 to ${MAX_NAME} characters`);
  }
}

/**
 * The place from which `what` is called, or null when the code must not go on (its branch was dropped, the run is
 * over). Throws Failure `no_run` outside of a run and `nested_leaf` inside a step.
 */
export function caller(what: string, name: string): Here | null {
  const here = where();
  if (here === undefined) {
    throw new Failure("no_run", `Cannot call ${what} "${name}": no workflow runs here`);
  }
  if (here.step !== null) {
    const holder = `${here.step.kind} "${here.step.name}"`;
    throw new Failure("nested_leaf", `Cannot call ${what} "${name}" inside ${holder}: nothing may be called in it`);
  }
  if (here.run.over !== null || isDropped(here.scope)) return null;
  if (here.scope.state === "ended") {
    here.run.concurrent(`Cannot call ${what} "${name}": "${here.scope.key}" has ended; a promise was not awaited`);
    return null;
  }
  return here;
}

/** Tells whether the code of a scope may await one more thing; ends the run when it may not. */
export function mayAwait({ run, scope }: Here, what: string, name: string): boolean {
  if (scope.awaits === null) return true;
  const other = `${scope.awaits.kind} "${scope.awaits.key}"`;
  const place = scope.key === "" ? "the workflow" : `"${scope.key}"`;
  run.concurrent(
    `Cannot call ${what} "${name}" in ${place} while ${other} is open: use ctx.map or ctx.all for branches`,
  );
  return false;
}

/** The place of a call. */
export interface PlaceInScope {
  readonly key: string;
  readonly pos: number;
  readonly stored: Stored | null;
}

/** Takes the next place in a scope for `name`. */
export function takePlace(run: Run, scope: Scope, name: string): PlaceInScope {
  const pos = nextPlace(scope);
  if (run.faults.count_across === true) return acrossBranches(run, scope, { name, pos });
  const key = keyOf(scope.key, name, countName(scope, name));
  return { key, pos, stored: run.journal.at(scope.key, pos) };
}

/** The planted fault `count_across`: names count in their group, whichever branch calls, and are found by key alone. */
function acrossBranches(run: Run, scope: Scope, call: { name: string; pos: number }): PlaceInScope {
  let owner = scope;
  while (owner.parent !== null && owner.kind !== "group") owner = owner.parent;
  const key = keyOf(owner.key, call.name, countName(owner, call.name));
  const entry = run.journal.entry(key);
  const row = run.journal.scope(key);
  return { key, pos: call.pos, stored: entry !== null ? { leaf: entry } : row !== null ? { scope: row } : null };
}

/** What is called, for the comparison with what is stored. */
export interface Called {
  readonly kind: LeafKind | "group" | "map" | "all" | "branch";
  /** Digest of its arguments; made only where it is compared. */
  readonly digest: () => string | null;
  /** Whether the code goes on only after it: then nothing later of the scope can be stored without it. */
  readonly awaited: boolean;
}

/** Compares a call with what is stored at its place. Returns false after a mismatch. */
export function fits(run: Run, scope: Scope, place: PlaceInScope & { called: Called }): boolean {
  const why = misfit(run, scope, place);
  if (why !== null) run.mismatch(why);
  return why === null;
}

function misfit(run: Run, scope: Scope, place: PlaceInScope & { called: Called }): string | null {
  const { key, pos, stored, called } = place;
  const calls = `it calls ${called.kind} "${key}" at place ${pos} of "${scope.key}"`;
  if (stored === null) {
    if (isNewIn(scope, called)) return `${calls}, which had ended without it`;
    const later = called.awaited ? run.journal.leftFrom(scope.key, pos + 1) : null;
    return later === null || run.faults.count_across === true ? null : `${calls}, where "${later}" follows without it`;
  }
  const held = "leaf" in stored ? stored.leaf.kind : stored.scope.kind;
  if (keyOfStored(stored) !== key || held !== called.kind) {
    return `${calls}, where the journal holds ${held} "${keyOfStored(stored)}"`;
  }
  const question = called.kind === "approve" || called.kind === "ask";
  if ("scope" in stored || (!question && !run.strict) || stored.leaf.digest === called.digest()) return null;
  return question
    ? `${calls} for another type, subject or verbs than the question that was asked`
    : `${calls} with other arguments, and its source has changed without a higher version`;
}

/** Tells whether a call is one that its scope, as the journal holds it, ended without; a question that is only opened may be. */
function isNewIn({ stored }: Scope, called: Called): boolean {
  const opened = called.kind === "ask" && !called.awaited;
  return !opened && (stored?.status === "done" || stored?.status === "failed");
}
