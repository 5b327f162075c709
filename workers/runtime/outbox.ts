// Everything that goes to the host, in the order in which the code said it.
//
//   O1. While stored entries are still to settle nothing leaves: no effect begins, and a replay that turns out not to
//       fit has told nothing.
//   O2. Said lines go together in one frame, ahead of the next frame of any other kind.
import type { ChildFrame, SaidFrameItem } from "../../lib/protocol/sandbox.ts";
import type { RuntimePorts } from "./ports.ts";

/** Said lines that go in one frame, in characters: JSON may make six of one, and the host takes 2 MB a frame. */
const SAID_CHARACTERS = 250_000;
/** What a line takes beside its text: thousands of empty ones must not make a frame too long. */
const LINE_CHARACTERS = 100;

/** The way out of a run. */
export class Outbox {
  #held: ChildFrame[] | null = null;
  #said: SaidFrameItem[] = [];
  #characters = 0;
  #scheduled = false;
  readonly #ports: Pick<RuntimePorts, "send" | "later">;
  constructor(ports: Pick<RuntimePorts, "send" | "later">) {
    this.#ports = ports;
  }

  get holding(): boolean {
    return this.#held !== null;
  }

  /** Holds everything back from now on. */
  hold(): void {
    this.#held ??= [];
  }

  /** Sends what was held back, and holds nothing any more. */
  release(): void {
    if (this.#held === null) return;
    this.flush();
    const frames = this.#held;
    this.#held = null;
    for (const frame of frames) this.#ports.send(frame);
  }

  /** Takes back begins that have not left (their branches were dropped), and tells which. */
  withdraw(keys: ReadonlySet<string>): Set<string> {
    const withdrawn = new Set<string>();
    const stays = (frame: ChildFrame) => {
      if (frame.type !== "begin" || !keys.has(frame.key)) return true;
      withdrawn.add(frame.key);
      return false;
    };
    this.#held = this.#held?.filter(stays) ?? null;
    return withdrawn;
  }

  send(frame: ChildFrame): void {
    this.flush();
    if (this.#held === null) this.#ports.send(frame);
    else this.#held.push(frame);
  }

  say(item: SaidFrameItem, characters: number): void {
    const size = characters + item.scope.length + LINE_CHARACTERS;
    if (this.#characters + size > SAID_CHARACTERS) this.flush();
    this.#said.push(item);
    this.#characters += size;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#ports.later(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Makes a frame of what was said. */
  flush(): void {
    if (this.#said.length === 0) return;
    const frame: ChildFrame = { type: "said", items: this.#said };
    this.#said = [];
    this.#characters = 0;
    if (this.#held === null) this.#ports.send(frame);
    else this.#held.push(frame);
  }

  /** Sends past everything that is held: for what ends the run whatever was to be said. */
  sendPast(frame: ChildFrame): void {
    if (this.#held === null) this.flush();
    this.#ports.send(frame);
  }
}
