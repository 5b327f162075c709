// Whether every live branch stands in a wait: only then may the process go.
import type { Leaf, Scope } from "./scope.ts";
import { WAITS } from "./verbs.ts";

/** Tells whether a line of code, and every branch that it waits for, stands in a wait that the host has committed. */
export function standsInWaits(scope: Scope): boolean {
  const { awaits } = scope;
  if (awaits === null) return false;
  if (isLeaf(awaits)) return awaits.state === "gated" || (WAITS.has(awaits.kind) && awaits.state === "begun");
  if (awaits.kind === "group") return standsInWaits(awaits);
  return awaits.branches.size > 0 && [...awaits.branches].every(standsInWaits);
}

function isLeaf(thing: Leaf | Scope): thing is Leaf {
  return "outcome" in thing;
}
