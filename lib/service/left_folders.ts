// Folders of sessions that were deleted while this instance was down: nobody tells it of them any more.
//
//   LF1. Only folders that stood when the process began are looked at: a session that is made later has its folder after.
//   LF2. A folder goes when the store holds no head of its session, or one that says deleted; what cannot be asked stays
//        until the next start.
import { getLogger } from "@logtape/logtape";
import type { RunCore } from "./core.ts";
import type { Runs } from "./runs.ts";

const log = getLogger(["holdfast", "files"]);

/** Removes them; `stopped` ends it early. */
export async function removeLeftFolders(
  { core, runs }: { core: RunCore; runs: Runs },
  stopped: () => boolean,
): Promise<void> {
  for (const session_id of await core.folders.list()) {
    if (stopped()) return;
    if (await core.headSeq(session_id) !== null) continue;
    await runs.gone(session_id);
    await core.folders.remove(session_id);
    log.info("folder.left_removed", { session_id });
  }
}
