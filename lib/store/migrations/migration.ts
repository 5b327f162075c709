// What a step of the store's version is.
import type { Kv } from "../kv.ts";

/** One step: from `to - 1` to `to` and back. Repeating either is harmless, also after it was cut off in the middle. */
export interface Migration {
  readonly to: number;
  readonly title: string;
  up(kv: Kv): Promise<void>;
  down(kv: Kv): Promise<void>;
}
