// The live client: one WebSocket to /ws that reconnects, and subscriptions that resume by their cursor.
//
// Owns the connection's state and the cursor of each session topic. Leaves to its subscribers what an event means.
//   LC1. Events of a session reach the subscriber once each and in seq order, over any number of reconnects.
//   LC2. Back-off is jittered and exponential, 0.5 s to 30 s; `online` and `wake` make it try at once.
//   LC3. Lists (sessions, approvals, pulse) begin anew with a snapshot after each reconnect.
import { z } from "zod";
import { EventEnvelope } from "../model/event.ts";
import { ConnectionFrame } from "../protocol/live.ts";
import type { JsonObject } from "../model/json.ts";
import { backoff_ms, type ClientClock, clientClock } from "./clock.ts";

/** State of the line. `offline`: the next try comes at `retry_at` (milliseconds since the epoch). */
export type LineState =
  | { state: "connecting" }
  | { state: "live" }
  | { state: "offline"; retry_at: number; attempt: number }
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

const Batch = z.looseObject({ topic: z.string().optional(), batch: z.array(z.unknown()) });
const Topical = z.looseObject({ topic: z.string().optional() });
/** Close codes after which trying again cannot help. */
const FINAL = new Set([1008]);
/** A line that says nothing for this long is dead: the server sends a heartbeat each 30 s. */
const SILENCE_MS = 75_000;

/** One live connection with its subscriptions. */
export class LiveClient {
  readonly #options: LiveOptions;
  readonly #clock: ClientClock;
  readonly #topics = new Map<string, Subscribed>();
  #socket: SocketLike | null = null;
  #attempt = 0;
  #cancelRetry: (() => void) | null = null;
  #cancelSilence: (() => void) | null = null;
  #closed = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#clock = options.clock ?? clientClock;
  }

  /** Connects and goes on reconnecting until close(). */
  connect(): void {
    if (this.#closed || this.#socket !== null) return;
    this.#cancelRetry?.();
    this.#say({ state: "connecting" });
    const protocols = this.#options.token === undefined
      ? ["holdfast.v1"]
      : ["holdfast.v1", `bearer.${this.#options.token}`];
    const open = this.#options.open ?? ((url: string, list: string[]) => new WebSocket(url, list));
    const socket = open(this.#options.url, protocols);
    this.#socket = socket;
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => this.#message(socket, event.data);
    socket.onclose = (event) => this.#lost(socket, event);
    socket.onerror = () => undefined;
  }

  /** Follows a topic from a cursor; the result ends it. A topic has one subscriber. */
  subscribe(topic: string, after: number, handlers: TopicHandlers): () => void {
    const subscribed = { topic, cursor: after, handlers };
    this.#topics.set(topic, subscribed);
    if (this.#socket?.readyState === 1) this.#ask(subscribed);
    return () => {
      if (this.#topics.get(topic) !== subscribed) return;
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
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#attempt = 0;
    this.connect();
  }

  /** Ends the connection for good. */
  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#cancelSilence?.();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  #say(state: LineState): void {
    this.#options.onState?.(state);
  }

  #ask(subscribed: Subscribed): void {
    const session = subscribed.topic.startsWith("session:");
    this.send({
      type: "subscribe",
      topic: subscribed.topic,
      ...(session ? { after: subscribed.cursor, batch: true } : {}),
    });
  }

  #opened(socket: SocketLike): void {
    if (socket !== this.#socket) return;
    this.#attempt = 0;
    this.#listen();
    this.#say({ state: "live" });
    for (const subscribed of this.#topics.values()) this.#ask(subscribed);
  }

  #listen(): void {
    this.#cancelSilence?.();
    this.#cancelSilence = this.#clock.after(SILENCE_MS, () => this.#drop());
  }

  #drop(): void {
    const socket = this.#socket;
    if (socket === null) return;
    socket.onclose = null;
    socket.close();
    this.#again(socket);
  }

  #lost(socket: SocketLike, event: CloseEvent): void {
    if (FINAL.has(event.code) && socket === this.#socket) {
      this.#socket = null;
      this.#cancelSilence?.();
      return this.#say({ state: "refused", code: event.code, reason: event.reason });
    }
    this.#again(socket);
  }

  #again(socket: SocketLike): void {
    if (socket !== this.#socket || this.#closed) return;
    this.#socket = null;
    this.#cancelSilence?.();
    const wait = backoff_ms(this.#attempt++, this.#clock);
    this.#say({ state: "offline", retry_at: this.#clock.now() + wait, attempt: this.#attempt });
    this.#cancelRetry = this.#clock.after(wait, () => this.connect());
  }

  #message(socket: SocketLike, data: unknown): void {
    if (socket !== this.#socket || typeof data !== "string") return;
    this.#listen();
    const value: unknown = JSON.parse(data);
    const batch = Batch.safeParse(value);
    if (batch.success) return this.#events(batch.data.topic, batch.data.batch);
    const topic = Topical.parse(value).topic;
    const event = EventEnvelope.safeParse(value);
    if (event.success) return this.#events(topic, [value]);
    const frame = ConnectionFrame.safeParse(value);
    if (frame.success) this.#frame(frame.data);
  }

  #events(topic: string | undefined, values: unknown[]): void {
    const subscribed = topic === undefined ? undefined : this.#topics.get(topic);
    if (subscribed === undefined) return;
    const fresh: EventEnvelope[] = [];
    for (const value of values) {
      const event = EventEnvelope.parse(value);
      if (event.seq <= subscribed.cursor) continue;
      subscribed.cursor = event.seq;
      fresh.push(event);
    }
    if (fresh.length > 0) subscribed.handlers.events?.(fresh);
  }

  #frame(frame: z.infer<typeof ConnectionFrame>): void {
    const subscribed = frame.topic === undefined ? undefined : this.#topics.get(frame.topic);
    const from = frame.data?.["from_seq"];
    if (subscribed && frame.event_type === "reset" && typeof from === "number") {
      subscribed.cursor = Math.max(0, from - 1);
    }
    subscribed?.handlers.frame?.({ event_type: frame.event_type, data: frame.data ?? {} });
  }
}
