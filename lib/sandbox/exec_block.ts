// One block of code in one exec process, from its line to its result.
//
// Owns its streams, its watchdog and the reading of how it ended. Leaves to exec.ts: the folder before and after, and
// which process.
//   B1. The first limit that is broken names the end; what the exit code says comes after it.
//   B2. All output that counts was handed to the sink before the result; past the limit nothing is read any more.
//   B3. It returns only when no process is left.
import { LINE_BYTES } from "../engine/limits.ts";
import { hostWritten } from "../model/host_name.ts";
import { utf8Length } from "../model/utf8.ts";
import type { ExecResult } from "../protocol/sandbox.ts";
import type { Clock, ExecDone, ExecSink, ExecSpec, SandboxLimits } from "../service/ports.ts";
import { Bridge, MAX_REQUEST_BYTES } from "./bridge.ts";
import type { ExecProcess } from "./exec_process.ts";
import { type Piece, Splitter } from "./splitter.ts";
import { readPieces } from "./stream_reader.ts";
import { Tail } from "./tail.ts";
import { Turnstile } from "./turnstile.ts";
import { type Breach, watch } from "./watchdog.ts";

type ExecEnd = ExecResult["ended"];

/** How a block ran. */
export interface BlockOutcome {
  readonly ended: ExecEnd;
  readonly exit_code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly duration_ms: number;
  readonly message?: string;
  readonly wants?: NonNullable<ExecDone["wants"]>;
}

/** What is run. */
export interface BlockOrder {
  readonly line: { path: string; input?: unknown; value_path?: string; net?: string };
  readonly limits: SandboxLimits;
  readonly timeout_s: number;
  readonly work: string;
  readonly sink: ExecSink;
  readonly clock: Clock;
  /** Answers the requests of its code; with it the line names the nonce of their frames. */
  readonly bridge?: { readonly nonce: string; readonly fetch: NonNullable<ExecSpec["bridge"]> };
}

/** Bytes of each stream in the result. */
const TAIL_BYTES = 32_768;
/** The cache of a process: larger than any compiled package, smaller than what would fill a disk. */
const CACHE_MB = 64;
const CACHE_ENTRIES = 500;
/** The host's own entries in the session's folder. */
const OWN_ENTRIES = 10;

/** Runs one block. Rejects with the signal's reason when aborted, and with the sink's error when that fails. */
export async function runBlock(process: ExecProcess, order: BlockOrder, signal: AbortSignal): Promise<BlockOutcome> {
  const run = new BlockRun(process, order);
  const abort = () => run.fail(signal.reason);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    return await run.through();
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

class BlockRun {
  #process: ExecProcess;
  #order: BlockOrder;
  #end: { ended: ExecEnd; message: string } | undefined;
  #failure: { reason: unknown } | undefined;
  /** Bytes read, and what of the run's output the handed lines count. */
  #read_bytes = 0;
  #counted = 0;
  #tails = { stdout: new Tail(TAIL_BYTES), stderr: new Tail(TAIL_BYTES) };
  #one_at_a_time = new Turnstile();
  #given_up = Promise.withResolvers<void>();
  #bridge: Bridge | undefined;

  constructor(process: ExecProcess, order: BlockOrder) {
    this.#process = process;
    this.#order = order;
    if (order.bridge === undefined) return;
    this.#bridge = new Bridge(order.bridge.fetch, {
      answer: (line) => process.child.writeLine(line),
      flooded: (message) => this.#break("output", message),
    });
  }

  /** Gives the block up. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#process.child.kill();
    this.#given_up.resolve();
  }

  async through(): Promise<BlockOutcome> {
    const { clock, line } = this.#order;
    const { child } = this.#process;
    const since = clock.monotonic();
    const unwatch = this.#watch();
    try {
      if (this.#failure === undefined) this.#process.order(line);
      await Promise.all([this.#read("stdout"), this.#read("stderr")]);
      const { exit_code } = await child.gone;
      if (this.#failure !== undefined) throw this.#failure.reason;
      return this.#outcome(exit_code, clock.monotonic() - since);
    } finally {
      unwatch();
      this.#bridge?.close();
    }
  }

  #watch(): () => void {
    const { limits, timeout_s, work, clock } = this.#order;
    return watch(this.#process.child, {
      clock,
      limits: {
        memory_mb: limits.memory_mb,
        cpu_s: limits.cpu_s,
        wall_ms: timeout_s * 1000,
        folders: [
          { path: work, disk_mb: limits.disk_mb, entries: limits.files + OWN_ENTRIES, name: "the session's files" },
          { path: this.#process.deno_dir, disk_mb: CACHE_MB, entries: CACHE_ENTRIES, name: "its cached data" },
        ],
      },
      broken: (breach, message) => this.#break(ENDS[breach], message),
    });
  }

  #break(ended: ExecEnd, message: string): void {
    this.#end ??= { ended, message };
    this.#process.child.kill();
  }

  #read(name: "stdout" | "stderr"): Promise<void> {
    const nonce = name === "stdout" ? this.#order.bridge?.nonce : undefined;
    const splitter = nonce === undefined ? new Splitter() : new Splitter({ nonce, max_frame: MAX_REQUEST_BYTES });
    return readPieces(this.#process.child[name], splitter, {
      clock: this.#order.clock,
      take: (chunk) => {
        // Between frames only what the pieces hold is output; frames are bounded by the bridge.
        if (nonce !== undefined) return chunk;
        const kept = chunk.subarray(0, Math.max(0, this.#order.limits.output_bytes - this.#read_bytes));
        this.#read_bytes += chunk.length;
        this.#tails[name].push(kept);
        return kept;
      },
      handle: (pieces) => this.#one_at_a_time.pass(() => this.#handOver(name, pieces)),
    });
  }

  async #handOver(stream: "stdout" | "stderr", pieces: Iterable<Piece>): Promise<boolean> {
    const lines: Parameters<ExecSink>[0] = [];
    for (const piece of pieces) {
      if (piece.kind === "frame") this.#bridge?.take(piece.json);
      if (piece.kind === "too_long") this.#break("output", "a request of it was over the limit of its size");
      if (piece.kind === "text" && this.#counts(stream, piece)) {
        lines.push({ stream, message: piece.message, partial: piece.partial });
      }
      if (piece.kind === "lines") {
        for (const message of piece.messages) {
          const line = { stream, message, partial: false };
          if (!this.#counts(stream, line)) break;
          lines.push(line);
        }
      }
      if (this.#counted > this.#order.limits.output_bytes) break;
    }
    try {
      // Whoever gives the block up does not wait for a sink that is stuck.
      if (lines.length > 0 && this.#failure === undefined) {
        await Promise.race([this.#order.sink(lines), this.#given_up.promise]);
      }
    } catch (error) {
      this.fail(error);
    }
    if (this.#isOver) this.#break("output", "it wrote more output than its run may");
    return this.#failure === undefined && !this.#isOver;
  }

  /** Counts a line as the log does, so that nobody fills it with empty ones; false for one that is too much. */
  #counts(stream: "stdout" | "stderr", { message, partial }: { message: string; partial: boolean }): boolean {
    this.#counted += utf8Length(message) + LINE_BYTES;
    if (this.#counted > this.#order.limits.output_bytes) return false;
    if (stream === "stdout" && this.#bridge !== undefined) {
      this.#tails.stdout.push(encoder.encode(partial ? message : `${message}\n`));
    }
    return true;
  }

  get #isOver(): boolean {
    return Math.max(this.#read_bytes, this.#counted) > this.#order.limits.output_bytes;
  }

  #outcome(exit_code: number, duration_ms: number): BlockOutcome {
    const stdout = this.#tails.stdout.text();
    const stderr = this.#tails.stderr.text();
    const said = this.#end ?? fromExit(exit_code, stderr);
    return { exit_code, stdout, stderr, duration_ms: Math.round(duration_ms), ...said };
  }
}

