// What must be there when everything has ended and the server is closed: ends as they should be, and a store without a rest.
//
//   F1. Every run has ended, as its book says when nobody said no; one that the poison guard ended had its losses.
//   F2. Of a deleted session nothing is left: no row that names it, no folder.
//   F3. No lease is left, and no due row but those of what may still expire.
import { askOnce } from "./asking.ts";
import type { CheckParts } from "./checks.ts";
import { readMarks } from "./marks.ts";
import type { Known } from "./memory.ts";

/** Losses without progress after which the guard ends a run at the earliest (the server's default). */
const MIN_TAKEOVERS = 3;

/** Checks how runs ended; of those that the poison guard ended, the rounds that came before it. */
export async function checkEnds(parts: CheckParts): Promise<number[]> {
  const { memory, target } = parts;
  const poisoned: number[] = [];
  for (const known of memory.kept) {
    const where = `session ${known.session_id} (${known.book.kind})`;
    if (known.ended === null) {
      const path = `/api/sessions/${known.session_id}`;
      const { text } = await askOnce(target.url ?? "", target.token, { method: "GET", path });
      memory.breach(where, `its run never ended: ${known.log.at(-1)?.slice(0, 300)}; it is ${text.slice(0, 1500)}`);
      continue;
    }
    const run = await askOnce(target.url ?? "", target.token, { method: "GET", path: `/api/runs/${known.run_id}` });
    if (known.ended === "completed") {
      const marks = await readMarks(parts, known);
      const wrong = known.book.resultBreach?.({ result: run.json["result"], known, marks }) ?? null;
      if (wrong !== null) memory.breach(where, wrong);
    }
    if (known.ended === known.book.ends || known.refused) continue;
    const { type, message } = run.json["error"] as { type?: unknown; message?: unknown } ?? {};
    if (known.blockKilled && type === "step_failed" && String(message).includes("exit code 137")) continue;
    if (type === "lost" && known.losses >= MIN_TAKEOVERS) poisoned.push(known.ended_in ?? -1);
    else {memory.breach(
        where,
        `its run ended ${known.ended} and should be ${known.book.ends}: ${JSON.stringify(run.json["error"])}`,
      );}
  }
  return poisoned;
}

/** Looks into the store when every server is closed; on a shared one rows of dead writers are swept much later. */
export async function checkStore(
  { memory, disks }: CheckParts,
  { path, shared = false }: { path: string; shared?: boolean },
): Promise<void> {
  const deleted = [...memory.sessions.values()].filter((known) => known.deleting === "acknowledged");
  const kv = await Deno.openKv(path);
  try {
    const seen: Record<string, number> = {};
    for await (const { key } of kv.list({ prefix: [] }, { batchSize: 500 })) {
      const gone = deleted.find((known) => isOf(key, known));
      if (gone !== undefined) memory.breach(`deleted ${gone.session_id}`, `left a row ${JSON.stringify(key)}`);
      if (isRest(key) && !(shared && key[0] === "writer")) {
        memory.breach("store", `holds ${JSON.stringify(key)} at rest`);
      }
      seen[String(key[0])] = (seen[String(key[0])] ?? 0) + 1;
    }
    // The index of runs by owner is what a migration makes: whatever it was cut off at, it is whole.
    if (seen["run_of"] !== seen["run_time"]) {
      memory.breach("store", `lost ${seen["run_of"]} of ${seen["run_time"]} rows of runs by owner`);
    }
    if ((seen["head"] ?? 0) !== memory.sessions.size - deleted.length) {
      memory.breach("store", `holds ${seen["head"]} sessions of ${memory.sessions.size - deleted.length}`);
    }
  } finally {
    kv.close();
  }
  for (const { session_id } of deleted) {
    for (const disk of disks) {
      const left = await Deno.stat(`${disk}/sessions/${session_id}`).then(() => true, () => false);
      if (left) memory.breach(`deleted ${session_id}`, "left its folder");
    }
  }
}

/** A cancel of a run that is gone is kept for a minute, for a start of that name that may come; of a session that went it is
 * told for a while to instances that are down. */
function isOf(key: Deno.KvKey, { session_id, run_id, answers }: Known): boolean {
  return key[0] !== "early_cancel" && key[0] !== "swept" &&
    key.some((part) => part === session_id || part === run_id || answers.has(String(part)));
}

/** Rows that only stand while something goes on; a session's own expiry is due as long as it is there. */
function isRest(key: Deno.KvKey): boolean {
  return key[0] === "lease" || key[0] === "trash" || key[0] === "writer" || (key[0] === "due" && key[2] !== "session");
}
