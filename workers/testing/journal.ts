// The durable part of a host, in memory: what is committed of a run. Rows are replaced, never changed, so that a copy is
// cheap and a snapshot stays what it was.
import type { FailureData, JournalEntry, OpenEntry, ScopeRow, SettledEntry } from "../../lib/model/journal.ts";
import type { Json, JsonObject } from "../../lib/model/json.ts";
import type { BeginFrame, ChildFrame, SaidFrameItem } from "../../lib/protocol/sandbox.ts";

/** Time of the first commit; each entry comes a second after the one before. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** How a leaf finished. */
export type LeafResult = { ok: true; value: Json } | { ok: false; failure: FailureData };

type ScopeBegin = Extract<ChildFrame, { type: "scope_begin" }>;
type ScopeEnd = Extract<ChildFrame, { type: "scope_end" }>;

const ROOT: ScopeRow = {
  key: "",
  parent: null,
  pos: 0,
  kind: "root",
  id: "",
  title: "",
  step_id: "",
  attempt: 1,
  step_number: 0,
  status: "open",
  started_at: new Date(EPOCH_MS).toISOString(),
  mark: { leaves: 0, counter: 0 },
};

/** A journal, its said lines and what else a run leaves behind. */
export class HostJournal {
  readonly entries: Map<string, JournalEntry>;
  readonly scopes: Map<string, ScopeRow>;
  readonly said: SaidFrameItem[];
  /** Variables of the session as the run has set them. */
  readonly memory: JsonObject;
  n: number;

  constructor(from?: HostJournal) {
    this.entries = new Map(from?.entries);
    this.scopes = new Map(from?.scopes ?? [["", ROOT]]);
    this.said = [...from?.said ?? []];
    this.memory = { ...from?.memory };
    this.n = from?.n ?? 0;
  }

  #at(): string {
    return new Date(EPOCH_MS + this.n * 1000).toISOString();
  }

  /** A leaf begins, or begins again; the attempt that this is. */
  begin(frame: BeginFrame): OpenEntry {
    const { key, scope, name, pos, kind, digest } = frame;
    const before = this.entries.get(key);
    const attempt = (before?.attempt ?? 0) + 1;
    const failures = before?.failures ?? [];
    const entry: OpenEntry = {
      key,
      scope,
      name,
      pos,
      kind,
      digest,
      attempt,
      at: this.#at(),
      failures,
      status: "open",
    };
    this.entries.set(key, entry);
    return entry;
  }

  /** An attempt failed and another begins. */
  repeat(key: string, failure: FailureData): OpenEntry | null {
    const entry = this.entries.get(key);
    if (entry?.status !== "open") return null;
    const next = { ...entry, attempt: entry.attempt + 1, failures: [...entry.failures, failure] };
    this.entries.set(key, next);
    return next;
  }

  /** A leaf finishes under the next number, `at` its own time or the one given. */
  settle(key: string, result: LeafResult, at?: string): SettledEntry | null {
    const entry = this.entries.get(key);
    if (entry?.status !== "open") return null;
    const { approval_id: _a, until: _u, status: _s, ...rest } = entry;
    const base = { ...rest, n: ++this.n, at: at ?? this.#at() };
    const settled: SettledEntry = result.ok
      ? { ...base, status: "done", value: result.value }
      : { ...base, status: "failed", failure: result.failure };
    this.entries.set(key, settled);
    return settled;
  }

  scopeBegin(frame: ScopeBegin): void {
    const { type: _t, ...row } = frame;
    this.scopes.set(frame.key, {
      ...row,
      step_number: 0,
      status: "open",
      started_at: this.#at(),
      mark: { leaves: 0, counter: 0 },
    });
  }

  scopeEnd(frame: ScopeEnd): void {
    const row = this.scopes.get(frame.key);
    if (row !== undefined) this.scopes.set(frame.key, { ...row, status: frame.status, ended_at: this.#at() });
  }

  say(items: readonly SaidFrameItem[]): void {
    for (const item of items) {
      this.said.push(item);
      if (item.say.what === "memory") this.memory[item.say.key] = item.say.value;
      const row = this.scopes.get(item.scope);
      if (row !== undefined) this.scopes.set(item.scope, { ...row, mark: item.place });
    }
  }

  /** Entries as they are sent to a sandbox: those that finished in order of n, then the open ones. */
  stored(): JournalEntry[] {
    const all = [...this.entries.values()];
    const settled = all.filter((entry) => entry.status !== "open");
    return [...settled.sort((a, b) => a.n - b.n), ...all.filter((entry) => entry.status === "open")];
  }
}

/** Tells whether a scope, or one around it, was dropped. */
export function isDropped({ scopes }: { readonly scopes: ReadonlyMap<string, ScopeRow> }, scope: string): boolean {
  for (let key: string | null = scope; key !== null; key = scopes.get(key)?.parent ?? null) {
    if (scopes.get(key)?.status === "dropped") return true;
  }
  return false;
}
