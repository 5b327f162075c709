// The list of all sessions, in memory: what lists, filters, counts, search and bulk verbs read, and only this.
//
//   L1. Loaded after the store is open, kept by the commits. The loader never replaces what a commit has touched since
//       it began; lists wait for it.
//   L2. Always in the order of lists: pinned first, then the newest `updated_at`, then the id.
//   L3. A person sees what is theirs; an administrator sees all.
//   L4. Of two states of a session the one with the later versionstamp stands, whichever is heard of first: a commit
//       here may be answered after one of another instance was read.
//   L5. Over 200,000 the oldest at rest are dropped: found by their id only, and no total is told any more.
// On several instances the feed of the others' commits says what to `refresh`, and when to read all anew.
import * as z from "zod";
import type { Summary } from "../engine/summary.ts";
import { PackedSummary, unpackSummary } from "../engine/summary_row.ts";
import { keys } from "./keys.ts";
import { DELETED, Latest } from "./latest.ts";
import type { Kv } from "./kv.ts";
import { fromCursor, type Listing, type Paging, toCursor } from "./listing.ts";
import { decodeRow } from "./mutation.ts";
import { Ordered, type Place } from "./ordered.ts";

/** Sessions kept in memory. */
export const MOST_SUMMARIES = 200_000;
const BATCH = 500;
const MOST_COUNTS = 1000;
/** Keys that one read takes. */
const READ = 10;

/** Who looks at a list. */
export interface Viewer {
  readonly id: string;
  readonly admin: boolean;
}
/** Which sessions. */
export interface SummaryFilter extends Paging {
  readonly mode?: string | undefined;
  readonly status?: string | undefined;
  readonly needs_you?: boolean | undefined;
  /** A part of the name or of the first line of the task. */
  readonly q?: string | undefined;
}
/** Counts over what a viewer sees. */
export interface Counts {
  readonly needs_you: number;
  readonly running: number;
  readonly queued: number;
  readonly by_status: Readonly<Record<string, number>>;
}

/** The list of all sessions. */
export interface Summaries {
  /** Reads all rows; called once, after the store is open. */
  load(): Promise<void>;
  readonly ready: boolean;
  readonly whenReady: Promise<void>;
  /** Sessions in memory. */
  readonly size: number;
  get(session_id: string): Summary | null;
  /** Also one that is not kept in memory. */
  find(session_id: string): Promise<Summary | null>;
  sees(viewer: Viewer, session_id: string): boolean;
  list(viewer: Viewer, filter: SummaryFilter): Promise<Listing<Summary>>;
  /** All ids that a viewer sees and that match, for bulk verbs. */
  ids(viewer: Viewer, filter: Omit<SummaryFilter, "limit" | "cursor">): Promise<string[]>;
  counts(viewer: Viewer): Promise<Counts>;
  /** Takes in what a commit made of a session; null when it is deleted. `stamp` is the commit's, on a shared store. */
  apply(session_id: string, summary: Summary | null, stamp?: string): void;
  /** Reads again what another instance has changed. */
  refresh(session_ids: readonly string[]): Promise<void>;
  /** Reads all rows again, after changes went by unheard. */
  reload(): Promise<void>;
  onChange(fn: (session_id: string, summary: Summary | null) => void): () => void;
}

const Position = z.tuple([z.boolean(), z.string(), z.string()]);

/** Makes the list; `most` is for tests. */
export function createSummaries(kv: Kv, most: number = MOST_SUMMARIES): Summaries {
  return new Index(kv, most);
}

class Index implements Summaries {
  readonly #kv: Kv;
  readonly #most: number;
  readonly #byId = new Map<string, Summary>();
  readonly #order = new Ordered();
  readonly #listeners = new Set<(session_id: string, summary: Summary | null) => void>();
  readonly #done = Promise.withResolvers<void>();
  /** Ids that commits have touched since the load began; null once it is over. */
  #touched: Set<string> | null = new Set();
  /** What was counted for whom, as long as nothing changes. */
  readonly #counts = new Map<string, { version: number; counts: Counts }>();
  #version = 0;
  readonly #latest = new Latest();
  #ready = false;
  #partial = false;

  constructor(kv: Kv, most: number) {
    this.#kv = kv;
    this.#most = most;
  }

  get ready(): boolean {
    return this.#ready;
  }
  get whenReady(): Promise<void> {
    return this.#done.promise;
  }
  get size(): number {
    return this.#byId.size;
  }

