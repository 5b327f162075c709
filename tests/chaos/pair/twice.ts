// Whether one session ever has blocks at work on both servers at once: looked at all the time, in the kernel's own list.
//
//   TW1. Two at once are a breach, unless one of the servers stands still, or was lost or went on just now: it cannot end
//        what it started while it stands still, and has this long to do so after.
import type { Host } from "../host.ts";
import type { Memory } from "../memory.ts";
import { blocksIn } from "../processes.ts";

const LOOK_MS = 150;
const AFTER_MS = 3_000;

/** Looks for sessions that execute twice. */
export class Twice implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
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
    if (now < this.#excused_until) return;
    const [first, second] = hosts.map((host) => blocksIn(`${host.data}/sessions/`));
    for (const session_id of first ?? []) {
      if (second?.has(session_id)) memory.breach(session_id, "had begun blocks on both servers that live");
    }
  }
}
