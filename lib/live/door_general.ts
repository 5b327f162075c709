// The general door, /ws: any number of topics over one socket.
//
// Owns which topics a socket follows. A session that is unknown, not visible or deleted is told as an error under its
// topic: the other topics of the socket go on.
import { AppError } from "../model/error.ts";
import type { UserPrincipal } from "../model/principal.ts";
import { ClientMessage, type Topic } from "../protocol/live.ts";
import type { Connection } from "./connection.ts";
import { answerError, type DoorDeps, type DoorTalk, greet, type MakeTalk } from "./door.ts";
import { followSession, type SessionFollow } from "./follow.ts";
import { connectionFrame } from "./frames.ts";
import { act, readMessage } from "./messages.ts";

/** Topics that one socket may follow. */
const MAX_TOPICS = 200;
type ListTopic = Exclude<Topic, `session:${string}`>;
type Subscribe = Extract<ClientMessage, { type: "subscribe" }>;

/** Makes the talk of the general door. */
export const generalTalk = (deps: DoorDeps): MakeTalk => (connection, principal) =>
  new GeneralDoor(deps, { connection, principal });

/** The talk of one socket of the general door. */
class GeneralDoor implements DoorTalk {
  readonly #deps: DoorDeps;
  readonly #connection: Connection;
  readonly #principal: UserPrincipal;
  readonly #sessions = new Map<string, { follow: SessionFollow; asked: Subscribe }>();
  readonly #lists = new Map<ListTopic, () => void>();

  constructor(deps: DoorDeps, { connection, principal }: { connection: Connection; principal: UserPrincipal }) {
    this.#deps = deps;
    this.#connection = connection;
    this.#principal = principal;
  }

  opened(): void {
    greet(this.#connection, this.#deps);
  }

  session_id(): string | null {
    const [first] = this.#sessions.values();
    return first?.follow.session_id ?? null;
  }

  beat(): void {
    for (const { follow } of this.#sessions.values()) follow.beat();
    if (this.#sessions.size === 0) this.#frame("heartbeat", { head_seq: null });
  }

  ended(): void {
    for (const { follow } of this.#sessions.values()) follow.close();
    for (const leave of this.#lists.values()) leave();
    this.#sessions.clear();
    this.#lists.clear();
  }

  async message(text: string): Promise<void> {
    this.#connection.spoken();
    try {
      await this.#handle(readMessage(ClientMessage, text));
    } catch (error) {
      answerError(error, { connection: this.#connection, deps: this.#deps });
    }
  }

  async #handle(message: ClientMessage): Promise<void> {
    switch (message.type) {
      case "ping":
        return this.#frame("pong", {});
      case "subscribe":
        return await this.#subscribe(message);
      case "unsubscribe":
        return this.#unsubscribe(message.topic);
      case "request_state":
        return await this.#again(message.after ?? 0);
      default:
        return await act(message, {
          holdfast: this.#deps.holdfast,
          principal: this.#principal,
          run: () => this.#onlyRun(),
        });
    }
  }

  #frame(event_type: "heartbeat" | "pong", data: object): void {
    this.#connection.send(connectionFrame(event_type, { data, now: this.#deps.clock.now() }));
  }

  async #subscribe(asked: Subscribe): Promise<void> {
    const { topic } = asked;
    this.#unsubscribe(topic);
    try {
      if (this.#sessions.size + this.#lists.size >= MAX_TOPICS) {
        throw new AppError("full", `Cannot follow "${topic}": ${MAX_TOPICS} topics are followed`);
      }
      if (isList(topic)) this.#followList(topic);
      else await this.#followSession(asked, topic.slice("session:".length));
    } catch (error) {
      answerError(error, { connection: this.#connection, deps: this.#deps, topic });
    }
  }

  async #followSession(asked: Subscribe, session_id: string): Promise<void> {
    const { topic, after = 0, batch = false } = asked;
    await this.#deps.holdfast.query.summary(this.#principal, session_id);
    if (!this.#connection.isOpen) return;
    const follow = followSession(this.#deps, {
      connection: this.#connection,
      principal: this.#principal,
      session_id,
      after,
      topic,
      batch,
      gone: () => this.#gone(topic, session_id),
    });
    this.#sessions.set(topic, { follow, asked });
  }

  #followList(topic: ListTopic): void {
    const leave = this.#deps.feeds[topic].follow(this.#principal, {
      send: (frame) => this.#connection.send(frame),
      failed: (error) => {
        this.#lists.delete(topic);
        answerError(error, { connection: this.#connection, deps: this.#deps, topic });
      },
    });
    this.#lists.set(topic, leave);
  }

  #gone(topic: string, session_id: string): void {
    this.#unsubscribe(topic);
    const now = this.#deps.clock.now();
    this.#connection.send(connectionFrame("remove", { topic, data: { id: session_id }, now }));
    const error = new AppError("not_found", `Cannot follow the session "${session_id}": it was deleted`);
    answerError(error, { connection: this.#connection, deps: this.#deps, topic });
  }

  #unsubscribe(topic: string): void {
    this.#sessions.get(topic)?.follow.close();
    this.#sessions.delete(topic);
    if (!isList(topic)) return;
    this.#lists.get(topic)?.();
    this.#lists.delete(topic);
  }

  /** Everything once more: sessions after a cursor, lists with a new snapshot. */
  async #again(after: number): Promise<void> {
    const sessions = [...this.#sessions.values()].map(({ asked }) => ({ ...asked, after }));
    const lists = [...this.#lists.keys()].map((topic) => ({ type: "subscribe" as const, topic }));
    for (const asked of [...sessions, ...lists]) await this.#subscribe(asked);
  }

  /** The last run of the only session that is followed. Throws AppError `invalid`. */
  async #onlyRun(): Promise<string> {
    const session_id = this.#sessions.size === 1 ? this.session_id() : null;
    const found = session_id === null
      ? []
      : (await this.#deps.holdfast.query.sessionRuns(this.#principal, session_id, { limit: 1 })).items;
    const [run] = found;
    if (run !== undefined) return run.run_id;
    throw new AppError("invalid", "Cannot act on a run: name it with run_id", {
      errors: [{ path: "run_id", message: "needed unless exactly one session with a run is followed" }],
    });
  }
}

const isList = (topic: string): topic is ListTopic =>
  topic === "sessions" || topic === "approvals" || topic === "pulse";
