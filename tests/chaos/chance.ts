// Choices by seed: the same seed and labels give the same choices, whatever was chosen elsewhere meanwhile.
//
// Every part of a plan forks its own source by a label, so that a change in one part does not move the others.

/** A source of choices. */
export interface Chance {
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True in `of` 0..1 of all cases. */
  yes(of: number): boolean;
  /** One of them. */
  pick<T>(from: readonly T[]): T;
  /** All of them in another order. */
  shuffled<T>(from: readonly T[]): T[];
  /** A source of its own. */
  fork(label: string | number): Chance;
}

/** Makes a source. */
export function chance(seed: string): Chance {
  const next = mulberry(hash(seed));
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(from: readonly T[]): T => {
    if (from.length === 0) throw new RangeError("Cannot pick from nothing");
    return from[between(0, from.length - 1)] as T;
  };
  return {
    between,
    pick,
    yes: (of) => next() < of,
    shuffled<T>(from: readonly T[]): T[] {
      const left = [...from];
      return from.map(() => left.splice(between(0, left.length - 1), 1)[0] as T);
    },
    fork: (label) => chance(`${seed}/${label}`),
  };
}

/** FNV-1a with a last mix: neighbouring labels must not give neighbouring numbers. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  return (h ^ (h >>> 15)) >>> 0;
}

function mulberry(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
