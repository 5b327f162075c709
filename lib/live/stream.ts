// A session's log as an async sequence, for readers that pull (server-sent events).
//
// The reader's pace is the bound: a replay waits while much is unread, a live stream that falls too far behind ends, and
// the reader resumes by its cursor.
import type { LiveLog } from "../service/holdfast.ts";
import type { Clock } from "../service/ports.ts";
import { MAX_BUFFERED } from "./connection.ts";
import type { Followed } from "./doors.ts";
import type { LiveHub } from "./hub.ts";
import { type Sink, Subscription } from "./subscription.ts";

/** A replay waits while more than this is unread. */
const REPLAY_BYTES = 256 * 1024;

/** What a stream needs. */
export interface StreamOptions {
  session_id: string;
  after: number;
  hub: LiveHub;
  log: LiveLog;
  clock: Clock;
  /** Ends it from either side; it aborts this itself when the reader is too slow. */
  ended: AbortController;
  /** It has ended. */
  left(): void;
}

/** A session's log as a sequence that ends with the signal, the session or a reader that is too slow. */
export class LogStream implements AsyncIterable<Followed> {
  readonly #options: StreamOptions;
  readonly #subscription: Subscription;
  readonly #items: Followed[] = [];
  #bytes = 0;
  #ended = false;
  #failure: unknown;
  /** Wakes the reader when there is something, and the replay when there is room. */
  #wake = Promise.withResolvers<void>();

  /** Begins at once. */
  constructor(options: StreamOptions) {
    this.#options = options;
    this.#subscription = new Subscription({ ...options, sink: this.#sink() });
    const { signal } = options.ended;
    if (signal.aborted) this.end();
    else signal.addEventListener("abort", () => this.end(), { once: true });
  }

  /** The last seq that was taken up. */
  get cursor(): number {
    return this.#subscription.cursor;
  }

  /** Looks whether a wake was lost. */
  beat(): void {
    this.#subscription.refresh().catch((error) => this.#fail(error));
  }

  /** Ends it; what is unread can still be taken. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#subscription.close();
    this.#options.left();
    this.#notify();
  }

  /** Ends it; what is unread is not handed over any more. */
  cut(): void {
    this.#items.length = 0;
    this.end();
  }

  /** Takes items one by one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Followed> {
    try {
      for (;;) {
        const item = this.#items.shift();
        if (item !== undefined) {
          this.#bytes -= bytesOf(item);
          this.#notify();
          yield item;
        } else if (this.#failure !== undefined) throw this.#failure;
        else if (this.#ended) return;
        else await this.#wake.promise;
      }
    } finally {
      this.end();
    }
  }

  #sink(): Sink {
    return {
      flush: (flush) => this.#push({ kind: "lines", first_seq: flush.first_seq, lines: flush.lines }),
      caughtUp: (head_seq) => this.#push({ kind: "caught_up", head_seq }),
      reset: (from_seq, reason) => this.#push({ kind: "reset", from_seq, reason }),
      gone: () => {
        this.#push({ kind: "gone" });
        this.end();
      },
      failed: (error) => this.#fail(error),
      room: async () => {
        while (!this.#ended && this.#bytes > REPLAY_BYTES) await this.#wake.promise;
      },
    };
  }

  #push(item: Followed): void {
    this.#items.push(item);
    this.#bytes += bytesOf(item);
    this.#notify();
    if (this.#bytes <= MAX_BUFFERED) return;
    this.#items.length = 0;
    this.#options.ended.abort();
  }

  #fail(error: unknown): void {
    this.#failure = error;
    this.end();
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

const bytesOf = (item: Followed) => item.kind === "lines" ? item.lines.reduce((sum, line) => sum + line.length, 0) : 50;
