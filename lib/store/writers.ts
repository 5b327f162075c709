// Rows of writers that are gone: swept when their instance is dead, never those of a living one.
import type { Beats } from "./beats.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { decodeRow, type Key } from "./mutation.ts";
import { WriterMark } from "./writer/row.ts";

/** Tells whether the writer of an id may still commit: its row stands and its instance is not known to be dead. */
export async function writerLives(kv: Kv, of: { id: string; own: string; beats: Beats }): Promise<boolean> {
  if (of.id === of.own) return true;
  const mark = decodeRow(WriterMark, await kv.get(keys.writer(of.id)));
  return mark !== null && !of.beats.judge(mark.instance).dead;
}

/**
 * Removes the rows of writers whose instance is dead, or `gone`: its beat was just taken away, which a look at the beats
 * meanwhile takes for news of it. The number of them.
 */
export async function sweepWriters(
  kv: Kv,
  of: { own: string; beats: Beats; gone?: ReadonlySet<string> },
): Promise<number> {
  let removed = 0;
  const dead = (instance: string) => of.gone?.has(instance) === true || of.beats.judge(instance).dead;
  for await (const entry of kv.list({ prefix: keys.writers() }, { batchSize: 100 })) {
    const mark = decodeRow(WriterMark, entry);
    if (entry.key[1] === of.own || mark === null || !dead(mark.instance)) continue;
    // A batch of it that is still on its way checks this row: it can never land any more.
    const { key, versionstamp } = entry;
    if ((await kv.atomic().check({ key, versionstamp }).delete(key).commit()).ok) removed++;
  }
  return removed;
}

/** Keys that one commit of a sweep removes. */
const MOST_KEYS = 500;

/**
 * Removes what a dead instance left beside sessions: its feed, its beat. Each commit checks the beat that was judged, so
 * that one which lives after all keeps the rest. False: it lives.
 */
export async function sweepInstance(kv: Kv, of: { instance: string; stamp: string | null }): Promise<boolean> {
  const beat = { key: keys.beat(of.instance), versionstamp: of.stamp };
  let doomed: Key[] = [];
  for await (const entry of kv.list({ prefix: keys.feed(of.instance) }, { batchSize: MOST_KEYS })) {
    doomed.push(entry.key);
    if (doomed.length < MOST_KEYS) continue;
    if (!await removeAll(kv, beat, doomed)) return false;
    doomed = [];
  }
  return await removeAll(kv, beat, [...doomed, keys.feedHead(of.instance), beat.key]);
}

async function removeAll(
  kv: Kv,
  beat: { key: Key; versionstamp: string | null },
  doomed: readonly Key[],
): Promise<boolean> {
  const op = kv.atomic().check(beat);
  for (const key of doomed) op.delete(key);
  return (await op.commit()).ok;
}
