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

/** A command that was sent, and what became of it. */
export interface Sent {
  op: string;
  session_id: string;
  what: What;
  /** Which start of the process; -1: another instance. */
  process: number;
  state: "waiting" | "acked" | "not" | "unknown";
  seqs: [number, number] | null;
}

/** Whether commands that one process sent to one session stand in another order than they were sent. */
export function outOfOrder(all: readonly Sent[]): boolean {
  const last = new Map<string, number>();
  for (const { process, session_id, state, seqs } of all) {
    if (process < 0 || state !== "acked" || seqs === null) continue;
    const line = `${process} ${session_id}`;
    if (seqs[0] <= (last.get(line) ?? 0)) return true;
    last.set(line, seqs[0]);
  }
  return false;
}
