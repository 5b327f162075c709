// Scopes: how they open and end, and `ctx.group`, the step that people see.
//
//   G1. A scope that the journal holds opens and ends without a frame; what it said up to its mark is not said again.
//   G2. What the journal holds of a scope must have been called when it ends.
//   G3. `step_id` is the key of the first call of an id; every further call is its next attempt.
import { failureData } from "./thrown.ts";
import { caller, checkName, fits, mayAwait, type PlaceInScope, takePlace } from "./call.ts";
import { at, type Here } from "./here.ts";
import { checkArgs } from "./policy.ts";
import { never, type Run } from "./run.ts";
import { isDropped, newScope, type Scope } from "./scope.ts";

/** What a scope is opened with. */
export interface ScopeCall {
  readonly kind: "group" | "map" | "all" | "branch";
  readonly id: string;
  readonly title: string;
  readonly total?: number;
}

/** Opens a scope at a place that was taken. Null after a mismatch. */
export function openScope(run: Run, parent: Scope, call: ScopeCall & { place: PlaceInScope }): Scope | null {
  const { place, kind, id, title, total } = call;
  if (!fits(run, parent, { ...place, called: { kind, digest: () => null, awaited: kind !== "branch" } })) return null;
  const stored = place.stored !== null && "scope" in place.stored ? place.stored.scope : null;
  const scope = newScope({ key: place.key, parent, kind, stored }, { seed: run.seed, now: parent.now });
  run.scopes.set(scope.key, scope);
  const step = kind === "branch" ? { step_id: scope.key, attempt: 1 } : nextAttempt(parent, id, scope.key);
  if (stored === null) {
    const size = total === undefined ? {} : { total };
    const where = { key: scope.key, parent: parent.key, pos: place.pos };
    run.outbox.send({ type: "scope_begin", ...where, kind, id, title, ...step, ...size });
  }
  return scope;
}

/** The step of an id: the same id again is its next attempt. */
function nextAttempt(parent: Scope, id: string, key: string): { step_id: string; attempt: number } {
  const step = parent.groups.get(id) ?? { step_id: key, attempts: 0 };
  step.attempts++;
  parent.groups.set(id, step);
  return { step_id: step.step_id, attempt: step.attempts };
}

/** How a scope ends. */
export type ScopeEnd = { status: "done" } | { status: "failed"; error: unknown };

/** Ends a scope. False: the run has ended for what was left in it, and the code must not go on. */
export function endScope(run: Run, scope: Scope, end: ScopeEnd): boolean {
  if (run.over !== null || isDropped(scope)) return false;
  if (!isWhole(run, scope)) return false;
  scope.state = "ended";
  if (scope.parent !== null) leave(scope.parent, scope);
  run.settler.poke();
  if (scope.stored === null || scope.stored.status === "open") {
    const error = end.status === "failed" ? { error: failureData(end.error).message } : {};
    const reused = scope.within.kept && !scope.within.own ? { reused: true as const } : {};
    run.outbox.send({ type: "scope_end", key: scope.key, status: end.status, ...error, ...reused });
  }
  return true;
}

function leave(parent: Scope, scope: Scope): void {
  if (parent.awaits === scope) parent.awaits = null;
  parent.branches.delete(scope);
  parent.now = Math.max(parent.now, scope.now);
}

/** Checks that nothing is open in a scope that ends, and nothing stored is left. */
export function isWhole(run: Run, scope: Scope): boolean {
  const place = scope.key === "" ? "the workflow" : `"${scope.key}"`;
  if (scope.awaits !== null) {
    run.concurrent(`${place} ended while ${scope.awaits.kind} "${scope.awaits.key}" was open: await it`);
    return false;
  }
  const left = run.faults.count_across === true ? null : run.journal.leftFrom(scope.key, scope.calls);
  if (left !== null) run.mismatch(`${place} ended and had not called "${left}"`);
  return left === null;
}

/** ctx.group */
export async function group<T>(id: string, title: string, fn: () => T | Promise<T>): Promise<T> {
  checkName("ctx.group", id);
  checkArgs(typeof title === "string" && title.length <= 500, id, "its title has at most 500 characters");
  const here = caller("ctx.group", id);
  if (here === null || !mayAwait(here, "ctx.group", id)) return await never();
  const { run, scope: parent } = here;
  const scope = openScope(run, parent, { kind: "group", id, title, place: takePlace(run, parent, id) });
  if (scope === null) return await never();
  parent.awaits = scope;
  return await inScope({ ...here, scope }, fn);
}

/** Runs the code of a scope and ends it. */
export async function inScope<T>(here: Here, fn: () => T | Promise<T>): Promise<T> {
  const { run, scope } = here;
  let value: T;
  try {
    value = await at(here, async () => await fn());
  } catch (error) {
    if (!endScope(run, scope, { status: "failed", error })) return await never();
    throw error;
  }
  return endScope(run, scope, { status: "done" }) ? value : await never();
}
