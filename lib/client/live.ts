// The live client: one WebSocket to /ws that reconnects, and subscriptions that resume by their cursor.
//
// Owns the connection's state and the cursor of each session topic. Leaves to its subscribers what an event means.
//   LC1. Events of a session reach the subscriber once each and in seq order, over any number of reconnects. What does
//        not continue at the cursor is passed over: it belongs to a subscription that was given up.
//   LC2. Back-off is jittered and exponential, 0.5 s to 30 s, and begins anew only after a line has held; `wake` tries
//        at once, and asks a line that seems to stand whether it does.
//   LC3. Lists (sessions, approvals, pulse) begin anew with a snapshot after each reconnect.
//   LC4. A message that is not JSON, or is nothing that is known here, changes nothing.
//   LC5. A topic that the server cannot follow right now (a retryable code) is asked for again, with the same back-off.
import * as z from "zod";
import { EventEnvelope } from "../model/event.ts";
import { ERRORS } from "../model/error.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { ConnectionFrame } from "../protocol/live.ts";
import { backoff_ms, type ClientClock, clientClock } from "./clock.ts";

/** State of the line. `offline`: the next try comes at `retry_at` (milliseconds since the epoch). */
export type LineState =
  | { state: "connecting" }
  | { state: "live" }
  | { state: "offline"; retry_at: number; attempt: number }
  /** Trying again cannot help; `code` is 0 where the line could not even be asked for. */
  | { state: "refused"; code: number; reason: string };

/** What a subscriber of a topic is told. */
export interface TopicHandlers {
  /** Events of a session, in order, each once. */
  events?(events: EventEnvelope[]): void;
  /** Frames of the connection that belong to the topic: caught_up, reset, snapshot, upsert, remove, presence, error. */
  frame?(frame: { event_type: string; data: JsonObject }): void;
}
interface Subscribed {
  topic: string;
  cursor: number;
  handlers: TopicHandlers;
  /** How often it could not be followed since it last could, and the timer of the next try. */
  refused: number;
  cancelAsk: (() => void) | null;
}
/** The part of a WebSocket that is used. */
export interface SocketLike {
  send(text: string): void;
  close(code?: number): void;
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  onerror: ((event: Event) => void) | null;
}
/** How the client connects. */
export interface LiveOptions {
  url: string;
  token?: string;
  clock?: ClientClock;
  open?: (url: string, protocols: string[]) => SocketLike;
  onState?: (state: LineState) => void;
}

const Topical = z.looseObject({ topic: z.string(), batch: z.array(z.unknown()).optional() });
const Numbered = z.looseObject({ seq: z.int() });
/** Close codes after which trying again cannot help. */
const FINAL = new Set([1008]);
/** A line that says nothing for this long is dead: the server sends a heartbeat each 30 s. */
const SILENCE_MS = 75_000;
/** A line that was asked whether it stands has this long to say anything. */
const PROBE_MS = 5_000;
/** A line that held this long begins the back-off anew: a server that ends each line at once is not stormed. */
const STEADY_MS = 10_000;

