// What of a big journal is still open, found without walking it for each line of output.
//
// The walk over a base map is kept per map (maps are immutable); only the small layer on top is looked at each time.
import type { ApprovalRow, PendingApproval } from "../model/approval.ts";
import { type JournalEntry, type OpenEntry, WAITS } from "../model/journal.ts";
import { LayeredMap } from "./layered.ts";
import { MAX_PENDING, SHORT_SLEEP_MS } from "./limits.ts";
import type { SessionState } from "./state.ts";

interface Selection<V, W extends V> {
  readonly test: (value: V) => value is W;
  readonly memo: WeakMap<ReadonlyMap<string, V>, ReadonlyMap<string, W>>;
}
const OPEN: Selection<JournalEntry, OpenEntry> = {
  test: (entry): entry is OpenEntry => entry.status === "open",
  memo: new WeakMap(),
};
const PENDING: Selection<ApprovalRow, PendingApproval> = {
  test: (row): row is PendingApproval => row.status === "pending",
  memo: new WeakMap(),
};

/** Open leaves of the run, but for those in branches that were dropped: they never settle. */
export function openEntries(state: SessionState): OpenEntry[] {
  return select(state.entries, OPEN).filter((entry) => !isDropped(state, entry.scope));
}

/** Approvals that nobody has answered yet. */
export function pendingApprovals(state: SessionState): PendingApproval[] {
  return select(state.approvals, PENDING);
}

/** Tells whether one more approval of the run may be asked. */
export function mayAskOneMore(state: SessionState): boolean {
  return pendingApprovals(state).length < MAX_PENDING;
}

/** Tells whether a scope, or one around it, was dropped. */
export function isDropped(state: SessionState, scope: string): boolean {
  for (let key: string | null = scope; key !== null;) {
    const row = state.scopes.get(key);
    if (row === undefined) return false;
    if (row.status === "dropped") return true;
    key = row.parent;
  }
  return false;
}

/** Tells whether a leaf is a wait, in which the process may go. */
export function isWait(entry: Pick<JournalEntry, "kind">): boolean {
  return WAITS.has(entry.kind);
}

/** Gates of a leaf, in the order in which they were asked. */
export function gatesOf(state: SessionState, key: string): JournalEntry[] {
  const gates: JournalEntry[] = [];
  for (;;) {
    const gate = state.entries.get(gateKey(key, gates.length + 1));
    if (gate === undefined) return gates;
    gates.push(gate);
  }
}

/** Key of the n-th gate of a leaf; nothing else stands under the key of a leaf. */
export function gateKey(key: string, n: number): string {
  return n === 1 ? `${key}/gate` : `${key}/gate#${n}`;
}

/** Tells whether a gate still keeps its leaf from going on, or has an answer that the leaf has not used. */
export function holdsBack(gate: JournalEntry): boolean {
  return gate.kind === "gate" && (gate.status === "open" || (gate.status === "done" && gate.used !== true));
}

/** Tells whether an open leaf is at work: no wait, and not in front of a gate. */
export function isAtWork(state: SessionState, entry: OpenEntry): boolean {
  return !isWait(entry) && !gatesOf(state, entry.key).some(holdsBack);
}

/** Tells whether an open leaf is a sleep so short that it keeps slot and process and is never told. */
export function isShortSleep(entry: OpenEntry): boolean {
  return entry.kind === "sleep" && entry.until !== undefined &&
    Date.parse(entry.until) - Date.parse(entry.at) <= SHORT_SLEEP_MS;
}

function select<V, W extends V>(map: ReadonlyMap<string, V>, selection: Selection<V, W>): W[] {
  if (!(map instanceof LayeredMap)) return [...ofBase(map, selection).values()];
  const { base, layer }: LayeredMap<string, V> = map;
  const found: W[] = [];
  for (const [key, value] of ofBase(base, selection)) if (!layer.has(key)) found.push(value);
  for (const value of layer.values()) if (selection.test(value)) found.push(value);
  return found;
}

function ofBase<V, W extends V>(base: ReadonlyMap<string, V>, selection: Selection<V, W>): ReadonlyMap<string, W> {
  const known = selection.memo.get(base);
  if (known !== undefined) return known;
  const found = new Map<string, W>();
  for (const [key, value] of base) if (selection.test(value)) found.set(key, value);
  selection.memo.set(base, found);
  return found;
}
