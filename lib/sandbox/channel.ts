// The host's end of the line to one workflow sandbox.
//
// Owns what is a frame, what is output, and that the owner hears both one at a time in the order in which they were
// said. What comes from the sandbox is input from a stranger: bounded, parsed by schema, counted.
//   C1. A frame stands behind the record separator and the nonce of this start; all else is output.
//   C2. While the owner's promise is open nothing more is read, from either stream.
//   C3. Before `attach` only `ready` is heard; the rest waits in the pipe.
//   C4. A frame that is too long, not JSON or not of the schema ends the sandbox; nothing after it is heard.
import { LINE_BYTES } from "../engine/limits.ts";
import { AppError } from "../model/error.ts";
import { readJson } from "../protocol/read_json.ts";
import { isPlainSaid } from "../protocol/said_frame.ts";
import { ChildFrame, MAX_FRAME_BYTES } from "../protocol/sandbox.ts";
import type { Clock, SandboxEvents } from "../service/ports.ts";
import { Breather } from "./breather.ts";
import { type Piece, Splitter } from "./splitter.ts";
import { readPieces } from "./stream_reader.ts";
import { Turnstile } from "./turnstile.ts";

/** Why a channel gave up its sandbox. */
export interface Broken {
  readonly reason: "bad_frame" | "output" | "owner";
  readonly message: string;
}

/** The streams of a sandbox and what to do with a sandbox that breaks the rules. */
export interface ChannelOptions {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly nonce: string;
  readonly clock: Clock;
  /** Called once; the sandbox is to be killed. */
  broken(broken: Broken): void;
}

type Line = { stream: "stdout" | "stderr"; message: string; partial: boolean };

