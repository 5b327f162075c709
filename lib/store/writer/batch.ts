// One window's commands, decided in order and gathered into one atomic.
//
//   B1. A key outside the sessions is named by at most one command of a batch: the second waits for the next batch and
//       is then decided on what the first one wrote.
//   B2. Commands of a session stay in order: one that does not fit or has to wait stops those behind it.
//   B3. The atomic checks the head of every session it writes and every outside key that its decisions read. One that
//       creates a session also checks that nothing is swept under its id, and removes its own provisional row.
import type { EventDraft } from "../../model/event.ts";
import { keys } from "../keys.ts";
import type { Atomic, Kv } from "../kv.ts";
import { addTo, type Entry, type Key, keyId, type Mutation } from "../mutation.ts";
import type { Lane } from "./lane.ts";
import { joinLines, type Lines, toChunks } from "./lines.ts";
import type { Pending } from "./pending.ts";
import { prepare, type Prepared, type Staging } from "./prepare.ts";
import { BATCH_LIMIT, fits, sum, weigh, weighChecks, type Weight } from "./sizes.ts";
import type { Aggregate, Done, Faults, Loaded, Verdict } from "./types.ts";

/** Most commands of a batch: more would hold the loop for too long. */
const MOST_COMMANDS = 4000;

/** What is kept free for the row that closes the part of a session. */
const CLOSING: Weight = { checks: 0, mutations: 1, key_bytes: 100, bytes: 600 };

/** A lane with those of its commands that this batch may decide. */
export interface Choice<S> {
  readonly lane: Lane<S>;
  readonly base: Loaded<S>;
  readonly pendings: Pending<S>[];
}

/** How a command will be answered when its part is durable. */
export type Reply = { readonly ok: true; readonly done: Done<unknown> } | {
  readonly ok: false;
  readonly error: unknown;
};

/** What a batch does to one session. */
export interface Part<S> {
  readonly lane: Lane<S>;
  readonly base: Loaded<S>;
  after: S;
  /** Whether it writes; else it only has to be seen that the head stands. */
  commits: boolean;
  readonly answers: { pending: Pending<S>; reply: Reply }[];
  readonly rows: Map<string, Mutation>;
  /** Lines of each of its commands; `lines`: of all of them, once they are decided. */
  readonly said: Lines[];
  lines: Lines;
  readonly drafts: EventDraft[];
  readonly outside: Entry[];
  /** Blobs that the next command of this lane needs first. */
  stage: { pending: Pending<S>; staging: Staging } | null;
}

/** Takes commands out of their queues: as many as no reserved key stops. */
export function choose<S>(lanes: readonly Lane<S>[]): Choice<S>[] {
  const reserved = new Set<string>();
  const choices: Choice<S>[] = [];
  let commands = 0;
  let checks = 1;
  for (const lane of lanes) {
    if (lane.cached === null || commands >= MOST_COMMANDS || checks + 2 > BATCH_LIMIT.checks) continue;
    const taken: Pending<S>[] = [];
    checks += ownChecks(lane).length;
    for (const pending of lane.queue) {
      const ids = pending.submission.outside.map(keyId);
      if (ids.some((id) => reserved.has(id)) || checks + ids.length > BATCH_LIMIT.checks) break;
      if (commands >= MOST_COMMANDS || (lane.alone && taken.length > 0)) break;
      for (const id of ids) reserved.add(id);
      checks += ids.length;
      commands++;
      taken.push(pending);
    }
    if (taken.length === 0) continue;
    lane.queue = lane.queue.slice(taken.length);
    choices.push({ lane, base: lane.cached, pendings: taken });
  }
  return choices;
}

function ownChecks<S>(lane: Lane<S>): Key[] {
  const head = keys.head(lane.session_id);
  return lane.cached?.stamp === null ? [head, keys.trash(lane.session_id)] : [head];
}

/** Reads many keys, ten at a time. */
export async function readMany(kv: Kv, wanted: readonly Key[]): Promise<Entry[]> {
  const groups: Promise<Entry[]>[] = [];
  for (let at = 0; at < wanted.length; at += 10) groups.push(kv.getMany(wanted.slice(at, at + 10)));
  return (await Promise.all(groups)).flat();
}

/** Decides chosen commands against the states that the ones before them produce; what does not fit goes back to its queue. */
export class Decider<S> {
  readonly #aggregate: Aggregate<S>;
  readonly #now: number;
  #weight: Weight = { checks: 1, mutations: 1, key_bytes: 200, bytes: 400 };
  /** Something did not fit: what follows is not even decided. */
  #full = false;