  async load(): Promise<void> {
    const found: Summary[] = [];
    for await (const { summary } of this.#rows()) found.push(summary);
    for (const summary of found) {
      if (!this.#touched?.has(summary.session_id)) this.#byId.set(summary.session_id, summary);
    }
    this.#touched = null;
    this.#order.fill(this.#byId.values());
    this.#version++;
    this.#ready = true;
    this.#trim();
    this.#done.resolve();
  }

  async refresh(session_ids: readonly string[]): Promise<void> {
    for (let at = 0; at < session_ids.length; at += READ) {
      const ids = session_ids.slice(at, at + READ);
      const entries = await this.#kv.getMany(ids.map((id) => keys.summary(id)));
      for (const [i, id] of ids.entries()) {
        const entry = entries[i];
        if (entry !== undefined) this.apply(id, readSummary(entry), entry.versionstamp ?? DELETED);
      }
    }
  }

  async reload(): Promise<void> {
    if (!this.#ready) return;
    const gone = new Set(this.#byId.keys());
    const touched = this.#touched = new Set();
    try {
      for await (const { summary, stamp } of this.#rows()) {
        const { session_id } = summary;
        gone.delete(session_id);
        if (!sameSummary(this.#byId.get(session_id), summary)) this.apply(session_id, summary, stamp);
      }
    } finally {
      this.#touched = null;
    }
    for (const session_id of gone) if (!touched.has(session_id)) this.apply(session_id, null, DELETED);
  }

  async *#rows(): AsyncGenerator<{ summary: Summary; stamp: string }> {
    for await (const entry of this.#kv.list({ prefix: keys.summaries() }, { batchSize: BATCH })) {
      const summary = readSummary(entry);
      if (summary !== null) yield { summary, stamp: entry.versionstamp };
    }
  }

  get(session_id: string): Summary | null {
    return this.#byId.get(session_id) ?? null;
  }

  async find(session_id: string): Promise<Summary | null> {
    return this.get(session_id) ?? readSummary(await this.#kv.get(keys.summary(session_id)));
  }

  sees(viewer: Viewer, session_id: string): boolean {
    const summary = this.#byId.get(session_id);
    return summary !== undefined && (viewer.admin || summary.owner.id === viewer.id);
  }

  async list(viewer: Viewer, filter: SummaryFilter): Promise<Listing<Summary>> {
    const after = fromCursor(Position, filter.cursor);
    await this.whenReady;
    const place = after === null ? null : toPlace(after);
    const items: Summary[] = [];
    for (const summary of this.#matching(viewer, filter, this.#order.after(place))) {
      if (items.push(summary) > filter.limit) break;
    }
    const more = items.length > filter.limit;
    if (more) items.pop();
    const last = items.at(-1);
    return {
      items,
      total: this.#total(viewer, filter),
      next_cursor: more && last ? toCursor([last.pinned, last.updated_at, last.session_id]) : null,
    };
  }

  async ids(viewer: Viewer, filter: Omit<SummaryFilter, "limit" | "cursor">): Promise<string[]> {
    await this.whenReady;
    return Array.from(this.#matching(viewer, filter), (summary) => summary.session_id);
  }

  async counts(viewer: Viewer): Promise<Counts> {
    await this.whenReady;
    const who = viewer.admin ? "" : viewer.id;
    const known = this.#counts.get(who);
    if (known?.version === this.#version) return known.counts;
    const by_status: Record<string, number> = {};
    const counts = { needs_you: 0, running: 0, queued: 0, by_status };
    for (const summary of this.#matching(viewer, {})) {
      counts.needs_you += summary.needs_you;
      if (summary.run_status === "running") counts.running++;
      if (summary.run_status === "queued") counts.queued++;
      by_status[summary.status] = (by_status[summary.status] ?? 0) + 1;
    }
    if (this.#counts.size >= MOST_COUNTS) this.#counts.clear();
    this.#counts.set(who, { version: this.#version, counts });
    return counts;
  }

  apply(session_id: string, summary: Summary | null, stamp?: string): void {
    if (stamp !== undefined && !this.#latest.isNews(session_id, summary === null ? DELETED : stamp)) return;
    const before = this.#byId.get(session_id);
    this.#version++;
    this.#touched?.add(session_id);
    if (summary === null) this.#byId.delete(session_id);
    else this.#byId.set(session_id, summary);
    if (this.#ready) this.#order.replace(before, summary);
    this.#trim();
    for (const listener of [...this.#listeners]) listener(session_id, summary);
  }

  onChange(fn: (session_id: string, summary: Summary | null) => void): () => void {
    this.#listeners.add(fn);
    return () => void this.#listeners.delete(fn);
  }

  #total(viewer: Viewer, filter: Omit<SummaryFilter, "limit" | "cursor">): number | null {
    if (this.#partial) return null;
    const { mode, status, needs_you, q } = filter;
    const all = mode === undefined && status === undefined && needs_you === undefined && !q;
    if (viewer.admin && all) return this.#byId.size;
    let total = 0;
    for (const _ of this.#matching(viewer, filter)) total++;
    return total;
  }

  *#matching(
    viewer: Viewer,
    filter: Omit<SummaryFilter, "limit" | "cursor">,
    from: Iterable<Summary> = this.#order.after(null),
  ): Generator<Summary> {
    const part = filter.q ? anywhere(filter.q) : null;
    for (const summary of from) {
      if (!viewer.admin && summary.owner.id !== viewer.id) continue;
      if (filter.mode !== undefined && summary.mode !== filter.mode) continue;
      if (filter.status !== undefined && summary.status !== filter.status) continue;
      if (filter.needs_you !== undefined && filter.needs_you !== summary.needs_you > 0) continue;
      if (part !== null && !part.test(summary.name) && !part.test(summary.task_line)) continue;
      yield summary;
    }
  }

  #trim(): void {
    if (!this.#ready || this.#byId.size <= this.#most) return;
    for (const summary of this.#order.backwards()) {
      if (this.#byId.size <= this.#most) return;
      if (!atRest(summary)) continue;
      this.#partial = true;
      this.#byId.delete(summary.session_id);
      this.#order.replace(summary, null);
    }
  }
}

/** A part of a text in any case; a regular expression makes no copy of the text, 100,000 times. */
function anywhere(q: string): RegExp {
  return new RegExp(q.replace(/[\^$.*+?()[\]{}|/\\]/g, "\\$&"), "iu");
}

function atRest(summary: Summary): boolean {
  if (summary.pinned || summary.needs_you > 0) return false;
  const { run_status } = summary;
  return run_status === null || run_status === "completed" || run_status === "failed" || run_status === "cancelled";
}

function sameSummary(one: Summary | undefined, other: Summary): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}

function readSummary(entry: { readonly value: unknown }): Summary | null {
  const row = decodeRow(PackedSummary, entry);
  return row === null ? null : unpackSummary(row);
}

function toPlace([pinned, updated_at, session_id]: z.infer<typeof Position>): Place {
  return { pinned, updated_at, session_id };
}
