// One WebSocket: what may be sent to it, what it may send, and how it ends.
//
// Owns the bounds of one socket: message size and rate, the first message in time, what a slow reader may leave unread.
// Leaves to the doors (door_general.ts, door_run.ts) what messages mean.
//   CO1. It ends once: everything that a door opened for it is closed in `ended`, whoever ended it.
//   CO2. A socket over MAX_BUFFERED gets nothing more and is out of the hub at once. Deno cannot disconnect it, so it is
//        kept as stuck until its TCP connection dies.
//   CO3. Messages are handled one at a time, in order; those that wait for their turn have a bound (1013).
import type { Clock } from "../service/ports.ts";
import { MAX_MESSAGE_BYTES } from "../protocol/live.ts";

/** Bytes that a reader may leave unread. */
export const MAX_BUFFERED = 1_000_000;
/** A replay waits while more than this is unread. */
const REPLAY_BUFFERED = 256 * 1024;
/** A replay that finds no room for this long ends; how often it looks, milliseconds. */
const ROOM_DEADLINE_MS = 30_000;
const ROOM_LOOK_MS = 20;
/** Time for the first message, milliseconds. */
const FIRST_MESSAGE_MS = 30_000;
/** Characters of messages that wait for their turn. */
const MAX_WAITING = 4 * MAX_MESSAGE_BYTES;
/** Messages a client may send at once, and how many come back each second. */
const BURST = 120;
const PER_SECOND = 40;

/** Why a connection ends: a close code and its text. */
export interface Ending {
  code: number;
  reason: string;
}
/** Close codes that the doors use. */
export const ENDINGS = {
  done: { code: 1000, reason: "done" },
  goingAway: { code: 1001, reason: "the server is going away, come back" },
  notAllowed: { code: 1008, reason: "no valid credentials" },
  loggedOut: { code: 1008, reason: "logged out, or the token has ended" },
  tooBig: { code: 1009, reason: "a message is larger than 1 MiB" },
  overload: { code: 1013, reason: "try again later" },
  unknown: { code: 4404, reason: "no such run or session" },
  nothingFirst: { code: 4408, reason: "no first message in 30 s" },
  tooFast: { code: 4429, reason: "too many messages" },
  tooSlow: { code: 4499, reason: "you read too slowly, resume from your cursor" },
} as const satisfies Record<string, Ending>;

/** The part of a WebSocket that is used. */
export interface Socket {
  readonly bufferedAmount: number;
  readonly readyState: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "close" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}
/** What a door does with a connection. */
export interface Talk {
  opened(): void;
  /** One message as text; the next one waits until it settles. Never rejects. */
  message(text: string): Promise<void>;
  /** Everything that was opened for the connection ends now. */
  ended(): void;
}
/** What a connection needs. */
export interface ConnectionOptions {
  id: string;
  socket: Socket;
  clock: Clock;
  /** Ends it as soon as it is open. */
  refuse?: Ending;
  /** It takes no place any more: closed, or stuck. */
  left(stuck: boolean): void;
  /** The socket is closed for good; `stuck` as `left` was told. */
  closed(stuck: boolean): void;
}

type Phase = "opening" | "open" | "ending" | "closed";

/** One WebSocket. */
export class Connection {
  readonly id: string;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  #talk: Talk | null = null;
  #phase: Phase = "opening";
  #queue: Promise<void> = Promise.resolve();
  /** Characters in the queue. */
  #waiting = 0;
  #cancelFirst: () => void;
  #tokens = BURST;
  #counted: number;
  #stuck = false;
  /** Why it ends, for a socket that is not open yet. */
  #why: Ending = ENDINGS.goingAway;

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.#options = options;
    this.#socket = options.socket;
    this.#counted = options.clock.monotonic();
    this.#cancelFirst = options.clock.after(FIRST_MESSAGE_MS, () => this.end(ENDINGS.nothingFirst));
    const { socket } = options;
    socket.addEventListener("open", () => this.#opened());
    socket.addEventListener("message", (event) => this.#message(event.data));
    // An error is followed by a close; a silent peer closes twice.
    socket.addEventListener("close", () => this.#closed());
    socket.addEventListener("error", () => undefined);
  }

  /** Gives the connection to its door; before the socket opens. */
  talk(talk: Talk): void {
    this.#talk = talk;
  }

  /** Whether frames can still be sent. */
  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Sends one frame, or ends the connection when it reads too slowly. */
  send(text: string): void {
    if (this.#phase !== "open") return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED) return this.end(ENDINGS.tooSlow);
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  /** The first message has come: the clock for it stops. */
  spoken(): void {
    this.#cancelFirst();
  }

  /** Settles when a replay may send more, or when the connection has ended. */
  async room(): Promise<void> {
    const { clock } = this.#options;
    const until = clock.monotonic() + ROOM_DEADLINE_MS;
    while (this.#phase === "open" && this.#socket.bufferedAmount > REPLAY_BUFFERED) {
      if (clock.monotonic() > until) return this.end(ENDINGS.tooSlow);
      await clock.sleep(ROOM_LOOK_MS);
    }
  }

  /** Ends it with a close code; ending it again does nothing. */
  end({ code, reason }: Ending): void {
    if (this.#phase === "ending" || this.#phase === "closed") return;
    this.#phase = "ending";
    this.#why = { code, reason };
    this.#leave(code === ENDINGS.tooSlow.code);
    // A socket that is not open yet cannot be closed with a code; it ends in #opened.
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(code, reason);
  }

  #opened(): void {
    if (this.#phase !== "opening") return this.#socket.close(this.#why.code, this.#why.reason);
    this.#phase = "open";
    if (this.#options.refuse !== undefined) return this.end(this.#options.refuse);
    this.#talk?.opened();
  }

  #message(data: unknown): void {
    if (this.#phase !== "open") return;
    if (!this.#hasToken()) return this.end(ENDINGS.tooFast);
    const text = typeof data === "string" ? data : "";
    // A UTF-16 unit is at most three bytes of UTF-8, so most texts need no second look.
    const large = text.length > MAX_MESSAGE_BYTES ||
      (text.length > MAX_MESSAGE_BYTES / 3 && new TextEncoder().encode(text).length > MAX_MESSAGE_BYTES);
    if (large || sizeOf(data) > MAX_MESSAGE_BYTES) return this.end(ENDINGS.tooBig);
    if (this.#waiting + text.length > MAX_WAITING) return this.end(ENDINGS.overload);
    this.#waiting += text.length;
    this.#queue = this.#queue.then(() => this.#phase === "open" ? this.#talk?.message(text) : undefined)
      .then(() => void (this.#waiting -= text.length));
  }

  /** One message costs a token; tokens come back with time. */
  #hasToken(): boolean {
    const now = this.#options.clock.monotonic();
    this.#tokens = Math.min(BURST, this.#tokens + (now - this.#counted) / 1000 * PER_SECOND);
    this.#counted = now;
    this.#tokens -= 1;
    return this.#tokens >= 0;
  }

  #leave(stuck: boolean): void {
    this.#stuck = stuck;
    this.#cancelFirst();
    this.#talk?.ended();
    this.#talk = null;
    this.#options.left(stuck);
  }

  #closed(): void {
    if (this.#phase === "closed") return;
    const left = this.#phase === "ending";
    this.#phase = "closed";
    if (!left) this.#leave(false);
    this.#options.closed(this.#stuck);
  }
}

/** Bytes of a binary message. */
function sizeOf(data: unknown): number {
  if (data instanceof Blob) return data.size;
  return data instanceof ArrayBuffer ? data.byteLength : 0;
}
