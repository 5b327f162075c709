// Leaves on their way to begin: committed first, told to the sandbox after; held back while a pause is asked.
//
//   H1. Nothing of a leaf happens before its begin is committed.
//   H2. While a pause is asked no leaf begins; when it is taken back the held ones begin in their order.
//   H3. The 51st pending approval of a run waits here until one closes.
//   H4. A leaf in front of a gate waits here until that is answered; its sandbox hears that it waits, so the process may go.
import type { Json } from "../../model/json.ts";
import { gatesOf, mayAskOneMore } from "../../engine/open.ts";
import { isOutdated } from "../../engine/rules/gates.ts";
import type { SessionState } from "../../engine/state.ts";
import type { GateAsk } from "../../model/command.ts";
import type { OpenEntry } from "../../model/journal.ts";
import type { RunRecord } from "../../model/run.ts";
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
  /** What a person must allow before a leaf begins. */
  gate(frame: BeginFrame): GateAsk | undefined;
  /** The question for more of a budget, given the run as it stands. */
  budgetGate(run: RunRecord): GateAsk | undefined;
  /** The state as the driver has seen it last. */
  state(): SessionState;
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
  readonly #gated = new Map<string, BeginFrame>();
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
  async begin(frame: BeginFrame, gate = this.#parts.gate(frame)): Promise<void> {
    this.#gated.delete(frame.key);
    if (this.#parts.paused()) return this.#hold(frame);
    const { voice, feed, clock, ids } = this.#parts;
    this.#deciding++;
    feed.beginning(frame.key);
    const command = beginCommand(frame, { now: clock.now(), approval_id: ids.uuid() });
    const heard = await voice.say(gate === undefined ? command : { ...command, gate });
    if (heard.ok) this.#decided(frame, heard.reply, heard.state);
    this.#deciding--;
    feed.begun(frame.key);
    this.#parts.rested();
  }

  #decided(frame: BeginFrame, reply: Json, state: SessionState): void {
    const entry = state.entries.get(frame.key);
    if (says(reply, "later")) this.later(frame, state);
    else if (says(reply, "gated")) this.gated(frame, state);
    else if (says(reply, "budget") && state.run !== null) {
      // Without a question (a limit that was raised meanwhile) it is said again as it is.
      queueMicrotask(() => state.run !== null && void this.begin(frame, this.#parts.budgetGate(state.run)));
    } else if (says(reply, "held") || says(reply, "paused")) this.#hold(frame);
    else if (says(reply, "began") && isOpen(entry)) {
      this.#parts.send({ type: "began", key: entry.key, attempt: entry.attempt, at_ms: Date.parse(entry.at) });
      this.#parts.began(frame, entry);
      passing("leaf.began");
    }
  }

  /** Too much is asked already: this one is asked when something closes. */
  later(frame: BeginFrame, state: SessionState): void {
    this.#later.push(frame);
    this.#parts.send({ type: "gated", key: frame.key });
    // Something may have closed before it stood here.
    const now = this.#parts.state();
    if (now.head.head_seq > state.head.head_seq && mayAskOneMore(now)) this.retryLater();
  }

  /** A leaf stands in front of a question as of `state`. */
  gated(frame: BeginFrame, state: SessionState): void {
    this.#gated.set(frame.key, frame);
    this.#parts.send({ type: "gated", key: frame.key });
    // It may have been answered before it stood here.
    const now = this.#parts.state();
    this.answered(now.head.head_seq > state.head.head_seq ? now : state);
  }

  /** A state in which questions may have been answered: their leaves begin. */
  answered(state: SessionState): void {
    for (const [key, frame] of this.#gated) {
      const waits = gatesOf(state, key).some((one) => one.status === "open" && !isOutdated(state.run, one));
      if (!waits) void this.begin(frame);
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
