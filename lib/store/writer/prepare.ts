// One decided command as rows: its lines, its records, its blobs, and whether they fit.
//
//   R1. A command takes a part of a commit at most (COMMAND_LIMIT). Blobs that make it larger are written before it (stage.ts).
//   R2. Where its lines and records alone are too much, more of their fields go to blobs, down to 2,000 bytes each.
//   R3. A record that is still over the limit stands whole in a blob, its row only says in which (records.ts reads it).
import { AppError } from "../../model/error.ts";
import { MAX_LINE_BYTES } from "../../model/event.ts";
import { timestamp } from "../../model/ids.ts";
import { sha256 } from "../digest.ts";
import { keys } from "../keys.ts";
import { encodeRow, type Mutation } from "../mutation.ts";
import { type Lines, toLines } from "./lines.ts";
import { COMMAND_LIMIT, fits, keyBytes, MAX_VALUE_BYTES, sum, weigh, type Weight } from "./sizes.ts";
import { type BlobDraft, blobRows } from "./spill.ts";
import type { Aggregate, Verdict } from "./types.ts";

/** The decision to commit. */
export type Commitment<S> = Extract<Verdict<S, unknown>, { commit: true }>;

/** What a decision is prepared in. */
export interface PrepareContext<S> {
  aggregate: Aggregate<S>;
  session_id: string;
  before: S;
  now: number;
  /** Digests of blobs that were written before. */
  staged: ReadonlySet<string>;
}

/** A command that fits. */
export interface Prepared<S> {
  readonly state: S;
  readonly rows: readonly Mutation[];
  readonly lines: Lines;
  readonly first_seq: number;
  readonly weight: Weight;
}

/** Rows of blobs that have to be written before a command, and the digests of those blobs. */
export interface Staging {
  readonly digests: readonly string[];
  readonly rows: readonly Mutation[];
}

/** What came of it: it fits, or these blobs have to be written first. */
export type Preparation<S> =
  | { readonly kind: "fits"; readonly prepared: Prepared<S> }
  | { readonly kind: "stage"; readonly staging: Staging };

const LIMITS = [MAX_LINE_BYTES, 12_000, 4_000, 2_000] as const;

/** Makes rows of a decision. Throws AppError `too_large` when nothing makes it fit. */
export function prepare<S>(verdict: Commitment<S>, context: PrepareContext<S>): Preparation<S> {
  for (const limit of LIMITS) {
    const built = build(verdict, context, limit);
    const missing = [...built.blobs].filter(([digest]) => !context.staged.has(digest));
    const parts = missing.flatMap(([, rows]) => rows);
    const whole = sum(built.weight, weigh(parts));
    if (fits(whole, COMMAND_LIMIT)) {
      return { kind: "fits", prepared: { ...built, rows: [...parts, ...built.rows], weight: whole } };
    }
    if (!fits(built.weight, COMMAND_LIMIT)) continue;
    if (missing.length === 0) return { kind: "fits", prepared: built };
    return { kind: "stage", staging: { digests: missing.map(([digest]) => digest), rows: parts } };
  }
  throw new AppError("too_large", "Cannot commit the command: it is too large for one commit");
}

interface Built<S> extends Prepared<S> {
  /** Rows of blobs by their digest. */
  blobs: ReadonlyMap<string, Mutation[]>;
}

function build<S>(verdict: Commitment<S>, context: PrepareContext<S>, limit: number): Built<S> {
  const { aggregate, session_id, before } = context;
  const blobs = new Blobs(session_id);
  const first_seq = aggregate.headSeq(before) + 1;
  const at = timestamp(context.now);
  const { lines, blobs: spilled } = toLines(verdict.events, { session_id, seq: first_seq, timestamp: at, limit });
  for (const blob of spilled) blobs.add(blob);
  const shrunk = aggregate.shrink?.(session_id, { before, after: verdict.state, asks: verdict.asks }, limit);
  shrunk?.blobs.forEach((blob) => blobs.add(blob));
  const state = aggregate.withHeadSeq(shrunk?.state ?? verdict.state, first_seq - 1 + lines.ends.length);
  const rows = [...aggregate.diff(session_id, before, state), ...shrunk?.rows ?? [], ...verdict.rows ?? []]
    .flatMap((row) => blobs.takeIn(row, limit));
  const weight = sum(weigh(rows), weighLines(session_id, lines));
  return { state, rows, lines, first_seq, blobs: blobs.rows, weight };
}

/** The blobs of one command. */
class Blobs {
  readonly rows = new Map<string, Mutation[]>();
  /** Digests of which all rows are there. */
  readonly #whole = new Set<string>();
  readonly #session_id: string;
  constructor(session_id: string) {
    this.#session_id = session_id;
  }

  add(blob: BlobDraft): void {
    if (this.#whole.has(blob.digest)) return;
    this.#whole.add(blob.digest);
    this.rows.set(blob.digest, blobRows(this.#session_id, blob));
  }

  /** Keeps rows that are parts of a blob for themselves; a record over the limit goes to a blob as it is (R3). */
  takeIn(row: Mutation, limit: number): Mutation[] {
    if (row.type === "delete") return [row];
    const [kind, owner, digest] = row.key;
    if (kind === "blob" && owner === this.#session_id && typeof digest === "string") {
      if (!this.#whole.has(digest)) this.rows.set(digest, [...this.rows.get(digest) ?? [], row]);
      return [];
    }
    if (row.value.length <= limit) return [row];
    const blob = { digest: sha256(row.value), bytes: row.value, media_type: "application/json" };
    this.add(blob);
    return [{ ...row, value: encodeRow({ $row: { digest: blob.digest, size_bytes: row.value.length } }) }];
  }
}

/** An upper bound of what lines weigh as chunks: two neighbours are always over one chunk's size together. */
function weighLines(session_id: string, lines: Lines): Weight {
  const bytes = lines.bytes.length;
  const chunks = bytes === 0 ? 0 : Math.floor((2 * bytes) / MAX_VALUE_BYTES) + 1;
  const key_bytes = chunks * keyBytes(keys.chunk(session_id, 1));
  return { checks: 0, mutations: chunks, key_bytes, bytes: bytes + key_bytes + 16 * chunks };
}
