// The feed of an instance on a shared store: one row a commit, so that the others learn what it changed.
//
//   V1. A row goes with the atomic whose commits it names: no commit without its row, no row without its commit.
//   V2. Numbers are the feed's own and have no gap: one is used again until its atomic stands. (Numbers of batches have
//       gaps: those of batches that were given up.)
//   V3. Only the last KEEP rows stand; who is further behind reads the lists again (feed_reader.ts).
// `(feed_head, instance)` holds the last number: the one key that the others watch.
import * as z from "zod";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { decodeRow, deleteRow, encodeRow, type Mutation, setRow } from "./mutation.ts";
import { type Clock, pause } from "./ports.ts";
import type { Beside, CommitFacts } from "./writer/types.ts";

/** Rows of a feed that stand. */
export const FEED_ROWS = 4000;
/** Largest row; what does not fit is told as `missed`. */
const MOST_BYTES = 50_000;
const RETRY_MS = 100;

/** What a commit of another instance did to one session. */
export const ForeignCommit = z.strictObject({
  session_id: z.string(),
  first_seq: z.int(),
  /** `first_seq - 1` without events. */
  last_seq: z.int(),
  deleted: z.literal(true).optional(),
  /** Approvals that it asked, answered or closed. */
  approvals: z.array(z.string()).optional(),
  cost_usd: z.number().optional(),
});
/** What a commit of another instance did to one session. */
export type ForeignCommit = z.infer<typeof ForeignCommit>;
/** A row of a feed; `missed` stands for more than a row holds. */
export const FeedRow = z.union([
  z.strictObject({ commits: z.array(ForeignCommit) }),
  z.strictObject({ missed: z.literal(true) }),
]);
/** The head of a feed. */
export const FeedHead = z.strictObject({ n: z.int().nonnegative() });

/** Makes the feed of an instance, for its writer. */
export function createFeed(kv: Kv, of: { instance: string; clock: Clock; keep?: number }): Beside {
  const { instance, clock, keep = FEED_ROWS } = of;
  let n = 0;
  return {
    rows(commits) {
      const next = n + 1;
      const old = next - keep;
      return [
        { type: "set", key: keys.feedItem(instance, next), value: valueOf(commits) },
        setRow(keys.feedHead(instance), { n: next }),
        ...old > 0 ? [deleteRow(keys.feedItem(instance, old))] : [] satisfies Mutation[],
      ];
    },
    landed() {
      n++;
    },
    async lost() {
      for (;;) {
        try {
          n = Math.max(n, decodeRow(FeedHead, await kv.get(keys.feedHead(instance)))?.n ?? 0);
          return;
        } catch {
          await pause(clock, RETRY_MS);
        }
      }
    },
  };
}

function valueOf(commits: readonly CommitFacts[]): Uint8Array {
  const value = encodeRow({ commits: commits.map(foreign) });
  return value.length <= MOST_BYTES ? value : encodeRow({ missed: true });
}

function foreign({ session_id, first_seq, last_seq, drafts, deleted }: CommitFacts): ForeignCommit {
  const approvals = approvalsIn(drafts);
  const cost_usd = costOf(drafts);
  return {
    session_id,
    first_seq,
    last_seq,
    ...(deleted ? { deleted: true } : {}),
    ...(approvals.length > 0 ? { approvals } : {}),
    ...(cost_usd > 0 ? { cost_usd } : {}),
  };
}

/** Ids of the approvals that a commit asked, answered or closed. */
export function approvalsIn(drafts: CommitFacts["drafts"]): string[] {
  return drafts.flatMap((draft) =>
    draft.event_type === "approval_requested" || draft.event_type === "approval_received" ||
      draft.event_type === "approval_expired" || draft.event_type === "approval_cancelled"
      ? [draft.data.approval_id]
      : []
  );
}

/** What a commit cost. */
export function costOf(drafts: CommitFacts["drafts"]): number {
  let usd = 0;
  for (const draft of drafts) if (draft.event_type === "cost_update") usd += draft.data.cost_usd;
  return usd;
}
