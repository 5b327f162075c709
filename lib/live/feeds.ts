// The list topics: what each is made of, and which commits move which item.
//
// `approvals` holds pending ones only: answered, expired and cancelled ones are removed. `pulse` has one item.
import { AppError } from "../model/error.ts";
import type { UserPrincipal } from "../model/principal.ts";
import type { Approval } from "../protocol/rest.ts";
import type { Queries } from "../service/holdfast.ts";
import type { Clock } from "../service/ports.ts";
import { Feed, type Topic } from "./feed.ts";
import { connectionFrame, type FrameType } from "./frames.ts";
import type { LiveHub } from "./hub.ts";

/** Items of a snapshot; more are read over REST with its cursor. */
const SNAPSHOT_LIMIT = 200;
const PULSE = "pulse";

/** The list topics of this instance. */
export type Feeds = Readonly<Record<"sessions" | "approvals" | "pulse", Feed>>;
/** What the feeds need. */
export interface FeedsOptions {
  query: Pick<Queries, "sessions" | "summary" | "approvals" | "approval" | "pulse">;
  hub: LiveHub;
  clock: Clock;
}

/** Makes the feeds; they follow the hub's commits for as long as the process lives. */
export function createFeeds(options: FeedsOptions): Feeds {
  const { hub, clock } = options;
  const known = new KnownApprovals();
  const feeds = {
    sessions: new Feed(sessionsTopic(options), clock),
    approvals: new Feed(approvalsTopic(options, known), clock),
    pulse: new Feed(pulseTopic(options), clock),
  };
  const removal = frames("approvals", clock);
  hub.watch((committed) => {
    feeds.pulse.changed(PULSE);
    for (const id of committed.approvals) feeds.approvals.changed(id);
    if (!committed.deleted) return feeds.sessions.changed(committed.session_id);
    const id = committed.session_id;
    feeds.sessions.gone(id, frames("sessions", clock)("remove", { id }));
    for (const approval of known.takeAll(id)) feeds.approvals.gone(approval, removal("remove", { id: approval }));
  });
  hub.onMissed(() => {
    for (const feed of Object.values(feeds)) feed.again();
  });
  return feeds;
}

const frames = (topic: string, clock: Clock) => (event_type: FrameType, data: object) =>
  connectionFrame(event_type, { topic, data, now: clock.now() });

/** What was asked for is gone, or this person may not see it: there is nothing to tell. */
async function ifThere<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return null;
    throw error;
  }
}

function sessionsTopic({ query, clock }: FeedsOptions): Topic {
  const frame = frames("sessions", clock);
  return {
    name: "sessions",
    async snapshot(principal) {
      const { items, next_cursor } = await query.sessions(principal, { limit: SNAPSHOT_LIMIT });
      return { frame: frame("snapshot", { items, next_cursor }), ids: items.map(({ session_id }) => session_id) };
    },
    async item(principal, id) {
      const item = await ifThere(query.summary(principal, id));
      return item === null ? null : frame("upsert", { item });
    },
  };
}

function approvalsTopic({ query, clock }: FeedsOptions, known: KnownApprovals): Topic {
  const frame = frames("approvals", clock);
  return {
    name: "approvals",
    async snapshot(principal) {
      const { items, next_cursor } = await query.approvals(principal, { status: "pending", limit: SNAPSHOT_LIMIT });
      for (const approval of items) known.add(approval);
      return { frame: frame("snapshot", { items, next_cursor }), ids: items.map(({ approval_id }) => approval_id) };
    },
    async item(principal, id) {
      const item = await ifThere(query.approval(principal, id));
      if (item === null) return null;
      if (item.status === "pending") {
        known.add(item);
        return frame("upsert", { item });
      }
      known.drop(item);
      return frame("remove", { id, status: item.status, resolution: item.resolution, resolved_by: item.resolved_by });
    },
  };
}

function pulseTopic({ query, clock }: FeedsOptions): Topic {
  const frame = frames("pulse", clock);
  const read = (principal: UserPrincipal) => query.pulse(principal);
  return {
    name: "pulse",
    snapshot: async (principal) => ({
      frame: frame("snapshot", { items: [await read(principal)], next_cursor: null }),
      ids: [PULSE],
    }),
    item: async (principal) => frame("upsert", { item: await read(principal) }),
  };
}

/** Which pending approvals of a session followers know: a deletion leaves no events of them. */
class KnownApprovals {
  readonly #bySession = new Map<string, Set<string>>();

  add({ session_id, approval_id }: Approval): void {
    const ids = this.#bySession.get(session_id) ?? new Set();
    this.#bySession.set(session_id, ids.add(approval_id));
  }

  drop({ session_id, approval_id }: Approval): void {
    const ids = this.#bySession.get(session_id);
    if (ids?.delete(approval_id) && ids.size === 0) this.#bySession.delete(session_id);
  }

  takeAll(session_id: string): string[] {
    const ids = this.#bySession.get(session_id) ?? [];
    this.#bySession.delete(session_id);
    return [...ids];
  }
}
