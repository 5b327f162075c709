// Blobs that are too large for their command's commit are written before it, in atomics of their own.
//
//   G1. Each checks the gate of its session: nothing is written behind a delete. The gate changes with the fence too;
//       then it is read again, what was written before stays good.
//   G2. A session that does not exist yet has no gate: a provisional (trash, session) row stands for it. The creating
//       commit checks and removes it. A crash in between leaves it for the sweeper, which spares it while its writer
//       lives and changes it before it removes anything: the creating commit then never lands.
//   G3. Repeating is harmless: parts are named by their content.
import * as z from "zod";
import { keys } from "../keys.ts";
import type { Kv } from "../kv.ts";
import { addTo, decodeRow, encodeRow, type Key, type Mutation } from "../mutation.ts";
import { BATCH_LIMIT, fits, noWeight, sum, weigh } from "./sizes.ts";

/** A row of the trash: a session to sweep, or (provisional) one that this writer is about to create. */
export const TrashMark = z.strictObject({ provisional: z.string().optional() });
/** A row of the trash. */
export type TrashMark = z.infer<typeof TrashMark>;

/** Where blobs go. */
export interface StageTarget {
  session_id: string;
  /** Whether the session exists. */
  alive: boolean;
  /** Versionstamp of the provisional row, where it was written already. */
  provisional: string | null;
  writer_id: string;
}

/** What became of it. `moved`: the session is not as it was. */
export type Staged = { readonly kind: "done"; readonly provisional: string | null } | { readonly kind: "moved" };

/** Writes blobs before the commit that refers to them. Throws what the store throws; calling it again is harmless. */
export async function stageBlobs(kv: Kv, target: StageTarget, parts: readonly Mutation[]): Promise<Staged> {
  const provisional = target.alive ? null : target.provisional ?? await announce(kv, target);
  if (!target.alive && provisional === null) return { kind: "moved" };
  const fence = target.alive ? keys.gate(target.session_id) : keys.trash(target.session_id);
  for (const rows of groups(parts)) {
    if (!await writeBehind(kv, { key: fence, stamp: provisional }, rows)) return { kind: "moved" };
  }
  return { kind: "done", provisional };
}

/** Writes rows behind a fence row; with a stamp it must be that one, else whichever stands. False: it is gone or changed. */
export async function writeBehind(
  kv: Kv,
  fence: { key: Key; stamp: string | null },
  rows: readonly Mutation[],
): Promise<boolean> {
  for (let last: string | null = null;;) {
    const { versionstamp } = await kv.get(fence.key);
    if (versionstamp === null || (fence.stamp !== null && versionstamp !== fence.stamp)) return false;
    // Refused though the fence row has not moved: a lie of the way to the store, the rows stand.
    if (versionstamp === last) return true;
    const op = kv.atomic().check({ key: fence.key, versionstamp });
    for (const row of rows) addTo(op, row);
    if ((await op.commit()).ok) return true;
    last = versionstamp;
  }
}

/** Splits rows into commits. */
export function groups(rows: readonly Mutation[]): Mutation[][] {
  const all: Mutation[][] = [];
  let group: Mutation[] = [];
  let weight = noWeight();
  for (const row of rows) {
    const more = sum(weight, weigh([row]));
    if (group.length > 0 && !fits(more, BATCH_LIMIT)) {
      all.push(group);
      group = [];
      weight = weigh([row]);
    } else {
      weight = more;
    }
    group.push(row);
  }
  if (group.length > 0) all.push(group);
  return all;
}

/** Writes the provisional row; its versionstamp, or null when the session is in the trash already. */
async function announce(kv: Kv, target: StageTarget): Promise<string | null> {
  const key = keys.trash(target.session_id);
  const mark: TrashMark = { provisional: target.writer_id };
  await kv.atomic().check({ key, versionstamp: null }).set(key, encodeRow(mark)).commit();
  const entry = await kv.get(key);
  return decodeRow(TrashMark, entry)?.provisional === target.writer_id ? entry.versionstamp : null;
}

/** Gives the blobs of a session that was not created after all to the sweeper. Throws what the store throws. */
export async function giveUp(kv: Kv, session_id: string, provisional: string): Promise<void> {
  const key = keys.trash(session_id);
  const mark: TrashMark = {};
  await kv.atomic().check({ key, versionstamp: provisional }).set(key, encodeRow(mark)).commit();
}