  constructor(aggregate: Aggregate<S>, now: number) {
    this.#aggregate = aggregate;
    this.#now = now;
  }

  /** `outside` holds the entries of each command, in the order of its keys. */
  decide(choice: Choice<S>, outside: readonly (readonly Entry[])[]): Part<S> {
    const { lane, base, pendings } = choice;
    const part: Part<S> = {
      lane,
      base,
      after: base.state,
      commits: false,
      answers: [],
      rows: new Map(),
      said: [],
      lines: joinLines([]),
      drafts: [],
      outside: [],
      stage: null,
    };
    this.#weight = sum(this.#weight, weighChecks(ownChecks(lane)), CLOSING);
    for (const [i, pending] of pendings.entries()) {
      if (pending.over) continue;
      if (this.#full || !this.#take(part, pending, outside[i] ?? [])) {
        lane.queue = [...pendings.slice(i), ...lane.queue];
        break;
      }
    }
    part.lines = joinLines(part.said);
    if (!part.commits) return part;
    const closing = this.#aggregate.closing?.(lane.session_id, base.state, part.after) ?? [];
    for (const row of closing) part.rows.set(keyId(row.key), row);
    return part;
  }

  /** Decides one command into its part; false when it has to wait. */
  #take(part: Part<S>, pending: Pending<S>, outside: readonly Entry[]): boolean {
    const now = pending.now ?? this.#now;
    let verdict: Verdict<S, unknown>;
    let prepared: Prepared<S> | null = null;
    try {
      verdict = pending.submission.decide({ state: part.after, outside, now });
      if (verdict.commit) {
        const { lane, after: before } = part;
        const context = { aggregate: this.#aggregate, session_id: lane.session_id, before, now, staged: lane.staged };
        const preparation = prepare(verdict, context);
        if (preparation.kind === "stage") {
          part.stage = { pending, staging: preparation.staging };
          return false;
        }
        prepared = preparation.prepared;
      }
    } catch (error) {
      return this.#add(part, { pending, outside, reply: { ok: false, error } });
    }
    if (!verdict.commit || prepared === null) {
      return this.#add(part, { pending, outside, reply: { ok: true, done: { reply: verdict.reply } } });
    }
    const seqs = { first_seq: prepared.first_seq, last_seq: prepared.first_seq + prepared.lines.ends.length - 1 };
    const done: Done<unknown> = prepared.lines.ends.length === 0
      ? { reply: verdict.reply }
      : { reply: verdict.reply, ...seqs };
    const added = this.#add(part, { pending, outside, reply: { ok: true, done } }, prepared.weight);
    if (!added) return false;
    part.commits = true;
    part.after = prepared.state;
    for (const row of prepared.rows) part.rows.set(keyId(row.key), row);
    part.said.push(prepared.lines);
    part.drafts.push(...verdict.events);
    return true;
  }

  #add(
    part: Part<S>,
    answer: { pending: Pending<S>; outside: readonly Entry[]; reply: Reply },
    weight: Weight = weigh([]),
  ): boolean {
    const total = sum(this.#weight, weight, weighChecks(answer.outside.map((entry) => entry.key)));
    this.#full = !fits(total, BATCH_LIMIT);
    if (this.#full) return false;
    this.#weight = total;
    answer.pending.flying = true;
    part.answers.push({ pending: answer.pending, reply: answer.reply });
    part.outside.push(...answer.outside);
    return true;
  }
}

/** Adds what a part checks and writes to an atomic. */
export function fillAtomic<S>(op: Atomic, part: Part<S>, options: { head_seq: number; faults: Faults }): void {
  const { lane, base } = part;
  const { faults } = options;
  if (!faults.skip_head) op.check({ key: keys.head(lane.session_id), versionstamp: base.stamp });
  if (!faults.skip_outside) {
    for (const entry of part.outside) op.check({ key: entry.key, versionstamp: entry.versionstamp });
  }
  if (base.stamp === null) op.check({ key: keys.trash(lane.session_id), versionstamp: lane.provisional });
  if (lane.provisional !== null) op.delete(keys.trash(lane.session_id));
  for (const row of part.rows.values()) addTo(op, row);
  const chunks = toChunks(lane.session_id, options.head_seq + 1, part.lines);
  if (faults.drop_chunk && options.head_seq % 8 === 7) chunks.pop();
  for (const row of chunks) addTo(op, row);
}
