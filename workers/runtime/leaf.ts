// Leaves: begin at the host unless the journal has their result, and wait until it is their turn to settle.
import type { Json } from "../../lib/model/json.ts";
import type { JournalEntry, LeafKind, Policy, SettledEntry } from "../../lib/model/journal.ts";
import type { BeginFrame } from "../../lib/protocol/sandbox.ts";
import { Failure } from "../sdk/failure.ts";
import { caller, checkName, fits, mayAwait, takePlace } from "./call.ts";
import type { Here } from "./here.ts";
import { digestOf } from "./json.ts";
import { checkPolicy } from "./policy.ts";
import { never, type Run } from "./run.ts";
import type { Leaf, Scope } from "./scope.ts";

/** What every begin frame has, made from the place of the call. */
export type BeginBase = Pick<BeginFrame, "key" | "scope" | "name" | "pos" | "digest" | "policy"> & { type: "begin" };

/** A call of a leaf. */
export interface LeafCall {
  readonly kind: LeafKind;
  readonly name: string;
  /** What its digest is made of. */
  readonly digest: Json;
  readonly policy: Policy;
  begin(base: BeginBase): BeginFrame;
  /** Steps: runs one attempt; the result aborts it. */
  work?(here: Here, leaf: Leaf, attempt: number): () => void;
}

/** Calls a leaf and waits for its result. Throws Failure when it has finally failed. */
export async function callLeaf(call: LeafCall): Promise<Json> {
  const leaf = openLeaf(call, true);
  return leaf === null ? await never() : await resultOf(leaf);
}

/** Calls a leaf; its code goes on at once when it is not `awaited`. Null: the code must not go on. */
export function openLeaf(call: LeafCall, awaited: boolean): Leaf | null {
  checkName(`ctx.${call.kind}`, call.name);
  checkPolicy(call.name, call.policy);
  const here = caller(`ctx.${call.kind}`, call.name);
  if (here === null || (awaited && !mayAwait(here, `ctx.${call.kind}`, call.name))) return null;
  const { run, scope } = here;
  const digest = () => digestOf(call.digest);
  const place = takePlace(run, scope, call.name);
  if (!fits(run, scope, { ...place, called: { kind: call.kind, digest, awaited } })) return null;
  const leaf = newLeaf(here, call, { ...place, digest });
  run.leaves.set(leaf.key, leaf);
  if (awaited) standIn(leaf, here);
  const stored = place.stored !== null && "leaf" in place.stored ? place.stored.leaf : null;
  markWithin(run, scope, stored);
  if (stored === null || stored.status === "open") begin(run, leaf);
  else if (run.faults.settle_all === true) run.settler.settleNow(leaf, stored);
  run.settler.poke();
  return leaf;
}

/** Tells the scopes around a call whether it was taken over from the run that this one repeats. */
function markWithin(run: Run, scope: Scope, stored: JournalEntry | null): void {
  const { kept } = run.start;
  if (kept === undefined) return;
  const which = stored !== null && stored.status !== "open" && stored.n <= kept.last ? "kept" : "own";
  for (let at: Scope | null = scope; at !== null; at = at.parent) at.within[which] = true;
}

/** Marks that the code of a scope stands in a leaf until it settles. */
export function standIn(leaf: Leaf, { scope }: Here): void {
  scope.awaits = leaf;
  leaf.awaiter = scope;
}

/** The result of a leaf once it has settled. An async function, so that the trace of a Failure shows who called. */
export async function resultOf(leaf: Leaf): Promise<Json> {
  const entry = await leaf.outcome;
  if (entry.status === "failed") {
    const { code, message, data } = entry.failure;
    throw new Failure(code, message, data);
  }
  return entry.value;
}

function newLeaf(here: Here, call: LeafCall, place: { key: string; pos: number; digest: () => string }): Leaf {
  const { key, pos } = place;
  const { kind, name, policy } = call;
  const { scope } = here;
  let resolve: (entry: SettledEntry) => void = () => {};
  const outcome = new Promise<SettledEntry>((done) => resolve = done);
  const begin = () => call.begin({ type: "begin", key, scope: scope.key, name, pos, digest: place.digest(), policy });
  const leaf: Leaf = {
    key,
    scope,
    name,
    kind,
    policy,
    begin,
    state: "called",
    awaiter: null,
    at: 0,
    outcome,
    resolve,
    work: null,
    abort: null,
  };
  if (call.work !== undefined) leaf.work = (attempt) => call.work?.(here, leaf, attempt) ?? (() => {});
  return leaf;
}

function begin(run: Run, leaf: Leaf): void {
  if (isKnownThere(run, leaf)) {
    leaf.state = "begun";
    return;
  }
  leaf.state = "sent";
  run.onTheWay.add(leaf);
  run.sayWaitingAgain();
  if (run.faults.begin_early === true) run.outbox.sendPast(leaf.begin());
  else run.outbox.send(leaf.begin());
}

/**
 * Tells whether nothing is to be begun in a scope that has ended: of a question that was opened there the host knows, and
 * a dropped branch begins nothing. One that was held back until its scope had ended (by a pause, or behind 50 others) was
 * never asked: it is asked now.
 */
function isKnownThere(run: Run, { key, scope: { stored } }: Leaf): boolean {
  if (stored === null || stored.status === "open") return false;
  return stored.status === "dropped" || run.journal.entry(key) !== null;
}

/** The host has committed that an attempt of a leaf begins. */
export function begun(run: Run, key: string, attempt: number): void {
  const leaf = run.leaves.get(key);
  if (leaf === undefined || leaf.state === "settled" || leaf.state === "dropped") return;
  leaf.state = "begun";
  run.onTheWay.delete(leaf);
  leaf.abort?.();
  leaf.abort = leaf.work?.(attempt) ?? null;
  run.settler.poke();
}

/** A leaf stands in front of a question of the host: its run may wait. */
export function gated(run: Run, key: string): void {
  const leaf = run.leaves.get(key);
  if (leaf === undefined || leaf.state === "settled" || leaf.state === "dropped") return;
  leaf.state = "gated";
  run.onTheWay.delete(leaf);
  run.sayWaitingAgain();
}

/** Types a value of the host: its shape is a contract (protocol/sandbox.ts), and the host is trusted. */
export function fromHost<T>(value: unknown): T {
  return value as T;
}
