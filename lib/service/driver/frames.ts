// Frames of one sandbox, made into commands in the order in which they come.
//
//   F1. What a sandbox says is the word of a stranger: it can do what principal `run` may do and nothing else.
//   F2. While the writer is far behind, the answer to a frame is a promise: the pipe is not read until it is heard.
//   F3. What a sandbox asks for is held in a bounded number of bytes. Files are read and written one at a time, and the
//       next one when the answer to the last has been taken: who does not listen is told no more.
//   F4. Said lines that come together go together, ahead of whatever came after them: a command costs more than a line.
import type { RunCommand } from "../../model/command.ts";
import type { RunError } from "../../model/run.ts";
import type { ChildFrame, HostFrame, SaidFrameItem } from "../../protocol/sandbox.ts";
import type { Folders } from "../ports.ts";
import type { JournalEntry } from "../../model/journal.ts";
import type { Begins } from "./begins.ts";
import { Held } from "./held.ts";
import type { Leaves } from "./leaves.ts";
import { sayCommands } from "./said.ts";
import { runTool } from "./tool_leaf.ts";
import type { SayOptions, Voice } from "./voice.ts";

/** What the frames of a sandbox lead to. */
export interface FramesParts {
  readonly session_id: string;
  readonly run_id: string;
  readonly voice: Voice;
  readonly begins: Begins;
  readonly leaves: Leaves;
  readonly folders: Folders;
  readonly signal: AbortSignal;
  /** A promise settles when the sandbox has taken it. */
  send(frame: HostFrame): void | Promise<void>;
  behind(): boolean;
  /** It asked for more than is held for a run. */
  exceeded(message: string): void;
}
/** Ends of leaves below this size are bounded by the number of leaves. */
const SMALL_BYTES = 4_096;
/** What a frame takes beside its text. */
const FRAME_BYTES = 1_000;
const LEAF = "leaf:";

/** Takes the frames of one sandbox. */
export class Frames {
  readonly #parts: FramesParts;
  readonly #held: Held;
  #files: Promise<void> = Promise.resolve();
  #wishes = 0;
  #said: SaidFrameItem[] = [];

  constructor(parts: FramesParts) {
    this.#parts = parts;
    this.#held = new Held(parts.exceeded);
  }

  /** Lets go of what was held for leaves that are settled. */
  settled(entries: ReadonlyMap<string, JournalEntry>): void {
    this.#held.releaseWhere((name) => {
      const entry = name.startsWith(LEAF) ? entries.get(name.slice(LEAF.length)) : undefined;
      return entry !== undefined && entry.status !== "open";
    });
  }

  /** Takes one frame; a promise stops the reading until it settles. */
  take(frame: ChildFrame): void | Promise<void> {
    if (frame.type === "said") this.#hear(frame.items);
    else {
      this.flush();
      this.#take(frame);
    }
    if (this.#parts.behind()) return this.#parts.voice.quiet();
  }

  /** Says what was heard so far: before anything that came after it. */
  flush(): void {
    const items = this.#said;
    if (items.length === 0) return;
    this.#said = [];
    for (const command of sayCommands(this.#parts.run_id, items)) this.#say(command);
  }

  #hear(items: readonly SaidFrameItem[]): void {
    if (this.#said.length === 0) queueMicrotask(() => this.flush());
    for (const item of items) this.#said.push(item);
  }

  #take(frame: Exclude<ChildFrame, { type: "said" }>): void {
    const { begins, leaves } = this.#parts;
    switch (frame.type) {
      case "ready":
      case "described":
        return;
      case "begin":
        // Once is enough: said again while it is at work it would run twice on one permission.
        if (!this.#held.has(LEAF + frame.key) && this.#holdLeaf(frame)) void begins.begin(frame);
        return;
      case "config":
        return this.#say({ type: "keep_config", config: frame.config });
      case "end": {
        const { result } = frame;
        if (!this.#holdLeaf(frame)) return;
        leaves.ended(frame.key, result.ok ? result : { ok: false, failure: result.failure });
        return;
      }
      case "scope_begin": {
        const { type: _type, total, ...scope } = frame;
        return this.#say({ type: "begin_scope", ...scope, ...(total === undefined ? {} : { total }) });
      }
      case "scope_end": {
        const { key, status, error, dropped, reused } = frame;
        if (dropped !== undefined) leaves.stop(dropped);
        return this.#say({
          type: "end_scope",
          key,
          status,
          ...(error === undefined ? {} : { error }),
          ...(reused === undefined ? {} : { reused }),
        });
      }
      case "files":
        return this.#file(frame);
      case "waiting":
        return this.#say({ type: "all_waiting", settled: frame.settled }, { urgent: true });
      case "finish":
      case "mismatch":
        return this.#say(finish(frame), { urgent: true });
      default:
        frame satisfies never;
    }
  }

  #say(command: RunCommand, options: SayOptions = { urgent: false }): void {
    void this.#parts.voice.say(command, { ...options, size_bytes: sizeOf(command) });
  }

  #holdLeaf(frame: ChildFrame & { key: string }): boolean {
    const bytes = JSON.stringify(frame).length;
    if (frame.type === "end" && bytes < SMALL_BYTES) return true;
    return this.#held.take(`${LEAF}${frame.key}`, FRAME_BYTES + bytes);
  }

  #file(frame: FilesFrame): void {
    if (!this.#parts.leaves.uses(frame.key, frame.args.tool === "files_write")) return;
    const name = `file:${++this.#wishes}`;
    if (!this.#held.take(name, FRAME_BYTES + JSON.stringify(frame).length)) return;
    this.#files = this.#files.then(() => this.#answer(frame)).then(() => this.#held.release(name));
  }

  async #answer({ key, op, args }: FilesFrame): Promise<void> {
    const { folders, session_id, signal, send } = this.#parts;
    if (signal.aborted) return;
    const outcome = await runTool(folders, session_id, { args, signal }).catch(() => null);
    if (outcome === null) return;
    const result = outcome.ok ? outcome : { ok: false as const, failure: outcome.failure };
    await send({ type: "files_reply", key, op, result });
  }
}
type FilesFrame = Extract<ChildFrame, { type: "files" }>;

function finish(frame: Extract<ChildFrame, { type: "finish" | "mismatch" }>): RunCommand {
  if (frame.type === "mismatch") {
    return { type: "finish_run", result: { ok: false, error: { type: frame.code, message: frame.message } } };
  }
  const { result } = frame;
  if (result.ok) return { type: "finish_run", result };
  const { failure, traceback } = result;
  const error: RunError = { type: failure.code, message: failure.message };
  return {
    type: "finish_run",
    result: { ok: false, error: traceback === undefined ? error : { ...error, traceback } },
  };
}

/** What a command counts in the backlog. */
function sizeOf(command: RunCommand): number {
  return JSON.stringify(command).length;
}
