// Frames of one sandbox, made into commands in the order in which they come.
//
//   F1. What a sandbox says is the word of a stranger: it can do what principal `run` may do and nothing else.
//   F2. While the writer is far behind, the answer to a frame is a promise: the pipe is not read until it is heard.
import type { RunCommand } from "../../model/command.ts";
import type { RunError } from "../../model/run.ts";
import type { ChildFrame, HostFrame } from "../../protocol/sandbox.ts";
import type { Folders } from "../ports.ts";
import type { Begins } from "./begins.ts";
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
  send(frame: HostFrame): void;
  behind(): boolean;
}

/** Takes the frames of one sandbox. */
export class Frames {
  readonly #parts: FramesParts;

  constructor(parts: FramesParts) {
    this.#parts = parts;
  }

  /** Takes one frame; a promise stops the reading until it settles. */
  take(frame: ChildFrame): void | Promise<void> {
    this.#take(frame);
    if (this.#parts.behind()) return this.#parts.voice.quiet();
  }

  #take(frame: ChildFrame): void {
    const { begins, leaves, run_id } = this.#parts;
    switch (frame.type) {
      case "ready":
      case "described":
        return;
      case "begin":
        void begins.begin(frame);
        return;
      case "end": {
        const { result } = frame;
        leaves.ended(frame.key, result.ok ? result : { ok: false, failure: result.failure });
        return;
      }
      case "scope_begin": {
        const { type: _type, total, ...scope } = frame;
        return this.#say({ type: "begin_scope", ...scope, ...(total === undefined ? {} : { total }) });
      }
      case "scope_end": {
        const { key, status, error, dropped } = frame;
        if (dropped !== undefined) leaves.stop(dropped);
        return this.#say({ type: "end_scope", key, status, ...(error === undefined ? {} : { error }) });
      }
      case "said":
        for (const command of sayCommands(run_id, frame.items)) this.#say(command);
        return;
      case "files":
        void this.#files(frame);
        return;
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

  async #files(frame: Extract<ChildFrame, { type: "files" }>): Promise<void> {
    const { leaves, folders, session_id, signal, send } = this.#parts;
    const { key, op, args } = frame;
    if (!leaves.uses(key, args.tool === "files_write")) return;
    const outcome = await runTool(folders, session_id, { args, signal }).catch(() => null);
    if (outcome === null) return;
    const result = outcome.ok ? outcome : { ok: false as const, failure: outcome.failure };
    send({ type: "files_reply", key, op, result });
  }
}

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

/** What a command counts in the backlog: near enough, and cheap. */
function sizeOf(command: RunCommand): number {
  return command.type === "say" || command.type === "finish_run" ? JSON.stringify(command).length : 512;
}
