// How people treat one session, chosen by seed before it begins: how they answer, whether they suspend, cancel, delete.
import type { Chance } from "./chance.ts";
import { type Door, DOORS } from "./viewer.ts";

/** How a question is answered. */
export type Answering =
  /** One answer with a key. */
  | "plain"
  /** The same answer from two devices at once. */
  | "twice"
  /** Yes and no at once: one of them is heard. */
  | "contrary"
  /** No. */
  | "no";

/** How people treat one session. */
export interface Manner {
  readonly doors: readonly Door[];
  /** Milliseconds until a question is answered. */
  readonly pause_ms: number;
  readonly answering: Answering;
  /** At which seq it is suspended (and resumed a little later), null: never. */
  readonly suspend_at: number | null;
  /** At which seq its run is cancelled, null: never. */
  readonly cancel_at: number | null;
  /** At which seq it is deleted, `end`: when its run is over. */
  readonly delete_at: number | "end" | null;
}

/** Chooses a manner. */
export function chooseManner(chance: Chance): Manner {
  const doors = chance.shuffled(DOORS).slice(0, chance.between(1, 2));
  return {
    doors,
    pause_ms: chance.pick([0, 0, 30, 150, 400]),
    answering: chance.pick(["plain", "plain", "twice", "contrary", "contrary", "no"]),
    suspend_at: chance.yes(0.15) ? chance.between(8, 30) : null,
    cancel_at: chance.yes(0.1) ? chance.between(5, 40) : null,
    delete_at: chance.yes(0.25) ? (chance.yes(0.5) ? "end" : chance.between(8, 40)) : null,
  };
}