/** One channel. */
export class Channel {
  /** Settles with the frame `ready`; rejects when the streams end without one. */
  readonly ready: Promise<ChildFrame>;
  /** Settles when both streams are at their end and everything was handed over. */
  readonly ended: Promise<void>;
  #options: ChannelOptions;
  #breather: Breather;
  #events: SandboxEvents | undefined;
  #output_left = 1_000_000;
  #first = Promise.withResolvers<ChildFrame>();
  #attached = Promise.withResolvers<void>();
  #heard_ready = false;
  #stopped = false;
  #one_at_a_time = new Turnstile();
  #said_early: Line[] = [];

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#breather = new Breather(options.clock);
    this.ready = this.#first.promise;
    this.ready.catch(() => {}); // whoever waits for it hears of it; nobody has to
    this.ended = this.#readAll();
  }

  /** Whether `ready` was heard: what is said after it waits for an owner. */
  get heardReady(): boolean {
    return this.#heard_ready;
  }

  /** Gives the channel its owner; from here on everything is handed over. */
  attach(events: SandboxEvents, output_bytes: number): void {
    this.#events = events;
    this.#output_left = output_bytes;
    this.#attached.resolve();
  }

  /** Hears nothing more; what is still in the pipes is thrown away. */
  stop(): void {
    this.#stopped = true;
    this.#attached.resolve();
  }

  async #readAll(): Promise<void> {
    const { stdout, stderr, nonce } = this.#options;
    await Promise.all([
      this.#read("stdout", stdout, new Splitter({ nonce, max_frame: MAX_FRAME_BYTES })),
      this.#read("stderr", stderr, new Splitter()),
    ]);
    const said = this.#said_early.map((line) => line.message).join("\n").slice(0, 2000);
    this.#first.reject(new Error(said === "" ? "it ended without a word" : said));
  }

  #read(name: Line["stream"], stream: ReadableStream<Uint8Array>, splitter: Splitter): Promise<void> {
    let counted = 0;
    return readPieces(stream, splitter, {
      clock: this.#options.clock,
      handle: (pieces) =>
        this.#one_at_a_time.pass(async () => {
          await this.#handOver(name, pieces);
          this.#output_left -= splitter.text_bytes - counted;
          counted = splitter.text_bytes;
          if (this.#output_left < 0) this.#break("output", "it wrote more output than its run may");
          return !this.#stopped;
        }),
    });
  }

  /** Hands pieces over in order. Waits only where the owner gave a promise: there may be a million frames a second. */
  async #handOver(stream: Line["stream"], pieces: Iterable<Piece>): Promise<void> {
    let lines: Line[] = [];
    let handed = 0;
    for (const piece of pieces) {
      // Even the look at the clock counts where pieces come by the hundred thousand.
      if (handed++ % PIECES_A_LOOK === 0 && this.#breather.due) await this.#breather.pause();
      if (this.#stopped) return;
      if (piece.kind === "lines") {
        this.#output_left -= LINE_BYTES * piece.messages.length;
        for (const message of piece.messages) lines.push({ stream, message, partial: false });
        continue;
      }
      if (piece.kind === "text") {
        this.#output_left -= LINE_BYTES;
        lines.push({ stream, message: piece.message, partial: piece.partial });
        continue;
      }
      if (piece.kind === "too_long") {
        return this.#break("bad_frame", `it sent a frame of more than ${MAX_FRAME_BYTES} bytes`);
      }
      if (lines.length > 0) await this.#output(lines);
      lines = [];
      const open = this.#frame(piece.json);
      if (open !== undefined) await open;
    }
    if (lines.length > 0) await this.#output(lines);
  }

  #output(lines: Line[]): void | Promise<void> {
    if (this.#heard_ready) return this.#tell((events) => events.output(lines));
    if (this.#said_early.length < 50) this.#said_early.push(...lines.slice(0, 50));
  }

  #frame(json: string): void | Promise<void> {
    const frame = parse(json);
    if (typeof frame === "string") return this.#break("bad_frame", frame);
    if (this.#heard_ready) return this.#tell((events) => events.frame(frame));
    if (frame.type !== "ready") return this.#break("bad_frame", `its first frame was "${frame.type}", not "ready"`);
    this.#heard_ready = true;
    this.#first.resolve(frame);
  }

  #tell(fn: (events: SandboxEvents) => void | Promise<void>): void | Promise<void> {
    const events = this.#events;
    if (this.#stopped) return;
    // Nobody owns it yet: nothing more is read until somebody does.
    if (events === undefined) return this.#attached.promise.then(() => this.#tell(fn));
    try {
      return fn(events)?.catch((error: unknown) => this.#givenUp(error));
    } catch (error) {
      this.#givenUp(error);
    }
  }

  #givenUp(error: unknown): void {
    this.#break("owner", `its owner gave it up: ${error instanceof Error ? error.message : String(error)}`);
  }

  #break(reason: Broken["reason"], message: string): void {
    if (this.#stopped) return;
    this.stop();
    this.#options.broken({ reason, message });
  }
}

/** Pieces that are handed on between two looks at the clock: a fraction of a slice. */
const PIECES_A_LOOK = 16;
/** How our own writer begins what it says most. */
const SAID = '{"type":"said",';
/** Deepest nesting of a frame: what a workflow may store, inside the frame's own fields. */
const MAX_FRAME_DEPTH = 200;
/** Most characters of a reason: it may quote what the sandbox sent. */
const MAX_REASON = 300;

/** The frame, or what is wrong with it. Never throws: what a stranger sent must not end the server. */
function parse(json: string): ChildFrame | string {
  try {
    if (json.startsWith(SAID)) {
      // What is plain is not deep: it needs no measuring.
      const said = orNull(json);
      if (isPlainSaid(said)) return said;
    }
    const parsed = ChildFrame.safeParse(readJson(json, { max_depth: MAX_FRAME_DEPTH }));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const reason = `${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.slice(0, MAX_REASON);
    return `it sent a frame that does not fit the schema: ${reason}`;
  } catch (error) {
    const reason = error instanceof AppError ? error.message : "it cannot be checked";
    return `it sent a frame that is not JSON: ${reason.slice(0, MAX_REASON)}`;
  }
}

/** The JSON of a text, null when it is none. */
function orNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the general way says what is wrong with it
  }
}
