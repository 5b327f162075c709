// One child process with its whole tree: started, watched, killed, and known to be gone.
//
// Owns the process group, the numbers of every process seen below it, and the answer to "is anything left". Leaves to
// channel.ts and exec_block.ts: what its streams say.
//   S1. It is started from the main thread, as leader of a session of its own; nothing is inherited but three pipes.
//   S2. A kill reaches the group and every process ever seen below the child; their numbers are noted before, because
//       under bwrap the outer process is gone first.
//       Each session of its tree steps back for the server: where the kernel shares processors out by session, the
//       niceness of a process counts only within its own.
//   S3. `gone` settles only when no process of the tree is left, also after a normal exit, and never rejects.
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../service/ports.ts";
import type { CommandLine } from "./permissions.ts";
import { isAlive, type ProcessSample, sampleProcess, sampleTree, stillAlive } from "./process_tree.ts";

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
  #back: number | undefined;
  #back_sessions = new Set<number>();

  private constructor(child: Deno.ChildProcess, { clock, back }: { clock: Clock; back: number | undefined }) {
    this.#child = child;
    this.#clock = clock;
    this.#back = back;
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
      // To be detached costs a copy of the server's memory map, 25 ms at 640 MB; a program that leads its own session none.
      detached: line.leads !== true,
    }).spawn();
    return new Subprocess(child, { clock, back: line.back });
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
    for (const sample of samples) {
      if (!this.#back_sessions.has(sample.session)) this.#stepBack(sample);
      this.#known.set(sample.pid, sample.started);
    }
    return samples;
  }

  /** A wall may put the code into a session of its own, so each one that comes to light is told; never the server's. */
  #stepBack({ pid, session }: ProcessSample): void {
    if (this.#back === undefined || session === sampleProcess(Deno.pid)?.session) return;
    try {
      Deno.writeTextFileSync(`/proc/${pid}/autogroup`, `${this.#back}`, { create: false });
    } catch (error) {
      // The kernel lets others than root say it ten times a second: the next look says it again. Where processors are not
      // shared out by session there is nothing to say.
      if (!(error instanceof Deno.errors.NotFound)) return;
    }
    this.#back_sessions.add(session);
  }

  /** SIGTERM to the group. */
  terminate(): void {
    signal(-this.pid, "SIGTERM");
  }

  /** SIGKILL to the group and to every process seen below it. */
  kill(): void {
    this.sample();
    // Looked at before: see stillAlive.
    const alive = [...this.#known].filter(([pid, started]) => isAlive({ pid, started })).map(([pid]) => pid);
    signal(-this.pid, "SIGKILL");
    if (!this.#exited) signal(this.pid, "SIGKILL"); // it may not lead its session yet
    for (const pid of alive) signal(pid, "SIGKILL");
  }

  /** Gives back what the streams still hold, so that nothing waits for a reader. */
  async discard(): Promise<void> {
    await Promise.allSettled([this.stdout.cancel(), this.stderr.cancel()]);
  }

  async #alive(): Promise<number[]> {
    const alive: number[] = [];
    for (const [pid, started] of this.#known) if (await stillAlive({ pid, started })) alive.push(pid);
    return alive;
  }

  async #settle(): Promise<Gone> {
    const status = await this.#child.status;
    this.#exited = true;
    signal(-this.pid, "SIGKILL"); // whoever it left behind in its group, also after a normal exit
    const since = this.#clock.monotonic();
    let alarmed = false;
    for (let pause = 1;; pause = Math.min(pause * 2, 50)) {
      const left = await this.#alive();
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
