// What the runtime needs from outside: main.ts wires stdio and real timers, tests wire a host in the same process.
import type { ChildFrame } from "../../lib/protocol/sandbox.ts";

/** How a run came to its end in this process. After it nothing is sent any more. */
export type RunOver = "finished" | "mismatch" | "cancelled";

/** The outside of a runtime. */
export interface RuntimePorts {
  /** Sends a frame to the host, in order. */
  send(frame: ChildFrame): void;
  /** Writes what was printed where it has no place in the log: inside a step, or outside a run. */
  output(stream: "print" | "stderr", text: string): void;
  /** Runs `fn` in a later turn of the event loop, when all microtasks are drained (setImmediate). */
  later(fn: () => void): void;
  /** Runs `fn` once after `ms`; the result cancels it. */
  after(ms: number, fn: () => void): () => void;
  /** The run is over here. */
  over(how: RunOver): void;
}