/** One live connection with its subscriptions. */
export class LiveClient {
  readonly #options: LiveOptions;
  readonly #clock: ClientClock;
  readonly #topics = new Map<string, Subscribed>();
  #socket: SocketLike | null = null;
  #attempt = 0;
  #cancelRetry: (() => void) | null = null;
  #cancelSilence: (() => void) | null = null;
  #cancelSteady: (() => void) | null = null;
  #closed = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#clock = options.clock ?? clientClock;
  }

  /** Connects and goes on reconnecting until close(). */
  connect(): void {
    if (this.#closed || this.#socket !== null) return;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#say({ state: "connecting" });
    const socket = this.#open();
    if (socket === null) return;
    this.#socket = socket;
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => this.#message(socket, event.data);
    socket.onclose = (event) => this.#lost(socket, event);
    socket.onerror = () => undefined;
    this.#listen(SILENCE_MS);
  }

  /** A socket; null where the address or the token can never be one's. */
  #open(): SocketLike | null {
    const { url, token, open = (url: string, list: string[]) => new WebSocket(url, list) } = this.#options;
    try {
      return open(url, token === undefined ? ["holdfast.v1"] : ["holdfast.v1", `bearer.${token}`]);
    } catch (cause) {
      this.#say({ state: "refused", code: 0, reason: cause instanceof Error ? cause.message : `${cause}` });
      return null;
    }
  }

  /** Follows a topic from a cursor; the result ends it. A topic has one subscriber. */
  subscribe(topic: string, after: number, handlers: TopicHandlers): () => void {
    const subscribed: Subscribed = { topic, cursor: after, handlers, refused: 0, cancelAsk: null };
    this.#topics.get(topic)?.cancelAsk?.();
    this.#topics.set(topic, subscribed);
    if (this.#socket?.readyState === 1) this.#ask(subscribed);
    return () => {
      if (this.#topics.get(topic) !== subscribed) return;
      subscribed.cancelAsk?.();
      this.#topics.delete(topic);
      this.send({ type: "unsubscribe", topic });
    };
  }

  /** Sends a message when the line stands; tells whether it did. */
  send(message: JsonObject): boolean {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Tries again at once (the browser is online again, a person pressed the button). */
  wake(): void {
    this.#attempt = 0;
    if (this.#socket === null) this.connect();
    else if (this.send({ type: "ping" })) this.#listen(PROBE_MS);
  }

  /** Ends the connection for good. */
  close(): void {
    this.#closed = true;
    this.#cancelTimers();
    for (const subscribed of this.#topics.values()) subscribed.cancelAsk?.();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  #cancelTimers(): void {
    this.#cancelRetry?.();
    this.#cancelSilence?.();
    this.#cancelSteady?.();
    this.#cancelRetry = this.#cancelSilence = this.#cancelSteady = null;
  }

  #say(state: LineState): void {
    this.#options.onState?.(state);
  }

  #ask(subscribed: Subscribed): void {
    subscribed.cancelAsk?.();
    subscribed.cancelAsk = null;
    const session = subscribed.topic.startsWith("session:");
    this.send({
      type: "subscribe",
      topic: subscribed.topic,
      ...(session ? { after: subscribed.cursor, batch: true } : {}),
    });
  }

  #opened(socket: SocketLike): void {
    if (socket !== this.#socket) return;
    this.#cancelSteady = this.#clock.after(STEADY_MS, () => this.#attempt = 0);
    this.#listen(SILENCE_MS);
    this.#say({ state: "live" });
    for (const subscribed of this.#topics.values()) this.#ask(subscribed);
  }

  #listen(ms: number): void {
    this.#cancelSilence?.();
    this.#cancelSilence = this.#clock.after(ms, () => this.#drop());
  }

  #drop(): void {
    const socket = this.#socket;
    if (socket === null) return;
    socket.onclose = null;
    socket.close();
    this.#again(socket);
  }

  #lost(socket: SocketLike, event: CloseEvent): void {
    if (socket !== this.#socket) return;
    if (!FINAL.has(event.code)) return this.#again(socket);
    this.#socket = null;
    this.#cancelTimers();
    this.#say({ state: "refused", code: event.code, reason: event.reason });
  }

  #again(socket: SocketLike): void {
    if (socket !== this.#socket || this.#closed) return;
    this.#socket = null;
    this.#cancelTimers();
    const wait = backoff_ms(this.#attempt++, this.#clock);
    this.#cancelRetry = this.#clock.after(wait, () => this.connect());
    this.#say({ state: "offline", retry_at: this.#clock.now() + wait, attempt: this.#attempt });
  }

  #message(socket: SocketLike, data: unknown): void {
    if (socket !== this.#socket || typeof data !== "string") return;
    this.#listen(SILENCE_MS);
    const parsed = Topical.safeParse(valueOf(data));
    if (!parsed.success) return;
    const { topic, batch, ...value } = parsed.data;
    const subscribed = this.#topics.get(topic);
    if (subscribed === undefined) return;
    if (batch !== undefined) return take(subscribed, batch);
    if ("seq" in value) return take(subscribed, [value]);
    const frame = ConnectionFrame.safeParse(value);
    if (!frame.success) return;
    if (isRefusal(frame.data)) return this.#askLater(subscribed);
    tell(subscribed, frame.data);
  }

  #askLater(subscribed: Subscribed): void {
    const wait = backoff_ms(subscribed.refused++, this.#clock);
    subscribed.cancelAsk?.();
    subscribed.cancelAsk = this.#clock.after(wait, () => this.#ask(subscribed));
  }
}

/** Codes of the error table with which a topic is refused for a moment only. */
const LATER: ReadonlySet<Json | undefined> = new Set(
  Object.entries(ERRORS).flatMap(([code, row]) => row.retryable ? [code] : []),
);
const isRefusal = (frame: ConnectionFrame) => frame.event_type === "error" && LATER.has(frame.data?.["code"]);

/** What a message says; undefined when it is not JSON. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Hands over what continues at the cursor. An event that cannot be read is passed over with its seq. */
function take(subscribed: Subscribed, values: readonly unknown[]): void {
  subscribed.refused = 0;
  const fresh: EventEnvelope[] = [];
  for (const value of values) {
    const event = EventEnvelope.safeParse(value);
    const seq = event.success ? event.data.seq : Numbered.safeParse(value).data?.seq;
    if (seq !== subscribed.cursor + 1) continue;
    subscribed.cursor = seq;
    if (event.success) fresh.push(event.data);
  }
  if (fresh.length > 0) subscribed.handlers.events?.(fresh);
}

function tell(subscribed: Subscribed, frame: ConnectionFrame): void {
  if (frame.event_type === "snapshot" || frame.event_type === "caught_up") subscribed.refused = 0;
  const from = frame.data?.["from_seq"];
  if (frame.event_type === "reset" && typeof from === "number") subscribed.cursor = Math.max(0, from - 1);
  subscribed.handlers.frame?.({ event_type: frame.event_type, data: frame.data ?? {} });
}
