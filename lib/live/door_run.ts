// MARS's door, /ws/{run_id}: one run, started or attached to by the first message.
//
// A thin translation: it starts a task as REST does and then follows the log of the run's session, stored lines as they
// are. A start that is refused gets an error frame and another try; an unknown run closes the socket (4404).
import { AppError } from "../model/error.ts";
import { RunId } from "../model/ids.ts";
import type { UserPrincipal } from "../model/principal.ts";
import { FirstMessage, RunDoorMessage } from "../protocol/live.ts";
import { splitConfig } from "../protocol/start.ts";
import { type Connection, ENDINGS } from "./connection.ts";
import { answerError, type DoorDeps, type DoorTalk, greet, type MakeTalk } from "./door.ts";
import { followSession, type SessionFollow } from "./follow.ts";
import { connectionFrame } from "./frames.ts";
import { act, readMessage } from "./messages.ts";

/** Makes the talk of MARS's door for a run. */
export const runTalk = (deps: DoorDeps, run_id: string): MakeTalk => (connection, principal) =>
  new RunDoor(deps, { connection, principal, run_id });

/** The talk of one socket of MARS's door. */
class RunDoor implements DoorTalk {
  readonly #deps: DoorDeps;
  readonly #connection: Connection;
  readonly #principal: UserPrincipal;
  readonly #run_id: string;
  #follow: SessionFollow | null = null;

  constructor(
    deps: DoorDeps,
    { connection, principal, run_id }: { connection: Connection; principal: UserPrincipal; run_id: string },
  ) {
    this.#deps = deps;
    this.#connection = connection;
    this.#principal = principal;
    this.#run_id = run_id;
  }

  opened(): void {
    if (!RunId.safeParse(this.#run_id).success) return this.#connection.end(ENDINGS.unknown);
    greet(this.#connection, this.#deps);
  }

  session_id(): string | null {
    return this.#follow?.session_id ?? null;
  }

  beat(): void {
    if (this.#follow !== null) this.#follow.beat();
    else this.#frame("heartbeat", { head_seq: null });
  }

  ended(): void {
    this.#follow?.close();
    this.#follow = null;
  }

  async message(text: string): Promise<void> {
    this.#connection.spoken();
    try {
      if (this.#follow === null) await this.#first(text);
      else await this.#later(readMessage(RunDoorMessage, text));
    } catch (error) {
      answerError(error, { connection: this.#connection, deps: this.#deps });
      const lost = error instanceof AppError && error.code === "not_found" && this.#follow === null;
      if (lost) this.#connection.end(ENDINGS.unknown);
    }
  }

  #frame(event_type: "heartbeat" | "pong", data: object): void {
    this.#connection.send(connectionFrame(event_type, { data, now: this.#deps.clock.now() }));
  }

  async #first(text: string): Promise<void> {
    const { holdfast } = this.#deps;
    const message = readMessage(FirstMessage, text);
    if ("type" in message) {
      return message.type === "ping" ? this.#frame("pong", {}) : await this.#attach(message.after ?? 0);
    }
    const { task, config = {} } = message;
    const start = { task, ...splitConfig(config), run_id: this.#run_id, lenient: true };
    const { session_id } = await holdfast.startTask(this.#principal, start);
    this.#begin(session_id, 0);
  }

  async #later(message: RunDoorMessage): Promise<void> {
    switch (message.type) {
      case "ping":
        return this.#frame("pong", {});
      case "attach":
      case "request_state":
        return await this.#attach(message.after ?? 0);
      default:
        return await act(message, {
          holdfast: this.#deps.holdfast,
          principal: this.#principal,
          run: () => Promise.resolve(this.#run_id),
        });
    }
  }

  async #attach(after: number): Promise<void> {
    const { session_id } = await this.#deps.holdfast.query.run(this.#principal, this.#run_id);
    this.#begin(session_id, after);
  }

  #begin(session_id: string, after: number): void {
    this.#follow?.close();
    if (!this.#connection.isOpen) return;
    this.#follow = followSession(this.#deps, {
      connection: this.#connection,
      principal: this.#principal,
      session_id,
      after,
      batch: false,
      gone: () => this.#connection.end(ENDINGS.unknown),
    });
  }
}
