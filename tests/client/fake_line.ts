// The edges of the live client: a clock whose time is moved by hand, and sockets that the test opens, feeds and loses.
import type { ClientClock } from "@/lib/client/clock.ts";
import type { LineState, SocketLike } from "@/lib/client/live.ts";

/** A clock that stands still until it is moved; `chance` is what random() gives. */
export class HandClock implements ClientClock {
  chance = 0;
  #now = 1_000_000;
  #timers = new Set<{ at: number; fn: () => void }>();

  now = () => this.#now;
  random = () => this.chance;
  after = (ms: number, fn: () => void) => {
    const timer = { at: this.#now + ms, fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Moves the time; what is due runs in the order of its time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.fn();
    }
    this.#now = end;
  }
}

/** A socket that the test opens, feeds and loses. */
export class HandSocket implements SocketLike {
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  /** What the client sent, read. */
  readonly sent: Record<string, unknown>[] = [];
  closedWith: number | null | undefined = undefined;

  constructor(readonly url: string, readonly protocols: readonly string[]) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(code?: number): void {
    this.closedWith = code ?? null;
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }
  /** Gives the client a message, as it is or as JSON. */
  say(message: unknown): void {
    const data = typeof message === "string" || message instanceof ArrayBuffer ? message : JSON.stringify(message);
    this.onmessage?.(new MessageEvent("message", { data }));
  }
  lose(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.onclose?.(new CloseEvent("close", { code, reason }));
  }
}

/** All that a test of the live client holds in its hand. */
export function handLine() {
  const clock = new HandClock();
  const sockets: HandSocket[] = [];
  const states: LineState[] = [];
  const options = {
    url: "ws://server/ws",
    clock,
    open: (url: string, protocols: string[]) => {
      const socket = new HandSocket(url, protocols);
      sockets.push(socket);
      return socket;
    },
    onState: (state: LineState) => void states.push(state),
  };
  const last = () => sockets.at(-1) ?? new HandSocket("none", []);
  return { clock, sockets, states, options, last };
}

export const SESSION = "00000000-0000-4000-8000-000000000001";
export const TOPIC = `session:${SESSION}`;

/** An event of the log as it stands in a frame. */
export function event(seq: number, patch: Record<string, unknown> = {}) {
  return {
    seq,
    event_type: "output",
    timestamp: "2026-11-24T10:00:00.000Z",
    run_id: null,
    session_id: SESSION,
    data: { message: `line ${seq}` },
    ...patch,
  };
}
/** A frame about the connection. */
export function frame(event_type: string, data: Record<string, unknown> = {}, topic: string = TOPIC) {
  return { topic, event_type, timestamp: "2026-11-24T10:00:00.000Z", data };
}
