// Faults that the fuzz test plants to show that it would find them. Nothing else sets one.

/** Rules to break. */
export interface Faults {
  /** Stored leaves settle as soon as they are called, not one at a time by number. */
  readonly settle_all?: boolean;
  /** Leaves begin while stored entries are still to settle. */
  readonly begin_early?: boolean;
  /** Names are counted in call order across branches. */
  readonly count_across?: boolean;
  /** Marks are ignored: a replay says again what was said. */
  readonly say_again?: boolean;
}
