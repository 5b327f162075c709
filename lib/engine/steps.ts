// Which step that people see a place of the journal belongs to.
//
//   Steps are groups, maps and `all`, and the leaves outside any of them. A branch or a leaf within belongs to the nearest
//   of them around it.
import type { ScopeRow } from "../model/journal.ts";
import type { SessionState } from "./state.ts";

/** A step as events name it. */
export type StepRef = {
  step_id: string;
  step_number: number;
  name: string;
  attempt: number;
};

/** The step of a scope; null at the root. */
export function stepOfScope(state: SessionState, scope: string): StepRef | null {
  for (let key: string | null = scope; key !== null;) {
    const row: ScopeRow | undefined = state.scopes.get(key);
    if (row === undefined || row.kind === "root") return null;
    if (row.kind !== "branch") return refOf(row);
    key = row.parent;
  }
  return null;
}

/** The step of a leaf: the one around it, or the leaf itself. Null for a key that the journal does not hold. */
export function stepOfLeaf(state: SessionState, key: string): StepRef | null {
  const entry = state.entries.get(key);
  if (entry === undefined) return null;
  const around = stepOfScope(state, entry.scope);
  if (around !== null) return around;
  return { step_id: entry.key, step_number: entry.step_number ?? 0, name: entry.name, attempt: entry.attempt };
}

/** A group, map or `all` as a step. */
export function refOf(row: ScopeRow): StepRef {
  return { step_id: row.step_id, step_number: row.step_number, name: row.title, attempt: row.attempt };
}
