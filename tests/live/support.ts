// A log in memory and sockets by hand: the edges of the live side.
import type { EventDraft } from "@/lib/model/event.ts";
import type { LiveLog } from "@/lib/service/holdfast.ts";
import type { Committed } from "@/lib/service/ports.ts";
import { approvalsIn } from "@/lib/store/feed.ts";
import type { Socket } from "@/lib/live/connection.ts";

const encoder = new TextEncoder();
/** A stored line of a session. */
export const lineOf = (session_id: string, seq: number, message = `line ${seq}`): string =>
  JSON.stringify({
    seq,
    event_type: "output",
    timestamp: "2026-03-01T12:00:00.000Z",
    run_id: null,
    session_id,
    data: { message, stream: "stdout", source: "test" },
  });

/** A log of sessions in memory, stored in chunks as commits made them. */
export class MemoryLog implements LiveLog {
  readonly #chunks = new Map<string, { first_seq: number; lines: string[] }[]>();
  /** Called before each answer, so that a test decides what happens meanwhile. */
  before: () => Promise<void> = () => Promise.resolve();
  reads = 0;

  /** Makes a session. */
  open(session_id: string): void {
    this.#chunks.set(session_id, []);
  }

  /** Deletes a session; the result is what the hub is told. */
  remove(session_id: string): Committed {
    this.#chunks.delete(session_id);
    return { session_id, first_seq: 1, last_seq: 0, lines: new Uint8Array(), approvals: [], deleted: true };
  }

  head(session_id: string): number {
    const last = this.#chunks.get(session_id)?.at(-1);
    return last === undefined ? 0 : last.first_seq + last.lines.length - 1;
  }

  /** Commits lines; the result is what the hub is told. */
  commit(session_id: string, count: number, options: { drafts?: EventDraft[]; bytes?: number } = {}): Committed {
    const first_seq = this.head(session_id) + 1;
    const lines = Array.from(
      { length: count },
      (_, at) => lineOf(session_id, first_seq + at, "x".repeat(options.bytes ?? 4)),
    );
    this.#chunks.get(session_id)?.push({ first_seq, lines });
    return {
      session_id,
      first_seq,
      last_seq: first_seq + count - 1,
      lines: ndjson(lines),
      approvals: approvalsIn(options.drafts ?? []),
      deleted: false,
    };
  }

  /** All lines as they are stored. */
  lines(session_id: string): string[] {
    return this.#chunks.get(session_id)?.flatMap((chunk) => chunk.lines) ?? [];
  }

  async headSeq(session_id: string): Promise<number | null> {
    await this.before();
    return this.#chunks.has(session_id) ? this.head(session_id) : null;
  }

  async *chunks(session_id: string, after: number): ReturnType<LiveLog["chunks"]> {
    this.reads++;
    const head = this.head(session_id);
    for (const { first_seq, lines } of [...this.#chunks.get(session_id) ?? []]) {
      const last_seq = first_seq + lines.length - 1;
      if (last_seq <= after || first_seq > head) continue;
      await this.before();
      yield { first_seq, last_seq, lines: ndjson(lines) };
    }
  }
}

const ndjson = (lines: readonly string[]) => encoder.encode(lines.map((line) => `${line}\n`).join(""));

/** A socket whose peer reads when the test says so. */
export class HandSocket implements Socket {
  bufferedAmount = 0;
  readyState: number = WebSocket.CONNECTING;
  readonly sent: string[] = [];
  closed: { code: number | undefined; reason: string | undefined } | null = null;
  /** Whether what is sent stays unread. */
  stuck = false;
  readonly #listeners = new Map<string, ((event: MessageEvent) => void)[]>();

  send(text: string): void {
    this.sent.push(text);
    if (this.stuck) this.bufferedAmount += text.length;
  }
  close(code?: number, reason?: string): void {
    this.closed ??= { code, reason };
    this.readyState = WebSocket.CLOSING;
    if (!this.stuck) this.die();
  }
  addEventListener(type: string, listener: (event: MessageEvent) => void): void {
    this.#listeners.set(type, [...this.#listeners.get(type) ?? [], listener]);
  }
  #fire(type: string, data?: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(new MessageEvent(type, { data }));
  }
  /** The handshake is done. */
  open(): void {
    this.readyState = WebSocket.OPEN;
    this.#fire("open");
  }
  /** The peer says something. */
  say(message: unknown): void {
    this.#fire("message", typeof message === "string" ? message : JSON.stringify(message));
  }
  /** The TCP connection ends. */
  die(): void {
    this.readyState = WebSocket.CLOSED;
    this.#fire("close");
  }
  /** Frames that were sent, parsed. */
  frames(): Record<string, unknown>[] {
    return this.sent.map((text) => JSON.parse(text));
  }
  /** Frames of one kind. */
  of(event_type: string): Record<string, unknown>[] {
    return this.frames().filter((frame) => frame.event_type === event_type);
  }
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
}
const setImmediate = (fn: () => void) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    fn();
  };
  port2.postMessage(null);
};
