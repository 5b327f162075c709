// One viewer of one session: follows it over a door of its own kind, comes back with its cursor after every break.
//
//   V1. What it is given continues at its cursor, line after line, and never changes (memory.ts compares the bytes).
//   V2. It stops when the session is gone, and never because of a break.
import { cutObjects } from "./cut_objects.ts";
import type { Known, Memory } from "./memory.ts";
import type { Line } from "./wire.ts";

/** The doors by which a session can be followed. */
export const DOORS = ["batch", "single", "run", "sse"] as const;
/** A door by which a session can be followed. */
export type Door = (typeof DOORS)[number];

/** Where a viewer finds the server. */
export interface Address {
  /** Of its line, the same over all restarts. */
  readonly line: Line;
  readonly token: string;
}
const AGAIN_MS = 40;

/** Follows one session. */
export class Viewer {
  readonly known: Known;
  readonly #memory: Memory;
  readonly #at: Address;
  readonly #heard: (line: string) => void;
  readonly #end = new AbortController();
  readonly #stopped = Promise.withResolvers<void>();
  readonly #done: Promise<void>;
  readonly #door: Door;
  #cursor = 0;
  #refused = new AbortController();
  /** What came in the connection that is open now. */
  #frames = 0;
  /** Times that it came back. */
  connections = 0;

  constructor(known: Known, door: Door, parts: { memory: Memory; at: Address; heard?(line: string): void }) {
    this.known = known;
    this.#memory = parts.memory;
    this.#at = parts.at;
    this.#heard = parts.heard ?? (() => {});
    this.#door = door;
    this.#done = this.#follow(door);
  }

  /** The last seq that it saw. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Whether it follows no more. */
  get over(): boolean {
    return this.#end.signal.aborted || this.known.deleting !== "no";
  }

  /** How it stands, for who wonders what it waits for. */
  get standing(): string {
    const { line } = this.#at;
    const seen = `seq ${this.#cursor} of ${this.known.log.length}, heard ${this.#frames} times in this connection`;
    return `${this.known.session_id} by ${this.#door}: line ${line.stands ? "stands" : "broken"}, ${seen}`;
  }

  /** Stops for good. */
  async stop(): Promise<void> {
    this.#end.abort();
    this.#stopped.resolve();
    await this.#done;
  }

  async #follow(door: Door): Promise<void> {
    while (!this.over) {
      this.connections++;
      try {
        this.#frames = 0;
        const cut = new AbortController();
        this.#refused = cut;
        const followed = door === "sse" ? this.#stream(cut.signal) : this.#socket(door, cut.signal);
        // Some breaks of a connection are never told by the runtime.
        await Promise.race([followed, this.#at.line.broken(), this.#stopped.promise]).finally(() => cut.abort());
      } catch {
        // A break: that is what it comes back from.
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  #take(seq: number, line: string): void {
    if (this.#end.signal.aborted) return;
    if (seq !== this.#cursor + 1) {
      this.#memory.breach(this.known.session_id, `a viewer at ${this.#cursor} was given seq ${seq}`);
    }
    this.#cursor = seq;
    this.#memory.saw(this.known, seq, line);
    this.#heard(line);
  }

  /**
   * A frame without seq is about the connection; a reset says that the server knows less than the viewer. What it asked
   * for may be refused because the store does not answer now: it asks again, over a connection of its own.
   */
  #about(text: string): void {
    if (text.includes('"event_type":"error"')) return this.#refused.abort();
    if (!text.includes('"event_type":"reset"')) return;
    this.#memory.breach(this.known.session_id, `a viewer at ${this.#cursor} was reset: ${text.slice(0, 200)}`);
    this.#cursor = 0;
  }

  async #stream(cut: AbortSignal): Promise<void> {
    const { line: { url }, token } = this.#at;
    const path = `/api/sessions/${this.known.session_id}/events?after=${this.#cursor}`;
    const response = await fetch(new URL(path, url), {
      headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
      signal: AbortSignal.any([this.#end.signal, cut]),
    });
    if (response.status !== 200) return await response.body?.cancel();
    let rest = "";
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        this.#frames++;
        const line = block.split("\n").filter((one) => one.startsWith("data: ")).map((one) => one.slice(6)).join("\n");
        const seq = seqOf(line);
        if (seq === null) this.#about(line);
        else this.#take(seq, line);
      }
    }
  }

  async #socket(door: "batch" | "single" | "run", cut: AbortSignal): Promise<void> {
    const { session_id, run_id } = this.known;
    const url = new URL(door === "run" ? `/ws/${run_id}` : "/ws", this.#at.line.url.replace("http", "ws"));
    const socket = new WebSocket(url, ["holdfast.v1", `bearer.${this.#at.token}`]);
    const closed = Promise.withResolvers<void>();
    const topic = `session:${session_id}`;
    const first = door === "run"
      ? { type: "attach", after: this.#cursor }
      : { type: "subscribe", topic, after: this.#cursor, batch: door === "batch" };
    const stop = () => socket.close();
    const given = AbortSignal.any([this.#end.signal, cut]);
    given.addEventListener("abort", stop);
    socket.onopen = () => socket.send(JSON.stringify(first));
    socket.onclose = () => closed.resolve();
    socket.onmessage = ({ data }) => {
      if (!given.aborted) this.#frame(`${data}`, `{"topic":"${topic}",`);
    };
    await closed.promise;
    given.removeEventListener("abort", stop);
  }

  #frame(text: string, head: string): void {
    const body = text.startsWith(head) ? `{${text.slice(head.length)}` : text;
    this.#frames++;
    const batch = `{"batch":[`;
    const lines = body.startsWith(batch) ? cutObjects(body.slice(batch.length, -2)) : [body];
    for (const line of lines) {
      const seq = seqOf(line);
      if (seq === null) this.#about(line);
      else this.#take(seq, line);
    }
  }
}

/** The seq of a stored line, null for a frame about the connection. */
export function seqOf(line: string): number | null {
  const found = /^\{"seq":(\d+),/.exec(line);
  return found === null ? null : Number(found[1]);
}
