// The command line as a person or a script runs it: with a real pseudo-terminal, or without one.
//
// The terminal is util-linux's `script`, which Debian always has; it has a size, because prompts are laid out in it.
import { assert } from "@std/assert";
import type { Reached } from "./api.ts";

const ROOT = decodeURIComponent(new URL("../../../", import.meta.url).pathname);
const PATIENCE_MS = 30_000;
/** The permissions of the task `cli`. */
const RIGHTS = ["read", "write", "env", "net", "sys", "run"].map((right) => `--allow-${right}`);
const ARGS = ["--no-check", "--quiet", ...RIGHTS];
const LINE = [Deno.execPath(), "run", ...ARGS, "lib/cli/main.ts"];

/** A server with its data folder, where the token of the command line lies. */
export interface Known extends Reached {
  readonly data: string;
}
/** What a command said, and its exit code. */
export interface Ended {
  code: number;
  out: string;
  err: string;
}

function environment(server: Known, more: Record<string, string>): Record<string, string> {
  return { HOLDFAST_URL: server.url, HOLDFAST_DATA: server.data, NO_COLOR: "1", TERM: "xterm", ...more };
}

/** Runs a command without a terminal. */
export async function cli(
  server: Known,
  args: readonly string[],
  options: { stdin?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const [program = "", ...line] = LINE;
  const child = new Deno.Command(program, {
    args: [...line, ...args],
    cwd: ROOT,
    env: environment(server, options.env ?? {}),
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).spawn();
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
/** What steers a terminal: colours, the cursor, its shape. */
// deno-lint-ignore no-control-regex
const STEERING = /\x1b\[[0-9;?]*[A-Za-z]|\r/g;

/** A command in a pseudo-terminal, and somebody who types. */
export class Terminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reading: Promise<void>;
  #text = "";
  #seen = 0;
  #heard: () => void = () => undefined;

  /** Starts a command; `words` begin with the program. */
  constructor(server: Known, words: readonly string[]) {
    this.#child = new Deno.Command("script", {
      args: ["-qefc", `stty cols 100 rows 40; ${words.map(quoted).join(" ")}`, "/dev/null"],
      cwd: ROOT,
      env: environment(server, {}),
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** `deno task cli` as the README has it. */
  static task(server: Known, args: readonly string[]): Terminal {
    return new Terminal(server, [Deno.execPath(), "task", "--quiet", "cli", ...args]);
  }

  /** The command line itself. */
  static cli(server: Known, args: readonly string[]): Terminal {
    return new Terminal(server, [...LINE, ...args]);
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#text += text;
      this.#heard();
    }
    this.#heard();
  }

  /** Everything that stood on it so far, as plain text. */
  get screen(): string {
    return this.#text.replace(STEERING, "");
  }

  /** Waits until a text comes, after the one that was waited for before. */
  async until(wanted: string): Promise<void> {
    const found = () => {
      const at = this.screen.indexOf(wanted, this.#seen);
      if (at >= 0) this.#seen = at + wanted.length;
      return at >= 0;
    };
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`"${wanted}" did not come:\n${this.screen}`)), PATIENCE_MS);
    const ended = this.#child.status.then(() => this.#reading).then(() => "ended" as const);
    try {
      while (!found()) {
        const more = new Promise<"more">((resolve) => this.#heard = () => resolve("more"));
        if (await Promise.race([more, ended, late.promise]) !== "ended") continue;
        assert(found(), `it ended without "${wanted}":\n${this.screen}`);
        return;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Presses keys. */
  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** The exit code, once it has ended. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#keys.abort().catch(() => undefined);
    await this.ended();
  }
}

/** Keys as a terminal sends them. */
export const KEYS = { enter: "\r", down: "\x1b[B", ctrl_c: "\x03" } as const;
