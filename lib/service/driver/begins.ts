// Leaves on their way to begin: committed first, told to the sandbox after; held back while a pause is asked.
//
//   H1. Nothing of a leaf happens before its begin is committed.
//   H2. While a pause is asked no leaf begins; when it is taken back the held ones begin in their order.
//   H3. The 51st pending approval of a run waits here until one closes.
import type { Json } from "../../model/json.ts";
import type { OpenEntry } from "../../model/journal.ts";
import type { BeginFrame, HostFrame } from "../../protocol/sandbox.ts";
import { passing } from "../../store/fault_point.ts";
import type { Clock, Ids } from "../ports.ts";
import { beginCommand } from "./begin_command.ts";
import type { JournalFeed } from "./journal_feed.ts";
import type { Voice } from "./voice.ts";

/** What begins need. */
export interface BeginsParts {
  readonly voice: Voice;
  readonly feed: JournalFeed;
  readonly clock: Clock;
  readonly ids: Ids;
  send(frame: HostFrame): void;
  /** Whether a pause is asked. */
  paused(): boolean;
  /** The begin is committed and told. */
  began(frame: BeginFrame, entry: OpenEntry): void;
  /** A leaf was held back or decided: the run may stand at its boundary. */
  rested(): void;
}

/** Begins the leaves of one sandbox. */
export class Begins {
  readonly #parts: BeginsParts;
  #held: BeginFrame[] = [];
  #later: BeginFrame[] = [];
  #deciding = 0;

  constructor(parts: BeginsParts) {
    this.#parts = parts;
  }

  /** Whether leaves are held back by a pause. */
  get holding(): boolean {
    return this.#held.length > 0;
  }

  /** Begins that are on their way to the store. */
  get deciding(): number {
    return this.#deciding;
  }

  /** Begins a leaf; settles when that is decided. */
  async begin(frame: BeginFrame): Promise<void> {
    if (this.#parts.paused()) return this.#hold(frame);
    const { voice, feed, clock, ids } = this.#parts;
    this.#deciding++;
    feed.beginning(frame.key);
    const heard = await voice.say(beginCommand(frame, { now: clock.now(), approval_id: ids.uuid() }));
    if (heard.ok) this.#decided(frame, heard.reply, heard.state.entries.get(frame.key));
    this.#deciding--;
    feed.begun(frame.key);
    this.#parts.rested();
  }

  #decided(frame: BeginFrame, reply: Json, entry: { status: string } | undefined): void {
    if (says(reply, "later")) this.#later.push(frame);
    else if (says(reply, "held") || says(reply, "paused")) this.#hold(frame);
    else if (says(reply, "began") && isOpen(entry)) {
      this.#parts.send({ type: "began", key: entry.key, attempt: entry.attempt, at_ms: Date.parse(entry.at) });
      this.#parts.began(frame, entry);
      passing("leaf.began");
    }
  }

  #hold(frame: BeginFrame): void {
    this.#held.push(frame);
    this.#parts.rested();
  }

  /** The pause was taken back. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const frame of held) void this.begin(frame);
  }

  /** A pending approval may have closed. */
  retryLater(): void {
    const later = this.#later;
    this.#later = [];
    for (const frame of later) void this.begin(frame);
  }

  /** Whether approvals wait to be asked. */
  get waitingToAsk(): boolean {
    return this.#later.length > 0;
  }
}

/** Whether a reply has a field that is true. */
export function says(reply: Json, field: string): boolean {
  return typeof reply === "object" && reply !== null && !Array.isArray(reply) && reply[field] === true;
}

const isOpen = (entry: { status: string } | undefined): entry is OpenEntry => entry?.status === "open";
