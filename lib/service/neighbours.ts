// What other instances commit to the shared store, brought to everybody here who keeps something by commits.
//
//   N1. Lists first, then who follows: whoever hears of a change finds it in every list.
//   N2. Everything here may be said twice: the feed brings a row again when something failed.
//   N3. A run that executes here hears of an answer, a pause or a cancel that came in elsewhere. (Its state is also read
//       again each second, recovery.ts: no wake can be lost.)
// Leaves to lib/store/feed_reader.ts: in which order, and what was missed.
import { getLogger } from "@logtape/logtape";
import type { ForeignCommit } from "../store/feed.ts";
import type { FeedTakers } from "../store/feed_reader.ts";
import type { Store } from "../store/store.ts";
import type { RunCore } from "./core.ts";
import type { Hub } from "./ports.ts";
import type { SpendToday } from "./query/spend.ts";
import type { Runs } from "./runs.ts";

const log = getLogger(["holdfast", "neighbours"]);

/** Who keeps something by commits. */
export interface NeighboursParts {
  readonly core: RunCore;
  readonly runs: Runs;
  readonly hub: Hub;
  readonly spend: SpendToday;
  readonly store: Pick<Store, "summaries" | "events" | "writer">;
}

/** Takes in the commits of other instances. */
export function createNeighbours(parts: NeighboursParts): FeedTakers {
  const { store, hub, spend } = parts;
  return {
    async take(commits) {
      const changes = bySession(commits);
      await store.summaries.refresh([...changes.keys()]);
      for (const change of changes.values()) {
        store.writer.forget(change.session_id);
        await toDriver(parts, change);
        await tell(parts, change);
        if (change.deleted) void removeFolder(parts, change.session_id);
      }
      // Last: what is said again after a failure must not be counted twice.
      for (const change of changes.values()) spend.spent(change.session_id, change.cost_usd);
    },
    async missed() {
      await store.summaries.reload();
      hub.missed();
    },
  };
}

/** What some commits did to one session. */
interface Change {
  readonly session_id: string;
  first_seq: number;
  last_seq: number;
  deleted: boolean;
  cost_usd: number;
  readonly approvals: Set<string>;
}

function bySession(commits: readonly ForeignCommit[]): Map<string, Change> {
  const changes = new Map<string, Change>();
  for (const { session_id, first_seq, last_seq, deleted, approvals, cost_usd } of commits) {
    const change = changes.get(session_id) ??
      { session_id, first_seq, last_seq, deleted: false, cost_usd: 0, approvals: new Set() };
    changes.set(session_id, change);
    change.last_seq = Math.max(change.last_seq, last_seq);
    change.deleted ||= deleted === true;
    change.cost_usd += cost_usd ?? 0;
    for (const id of approvals ?? []) change.approvals.add(id);
  }
  return changes;
}

async function toDriver({ core, runs }: NeighboursParts, { session_id }: Change): Promise<void> {
  if (runs.fenceOf(session_id) !== null) runs.refreshed(session_id, await core.load(session_id));
}

/** Lines are read only for those who follow; the others learn that something happened. */
async function tell({ store, hub }: NeighboursParts, change: Change): Promise<void> {
  const { session_id, first_seq, last_seq, deleted } = change;
  const approvals = [...change.approvals];
  const nothing = { session_id, first_seq, last_seq: first_seq - 1, lines: new Uint8Array(), approvals, deleted };
  if (deleted || last_seq < first_seq || !hub.follows(session_id)) return hub.publish(nothing);
  let first = true;
  for await (const chunk of store.events.chunks(session_id, first_seq - 1)) {
    hub.publish({ ...nothing, ...chunk, approvals: first ? approvals : [] });
    first = false;
  }
  // Deleted meanwhile: the feed tells that too.
  if (first) hub.publish(nothing);
}

/** A copy of the files may lie here; the sweeper of the instance that deleted the session does not reach this disk. */
async function removeFolder({ core, runs }: NeighboursParts, session_id: string): Promise<void> {
  try {
    await runs.gone(session_id);
    await core.folders.remove(session_id);
  } catch (error) {
    log.warn("neighbours.folder_not_removed", { session_id, error: String(error) });
  }
}
