// A session's log as server-sent events: the same lines as on the sockets, one block each.
//
//   S1. `id:` is the seq, so Last-Event-ID resumes without gap or repeat.
//   S2. Each 15 s an empty block with the last seq looked at moves the cursor of a reader whose `types` match nothing.
//   S3. What is about the connection (caught_up, reset) goes as a named event without being part of the log.
import type { Followed } from "../live/doors.ts";
import { AppError } from "../model/error.ts";
import type { Clock } from "../service/ports.ts";

/** Milliseconds between two empty blocks. */
const IDLE_MS = 15_000;
/** What a browser waits before it connects again, milliseconds. */
const RETRY_MS = 2_000;

/** What a stream is made of. */
export interface EventStreamOptions {
  /** Opens the log; aborting ends it, and it aborts by itself when the reader is too slow. */
  follow(ended: AbortController): AsyncIterable<Followed>;
  after: number;
  /** Only these event types; all where it is left out. */
  types?: readonly string[];
  clock: Clock;
}

/** Answers with a live stream of server-sent events. Throws what `follow` throws, before anything is sent. */
export function eventStream(options: EventStreamOptions): Response {
  const ended = new AbortController();
  const items = options.follow(ended)[Symbol.asyncIterator]();
  const texts = withEmptyBlocks(items, options);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    // A reader that takes nothing never asks for the end either: the answer is broken off.
    start: (controller) => ended.signal.addEventListener("abort", () => controller.error(new Error("ended"))),
    async pull(controller) {
      const { done, value } = await texts.next();
      if (!done) return controller.enqueue(encoder.encode(value));
      controller.close();
      ended.abort();
    },
    // Ends the pending read at once: returning the generator would wait for its next block.
    cancel: () => ended.abort(),
  }, { highWaterMark: 0 });
  const headers = {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
  };
  return new Response(body, { headers });
}

/** Blocks of the log, and an empty one whenever nothing was sent for a while, also when lines came that nobody wants. */
async function* withEmptyBlocks(items: AsyncIterator<Followed>, options: EventStreamOptions): AsyncGenerator<string> {
  const { clock } = options;
  const blocks = new Blocks(options);
  let next: Promise<IteratorResult<Followed>> | null = null;
  yield `retry: ${RETRY_MS}\n\n`;
  for (let sent = clock.monotonic();;) {
    next ??= items.next();
    const item = await within(next, clock, sent + IDLE_MS - clock.monotonic());
    let text = "";
    if (item === "idle") text = blocks.empty();
    else {
      next = null;
      if (item.done) return;
      text = blocks.of(item.value);
      if (text === "" && clock.monotonic() >= sent + IDLE_MS) text = blocks.empty();
    }
    if (text !== "") {
      yield text;
      sent = clock.monotonic();
    }
    if (item !== "idle" && item.value.kind === "gone") return;
  }
}

/** What comes in time; a promise that has settled already always does. */
async function within<T>(promise: Promise<T>, clock: Clock, ms: number): Promise<T | "idle"> {
  const waited = Promise.withResolvers<"idle">();
  const cancel = clock.after(Math.max(0, ms), () => waited.resolve("idle"));
  try {
    return await Promise.race([promise, waited.promise]);
  } finally {
    cancel();
  }
}

/** Writes blocks and knows the last seq looked at. */
class Blocks {
  #seen: number;
  readonly #types: ReadonlySet<string> | null;

  constructor({ after, types }: EventStreamOptions) {
    this.#seen = after;
    this.#types = types === undefined ? null : new Set(types);
  }

  empty(): string {
    return `id: ${this.#seen}\n\n`;
  }

  of(item: Followed): string {
    switch (item.kind) {
      case "lines":
        this.#seen = item.first_seq + item.lines.length - 1;
        return item.lines.map((line, at) => this.#wanted(line) ? `id: ${item.first_seq + at}\ndata: ${line}\n\n` : "")
          .join("");
      case "caught_up":
        this.#seen = Math.max(this.#seen, item.head_seq);
        return `id: ${this.#seen}\nevent: caught_up\ndata: {"head_seq":${item.head_seq}}\n\n`;
      case "reset":
        this.#seen = item.from_seq - 1;
        return `id: ${this.#seen}\nevent: reset\ndata: ${
          JSON.stringify({ reason: item.reason, from_seq: item.from_seq })
        }\n\n`;
      case "gone":
        return `event: gone\ndata: {}\n\n`;
      default:
        return item satisfies never;
    }
  }

  #wanted(line: string): boolean {
    if (this.#types === null) return true;
    const event: unknown = JSON.parse(line);
    return typeof event === "object" && event !== null && "event_type" in event &&
      typeof event.event_type === "string" && this.#types.has(event.event_type);
  }
}

/** Whether a client asks for a live stream instead of a page of events. */
export function wantsEventStream(headers: Headers): boolean {
  return (headers.get("accept") ?? "").toLowerCase().split(",").some((one) => {
    const [type = "", ...parameters] = one.split(";").map((part) => part.trim());
    return type === "text/event-stream" && !parameters.includes("q=0");
  });
}

/** The cursor of a stream: Last-Event-ID goes before `after`, because a browser repeats the first address. Throws AppError. */
export function cursorOf(headers: Headers, after: number | undefined): number {
  const last = headers.get("last-event-id");
  if (last === null || last === "") return after ?? 0;
  if (/^\d{1,15}$/.test(last)) return Number(last);
  throw new AppError("invalid", `Cannot resume after the event "${last.slice(0, 50)}": it is not a seq`, {
    errors: [{ path: "Last-Event-ID", message: "a seq" }],
  });
}
