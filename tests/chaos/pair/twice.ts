// Whether one session ever has blocks at work on both servers at once: looked at all the time, in the kernel's own list.
//
//   TW1. Two at once are a breach when that lasts: a process that was started ahead for a run that waits goes a moment
//        after another server has claimed the run. (That code never overlaps is seen by its marks.)
//   TW2. Nothing is said of the time in which a server stands still, or was lost or went on just now: it cannot end what
//        it started while it stands still, and has this long to do so after.
import type { Host } from "../host.ts";
import type { Memory } from "../memory.ts";
import { blocksIn } from "../processes.ts";

const LOOK_MS = 150;
const AFTER_MS = 3_000;
const LASTS_MS = 3_000;

/** Looks for sessions that execute twice. */
export class Twice implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #since = new Map<string, number>();
  #excused_until = 0;

  constructor(parts: { memory: Memory; hosts: readonly Host[] }) {
    this.#timer = setInterval(() => this.#look(parts), LOOK_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look({ memory, hosts }: { memory: Memory; hosts: readonly Host[] }): void {
    const now = performance.now();
    if (hosts.some((host) => host.frozen || !host.alive)) this.#excused_until = now + AFTER_MS;
    if (now < this.#excused_until) return this.#since.clear();
    const [first, second] = hosts.map((host) => blocksIn(`${host.data}/sessions/`));
    for (const session_id of this.#since.keys()) {
      if (!first?.has(session_id) || !second?.has(session_id)) this.#since.delete(session_id);
    }
    for (const session_id of first ?? []) {
      if (!second?.has(session_id)) continue;
      const since = this.#since.get(session_id) ?? now;
      this.#since.set(session_id, since);
      if (now - since > LASTS_MS) memory.breach(session_id, "had begun blocks on both servers that live");
    }
  }
}