const encoder = new TextEncoder();

const ENDS: Record<Breach, ExecEnd> = { memory: "memory", cpu: "timeout", disk: "disk", timeout: "timeout" };

/** What an exit code says when no limit was broken before. 133, 153: ended by SIGTRAP, SIGXFSZ; 134: SIGABRT. */
function fromExit(
  exit_code: number,
  stderr: string,
): Pick<BlockOutcome, "ended" | "message" | "wants"> {
  if (exit_code === 77) return { ended: "denied", message: deniedMessage(stderr), ...wantedRight(stderr) };
  if (exit_code === 133 || (exit_code === 134 && /memory/i.test(stderr))) {
    return { ended: "memory", message: "it took more memory than it may" };
  }
  if (exit_code === 153) return { ended: "disk", message: "a file grew larger than the session may hold" };
  const signal = SIGNALS[exit_code - 128];
  if (signal === undefined) return { ended: "exit" };
  return { ended: "exit", message: `it was killed, by itself or by the system (${signal}, exit code ${exit_code})` };
}

/** Names of the signals that end a process; behind a wall only the exit code tells. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  15: "SIGTERM",
  24: "SIGXCPU",
  31: "SIGSYS",
};

/** The right that the last error names: whoever answers decides about this text, so only hosts and absolute paths count. */
function wantedRight(stderr: string): { wants?: NonNullable<ExecDone["wants"]> } {
  const last = [...stderr.matchAll(/Requires (net|read) access to "([^"\n]{1,300})"/g)].at(-1);
  const [, kind, what = ""] = last ?? [];
  if (kind === "read") return what.startsWith("/") ? { wants: { kind, what } } : {};
  const host = /^([^:]+):(\d{1,5})$/.exec(what);
  if (kind !== "net" || host === null) return {};
  return { wants: { kind, what: hostWritten((host[1] ?? "").toLowerCase().replace(/\.$/, ""), Number(host[2])) } };
}

function deniedMessage(stderr: string): string {
  const asked = "it asked for a right that it does not have";
  const wanted = /Requires (\w+) access(?: to ("[^"\n]{0,300}"))?/.exec(stderr);
  if (wanted !== null) return `${asked}: ${wanted[1]}${wanted[2] === undefined ? "" : ` ${wanted[2]}`}`;
  // Links take rights to everything, and say so in words of their own.
  const other = /NotCapable: ([^\n]{1,300})/.exec(stderr);
  return other === null ? asked : `${asked}: ${other[1]}`;
}
