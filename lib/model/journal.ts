// The journal of a run: one entry a leaf, one row a scope. What is finished here never runs again.
//
//   J1. `n` is given when an entry finishes, from the session's head, and is the order in which leaves settle.
//   J2. `pos` is the place of a leaf or scope among the calls of its scope; a replay that calls otherwise is a mismatch.
//   J3. A scope's mark says how far its said lines are in the log.
//   J4. A gate has an entry of its own, `<key of its leaf>/gate`; no sandbox ever hears of it.
import * as z from "zod";
import { BlobRef, Json } from "./json.ts";
import { Timestamp } from "./ids.ts";
import { listOf } from "./list.ts";
import { Right } from "./right.ts";

/** Kinds of leaves; the last five are waits. A `gate` is the host's own: a question in front of another leaf. */
export const LeafKind = z.enum(["step", "model", "exec", "tool", "approve", "ask", "message", "sleep", "gate"]);
/** Kinds of leaves. */
export type LeafKind = z.infer<typeof LeafKind>;
/** Leaves in which the process may go. */
export const WAITS: ReadonlySet<LeafKind> = new Set(["approve", "ask", "message", "sleep", "gate"]);

/** Why a leaf failed; the one thing that `ctx` throws. */
export const FailureData = z.strictObject({ code: z.string(), message: z.string(), data: Json.optional() });
/** Why a leaf failed. */
export type FailureData = z.infer<typeof FailureData>;

/** Repeats and limits of one leaf, plain data. Seconds. */
export const Policy = z.strictObject({
  attempts: z.int().min(1).max(100).optional(),
  backoff_s: z.number().min(0).max(3600).optional(),
  retry_on: listOf(z.string(), { max: 100 }).optional(),
  timeout_s: z.number().positive().max(86400).optional(),
});
/** Repeats and limits of one leaf. */
export type Policy = z.infer<typeof Policy>;

const entry = {
  /** Scope path + name, `#2` for the second call of that name; it is the step_id. */
  key: z.string(),
  scope: z.string(),
  name: z.string(),
  pos: z.int().nonnegative(),
  kind: LeafKind,
  /** SHA-256 of the arguments (of an approve or ask: type, subject, verbs). */
  digest: z.string(),
  attempt: z.int().min(1),
  /** When this attempt began, then when it finished. */
  at: Timestamp,
  /** Failed attempts so far (interrupted ones do not count). */
  failures: z.array(FailureData),
  /** The number that people see; only leaves outside any group are steps of their own. */
  step_number: z.int().nonnegative().optional(),
  /** Digest of the arguments that a person put in the place of the code's own. */
  args_digest: z.string().optional(),
  /** Of a gate: the right that is asked for. */
  right: Right.optional(),
} as const;
const asked = {
  /** Of a gate: the approval that answered it, and whether its leaf has made use of the answer. */
  approval_id: z.string().optional(),
  used: z.literal(true).optional(),
} as const;

/** One leaf of the journal. */
export const JournalEntry = z.discriminatedUnion("status", [
  z.strictObject({
    ...entry,
    status: z.literal("open"),
    /** The approval, or the wake time, on which an open wait stands. */
    approval_id: z.string().optional(),
    until: Timestamp.optional(),
  }),
  z.strictObject({ ...entry, ...asked, status: z.literal("done"), n: z.int().min(1), value: z.union([BlobRef, Json]) }),
  z.strictObject({ ...entry, ...asked, status: z.literal("failed"), n: z.int().min(1), failure: FailureData }),
]);
/** One leaf of the journal. */
export type JournalEntry = z.infer<typeof JournalEntry>;
/** A leaf that has begun and not finished. */
export type OpenEntry = Extract<JournalEntry, { status: "open" }>;
/** A leaf that has finished. */
export type SettledEntry = Exclude<JournalEntry, OpenEntry>;

/** Where a said line stands: leaves called so far in its scope, and a counter since. */
export const Place = z.strictObject({ leaves: z.int().nonnegative(), counter: z.int().nonnegative() });
/** Where a said line stands. */
export type Place = z.infer<typeof Place>;

/** One scope of the journal; the root scope has the key "". */
export const ScopeRow = z.strictObject({
  key: z.string(),
  parent: z.string().nullable(),
  pos: z.int().nonnegative(),
  kind: z.enum(["root", "group", "map", "all", "branch"]),
  /** What people see: id and title of a group or map. */
  id: z.string(),
  title: z.string(),
  /** The step that people see: the key of the first call of this group. */
  step_id: z.string(),
  attempt: z.int().min(1),
  /** The number that people see; of the root: the last one given. */
  step_number: z.int().nonnegative(),
  status: z.enum(["open", "done", "failed", "dropped"]),
  started_at: Timestamp,
  ended_at: Timestamp.optional(),
  /** Branches of a map, for progress. */
  total: z.int().optional(),
  finished: z.int().optional(),
  mark: Place,
});
/** One scope of the journal. */
export type ScopeRow = z.infer<typeof ScopeRow>;
