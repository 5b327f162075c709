// In which order leaves settle: as a script answers them, or as they settled in a run that was.
import { WAITS } from "../../lib/model/journal.ts";
import type { SettledEntry } from "../../lib/model/journal.ts";
import type { BeginFrame } from "../../lib/protocol/sandbox.ts";
import { type HostJournal, isDropped, type LeafResult } from "./journal.ts";
import type { Order } from "./life.ts";
import type { ScriptReader } from "./script.ts";

/** The first that is ready settles first; people and timers answer when every branch waits, the oldest question first. */
export function scriptedOrder(script: ScriptReader): Order {
  const waits: { frame: BeginFrame; attempt: number }[] = [];
  return {
    began(frame, attempt) {
      if (!WAITS.has(frame.kind)) return script.answer(frame, attempt);
      waits.push({ frame, attempt });
      return null;
    },
    async waiting(open) {
      const at = waits.findIndex(({ frame }) => open.has(frame.key));
      const [wait] = at < 0 ? [] : waits.splice(at, 1);
      if (wait === undefined) return null;
      return { key: wait.frame.key, result: await script.answer(wait.frame, wait.attempt) };
    },
    next(ready) {
      const first = ready.entries().next().value;
      return first === undefined ? null : { key: first[0], result: first[1] };
    },
  };
}

/**
 * The order and the results of a run that was; `from` entries are stored already, `now` is the journal of this life.
 * An entry that came after its branch was dropped is passed over; `from` counts entries, not numbers.
 */
export function recordedOrder(journal: Pick<HostJournal, "stored">, from: number, now: HostJournal): Order {
  const results = new Map<string, LeafResult>();
  const sequence: SettledEntry[] = [];
  for (const entry of journal.stored()) {
    if (entry.status === "open") continue;
    sequence.push(entry);
    // A stored value is JSON; one that lies in a blob is resolved before it is sent, so that none is met here.
    const value = entry.status === "done" ? JSON.parse(JSON.stringify(entry.value)) : null;
    results.set(entry.key, entry.status === "done" ? { ok: true, value } : { ok: false, failure: entry.failure });
  }
  let at = from;
  return {
    began(frame) {
      const result = results.get(frame.key);
      return result === undefined ? null : Promise.resolve(result);
    },
    waiting: () => Promise.resolve(null),
    next(ready) {
      for (let entry = sequence[at]; entry !== undefined; entry = sequence[++at]) {
        const result = results.get(entry.key);
        if (result === undefined) return null;
        if (ready.has(entry.key)) {
          at++;
          // The same time as in the run that was.
          return { key: entry.key, result, at: entry.at };
        }
        if (!isDropped(now, entry.scope)) return null;
      }
      return null;
    },
  };
}
