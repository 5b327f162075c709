// Follows one session over server-sent events, comes back with its cursor after each break, and keeps every line.
//
//   WI1. A line that does not follow its cursor is kept as wrong: a gap is lost, one that was there already repeated.
import { EXIT, Exit } from "../terminal.ts";
import type { Victim } from "./victim.ts";

const AGAIN_MS = 5;
const PATIENCE_MS = 60_000;

/** What a witness saw. */
export class Witness implements AsyncDisposable {
  readonly session_id: string;
  /** Stored lines in their order, byte for byte. */
  readonly lines: string[] = [];
  /** Lines that came again, and lines that are missing before one that came. */
  repeated = 0;
  missing = 0;
  /** When the connection broke last (of the monotonic clock), null while it never did. */
  broke: number | null = null;
  readonly #at: Victim;
  readonly #end = new AbortController();
  readonly #done: Promise<void>;
  #cursor = 0;
  #heard: () => void = () => {};

  constructor(at: Victim, session_id: string) {
    this.#at = at;
    this.session_id = session_id;
    this.#done = this.#follow();
  }

  /** Waits until a line is such; gives its place and when it was seen. Throws Exit in the end. */
  async until(such: (line: string) => boolean, from = 0): Promise<{ at: number; seen: number }> {
    const late = performance.now() + PATIENCE_MS;
    for (let at = from;;) {
      for (; at < this.lines.length; at++) if (such(this.lines[at] ?? "")) return { at, seen: performance.now() };
      if (performance.now() > late) {
        throw new Exit(EXIT.failed, `Stuck: session ${this.session_id} did not go on in ${PATIENCE_MS / 1000} s`);
      }
      await this.#more();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#done;
  }

  /** Settles with the next line, and each second. */
  #more(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 1000);
      this.#heard = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #follow(): Promise<void> {
    while (!this.#end.signal.aborted) {
      try {
        await this.#read();
      } catch {
        // A break: that is what it comes back from.
      }
      if (this.#cursor > 0 && !this.#end.signal.aborted) this.broke ??= performance.now();
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  async #read(): Promise<void> {
    const { base, token } = this.#at;
    const response = await fetch(new URL(`/api/sessions/${this.session_id}/events?after=${this.#cursor}`, base), {
      headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
      signal: this.#end.signal,
    });
    if (response.status !== 200) return await response.body?.cancel();
    let rest = "";
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const line = block.split("\n").filter((one) => one.startsWith("data: ")).map((one) => one.slice(6)).join("\n");
        this.#take(line);
      }
    }
  }

  #take(line: string): void {
    const seq = Number(/^\{"seq":(\d+),/.exec(line)?.[1] ?? 0);
    if (seq === 0) return; // about the connection
    if (seq <= this.#cursor) this.repeated++;
    else this.missing += seq - this.#cursor - 1;
    this.#cursor = seq;
    this.lines.push(line);
    this.#heard();
  }
}
