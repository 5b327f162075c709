// One child process with its whole tree: started, watched, killed, and known to be gone.
//
// Owns the process group, the numbers of every process seen below it, and the answer to "is anything left". Leaves to
// channel.ts and exec_block.ts: what its streams say.
//   S1. It is started from the main thread, as leader of a session of its own; nothing is inherited but three pipes.
//   S2. A kill reaches the group and every process ever seen below the child; their numbers are noted before, because
//       under bwrap the outer process is gone first.
//   S3. `gone` settles only when no process of the tree is left, also after a normal exit, and never rejects.
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../service/ports.ts";
import type { CommandLine } from "./permissions.ts";
import { isAlive, type ProcessSample, sampleProcess, sampleTree } from "./process_tree.ts";

const log = getLogger(["holdfast", "sandbox"]);

/** How a child ended, and what was still alive when waiting for it was given up. */
export interface Gone {
  readonly exit_code: number;
  readonly left: readonly number[];
}

/** A child that resists SIGKILL for longer than this is told to the operator. */
const ALARM_MS = 1000;
/** A child that resists for longer than this (a hung disk) is given up. */
const GIVE_UP_MS = 30_000;

/** A child process and its tree. */
export class Subprocess {
  readonly pid: number;
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Settles when no process of the tree is left. */
  readonly gone: Promise<Gone>;
  #child: Deno.ChildProcess;
  #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #known = new Map<number, number>();
  /** As it was right after its start; undefined where there is no /proc. */
  #first: ProcessSample | undefined;
  #exited = false;
  #clock: Clock;

  private constructor(child: Deno.ChildProcess, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    this.pid = child.pid;
    this.#first = sampleProcess(child.pid);
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    this.#input = child.stdin.getWriter();
    this.#input.closed.catch(() => {}); // a child that is gone closes its end; its exit says so better
    this.gone = this.#settle();
  }

  /** Starts a command; throws what Deno throws when it cannot be started. */
  static spawn(line: CommandLine, clock: Clock): Subprocess {
    const child = new Deno.Command(line.program, {
      args: [...line.args],
      env: { ...line.env },
      clearEnv: true,
      cwd: line.cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    return new Subprocess(child, clock);
  }

  /** Whether the child itself has ended. */
  get exited(): boolean {
    return this.#exited;
  }

  /** Whether it can still do something; knows of a death before the exit status was delivered. */
  get alive(): boolean {
    return !this.#exited && (this.#first === undefined || isAlive(this.#first));
  }

  /** Sends one line to its stdin; lost without an error when it is gone. Settles when the pipe has taken it. */
  writeLine(text: string): Promise<void> {
    return this.#input.write(new TextEncoder().encode(text + "\n")).catch(() => {});
  }

  /** Ends its stdin. */
  closeInput(): void {
    this.#input.close().catch(() => {});
  }

  /** Looks at the whole tree and remembers every process in it. */
  sample(): ProcessSample[] {
    if (this.#exited) return [];
    const samples = sampleTree(this.pid);
    for (const { pid, started } of samples) this.#known.set(pid, started);
    return samples;
  }

  /** SIGTERM to the group. */
  terminate(): void {
    signal(-this.pid, "SIGTERM");
  }

  /** SIGKILL to the group and to every process seen below it. */
  kill(): void {
    this.sample();
    signal(-this.pid, "SIGKILL");
    for (const process of this.#alive()) signal(process, "SIGKILL");
  }

  /** Gives back what the streams still hold, so that nothing waits for a reader. */
  async discard(): Promise<void> {
    await Promise.allSettled([this.stdout.cancel(), this.stderr.cancel()]);
  }

  #alive(): number[] {
    const alive: number[] = [];
    for (const [pid, started] of this.#known) if (isAlive({ pid, started })) alive.push(pid);
    return alive;
  }

  async #settle(): Promise<Gone> {
    const status = await this.#child.status;
    this.#exited = true;
    signal(-this.pid, "SIGKILL"); // whoever it left behind in its group, also after a normal exit
    const since = this.#clock.monotonic();
    let alarmed = false;
    for (let pause = 1;; pause = Math.min(pause * 2, 50)) {
      const left = this.#alive();
      const waited = this.#clock.monotonic() - since;
      if (left.length === 0 || waited > GIVE_UP_MS) return { exit_code: status.code, left };
      for (const pid of left) signal(pid, "SIGKILL");
      if (waited > ALARM_MS && !alarmed) {
        alarmed = true;
        log.error("sandbox.will_not_die", { pid: this.pid, left });
      }
      await this.#clock.sleep(pause);
    }
  }
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch {
    // Gone already: the wanted state.
  }
}
