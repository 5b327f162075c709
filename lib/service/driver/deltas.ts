// The text of a model turn as it comes: at most one event each 250 ms or 2 KB, redacted across their borders.
import { draft, type EventDraft } from "../../model/event.ts";
import type { Cancel, Clock } from "../ports.ts";
import { RedactedStream, type Redactor } from "../redact.ts";

const EVERY_MS = 250;
const MAX_CHARACTERS = 2_000;

/** Gathers the deltas of one message. */
export class DeltaLog {
  readonly #clock: Clock;
  readonly #tell: (event: EventDraft) => void;
  readonly #event: (text: string) => EventDraft;
  readonly #stream: RedactedStream;
  #text = "";
  #cancel: Cancel | null = null;

  constructor(parts: {
    clock: Clock;
    redactor: Redactor;
    run_id: string;
    data: { agent: string; message_id: string; step_id: string; attempt: number };
    tell(event: EventDraft): void;
  }) {
    this.#clock = parts.clock;
    this.#stream = new RedactedStream(parts.redactor);
    this.#tell = parts.tell;
    this.#event = (text) => draft("agent_delta", parts.run_id, { ...parts.data, text });
  }

  /** Takes more text. */
  push(text: string): void {
    this.#text += this.#stream.push(text);
    if (this.#text.length >= MAX_CHARACTERS) this.#flush();
    else if (this.#cancel === null) this.#cancel = this.#clock.after(EVERY_MS, () => this.#flush());
  }

  /** The turn is over: tells what is left. */
  end(): void {
    this.#text += this.#stream.end();
    this.#flush();
  }

  #flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    this.#tell(this.#event(text));
  }
}
