// What a history is made of: steps, and the fates of the calls that they lead to.
import type { Fate } from "./hostile.ts";
import type { What } from "./toy.ts";

/** One step of a history. */
export type Step =
  | { do: "submit"; session: number; what: What; key: number; urgent: boolean; owner: "run" | "person"; short: boolean }
  | { do: "interfere"; session: number; what: "add" | "claim" | "start"; key: number }
  /** Two want the same outside row. */
  | { do: "race"; session: number; key: number }
  | { do: "time"; timers: number }
  | { do: "turn" }
  | { do: "crash" }
  | { do: "forget"; session: number };
/** A history. */
export interface History {
  remote: boolean;
  fates: Fate[];
  steps: Step[];
}
