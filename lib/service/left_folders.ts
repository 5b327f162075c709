// Folders of sessions that were deleted while this instance was down: nobody tells it of them any more.
//
//   LF1. Only folders that stood when it looked are looked at: a session that is made later has its folder after.
//   LF2. A folder goes when the store says that its session was deleted. One that the store does not know stays: it may be
//        of another store that this data folder was used with.
import { getLogger } from "@logtape/logtape";
import type { Store } from "../store/store.ts";
import type { RunCore } from "./core.ts";
import type { Runs } from "./runs.ts";

const log = getLogger(["holdfast", "files"]);

/** Removes them; `stopped` ends it early. */
export async function removeLeftFolders(
  { core, runs, store }: { core: RunCore; runs: Runs; store: Pick<Store, "sweeper"> },
  stopped: () => boolean,
): Promise<void> {
  for (const session_id of await core.folders.list()) {
    if (stopped()) return;
    if (!await store.sweeper.wasDeleted(session_id)) continue;
    await runs.gone(session_id);
    await core.folders.remove(session_id);
    log.info("folder.left_removed", { session_id });
  }
}
