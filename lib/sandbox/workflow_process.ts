// One workflow sandbox from its start until it is over.
//
// Owns process, channel and watchdog of one sandbox and the reason why it ended. Leaves to pool.ts: when one is started; to
// its owner: what frames mean.
//   K1. `over` settles when both streams are at their end, everything was handed over and no process is left.
//   K2. The first cause names the reason; an exit code only when nothing else ended it.
//   K3. It is used once.
import type { ChildFrame, HostFrame } from "../protocol/sandbox.ts";
import { SANDBOX_PROTOCOL } from "../protocol/sandbox.ts";
import type {
  Cancel,
  Clock,
  Ids,
  SandboxEvents,
  SandboxLimits,
  SandboxOver,
  WorkflowSandbox,
} from "../service/ports.ts";
import { AppError } from "../model/error.ts";
import { type Broken, Channel } from "./channel.ts";
import type { DenoDirs } from "./deno_dirs.ts";
import type { Walls } from "./detect.ts";
import { parentSeen, workflowCommand } from "./permissions.ts";
import { startError } from "./shortage.ts";
import { Subprocess } from "./subprocess.ts";
import { type Breach, watch } from "./watchdog.ts";

/** What all workflow sandboxes of a server share. */
export interface WorkflowHome {
  readonly walls: Walls;
  readonly project: string;
  readonly program: string;
  /** The program stands alone: it needs nothing of the project. */
  readonly alone: boolean;
  readonly workflows?: string;
  readonly dirs: DenoDirs;
  readonly template: string;
  /** Of what the program's workflows are made of. */
  readonly source_digest: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Aborts when the server goes away: a sandbox that is not ready by then never will be needed. */
  readonly closing: AbortSignal;
}

/** A sandbox that does not say `ready` in this time never will. */
const READY_MS = 20_000;
const NONCE_CHARACTERS = 32;
/** What a sandbox may write without a right: its compile cache. */
const CACHE_MB = 64;
const CACHE_ENTRIES = 1000;

/** A started workflow sandbox. */
export class WorkflowProcess implements WorkflowSandbox {
  readonly pid: number;
  readonly over: Promise<SandboxOver>;
  readonly memory_mb: number;
  #home: WorkflowHome;
  #child: Subprocess;
  #channel: Channel;
  #end: { reason: SandboxOver["reason"]; message: string } | undefined;
  #unwatch: Cancel | undefined;
  #attached = false;
  #deno_dir: string;

  private constructor(home: WorkflowHome, parts: { child: Subprocess; deno_dir: string; memory_mb: number }) {
    this.#home = home;
    this.#child = parts.child;
    this.#deno_dir = parts.deno_dir;
    this.pid = parts.child.pid;
    this.memory_mb = parts.memory_mb;
    const nonce = home.ids.token(NONCE_CHARACTERS);
    this.#channel = new Channel({
      stdout: parts.child.stdout,
      stderr: parts.child.stderr,
      nonce,
      clock: home.clock,
      broken: (broken) => this.#broken(broken),
    });
    this.over = this.#settle();
    const { source_digest, workflows } = home;
    void this.send({
      type: "hello",
      protocol: SANDBOX_PROTOCOL,
      nonce,
      parent_pid: parentSeen(home.walls),
      source_digest,
      ...(workflows === undefined ? {} : { workflows }),
    });
  }

  /** Starts one and waits until it is ready; throws AppError when that cannot be. */
  static async start(home: WorkflowHome, memory_mb: number): Promise<WorkflowProcess> {
    const deno_dir = await home.dirs.take(home.template).catch((error: unknown) => {
      throw startError("a sandbox", error);
    });
    return await WorkflowProcess.startIn(home, { deno_dir, memory_mb });
  }

  /** Starts one with a given DENO_DIR, which goes with it. */
  static async startIn(
    home: WorkflowHome,
    { deno_dir, memory_mb }: { deno_dir: string; memory_mb: number },
  ): Promise<WorkflowProcess> {
    let child: Subprocess;
    try {
      child = Subprocess.spawn(workflowCommand({ ...home, deno_dir, memory_mb, server_pid: Deno.pid }), home.clock);
    } catch (error) {
      await home.dirs.drop(deno_dir);
      throw startError("a sandbox", error);
    }
    const sandbox = new WorkflowProcess(home, { child, deno_dir, memory_mb });
    await sandbox.#becomeReady();
    return sandbox;
  }

  /** Gives it its owner. Once only. */
  attach(events: SandboxEvents, limits: SandboxLimits): void {
    if (this.#attached) throw new AppError("internal", "Cannot use a sandbox twice");
    this.#attached = true;
    this.#unwatch = watch(this.#child, {
      clock: this.#home.clock,
      limits: {
        memory_mb: limits.memory_mb,
        cpu_s: limits.cpu_s,
        folders: [{ path: this.#deno_dir, disk_mb: CACHE_MB, entries: CACHE_ENTRIES, name: "its cached data" }],
      },
      broken: (breach, message) => this.#breach(breach, message),
    });
    this.#channel.attach(events, limits.output_bytes);
  }

  /** Whether it can still be given to an owner. */
  get usable(): boolean {
    return !this.#attached && this.#end === undefined && this.#child.alive;
  }

  send(frame: HostFrame): Promise<void> {
    return this.#child.writeLine(JSON.stringify(frame));
  }

  terminate(): void {
    // bwrap dies of SIGTERM at once and takes the sandbox with it: that would be no grace.
    if (this.#home.walls.isolation !== "bwrap") this.#child.terminate();
  }

  kill(): void {
    this.#give("killed", "it was killed");
  }

  /** Ends its stdin, which asks it to leave by itself. */
  closeInput(): void {
    this.#child.closeInput();
  }

  #give(reason: SandboxOver["reason"], message: string): void {
    this.#end ??= { reason, message };
    this.#child.kill();
    // Without an owner nobody will ever take what is still in the pipes.
    if (!this.#attached) this.#channel.stop();
  }

  #broken({ reason, message }: Broken): void {
    this.#give(reason === "owner" ? "killed" : reason, message);
  }

  #breach(breach: Breach, message: string): void {
    this.#give(breach === "memory" ? "memory" : "killed", message);
  }

  async #becomeReady(): Promise<void> {
    const { clock, closing } = this.#home;
    const cancel = clock.after(READY_MS, () => this.#give("spawn", "it did not get ready in time"));
    const leave = () => this.#give("spawn", "the server is going away");
    closing.addEventListener("abort", leave);
    if (closing.aborted) leave();
    let frame: ChildFrame;
    try {
      frame = await this.#channel.ready;
    } catch (error) {
      this.#give("spawn", error instanceof Error ? error.message : String(error));
      const { message, exit_code } = await this.over;
      throw startError("a sandbox", `${message} (exit code ${exit_code})`);
    } finally {
      cancel();
      closing.removeEventListener("abort", leave);
    }
    if (frame.type !== "ready" || frame.protocol !== SANDBOX_PROTOCOL) {
      this.#give("spawn", "it speaks another version of the protocol");
      await this.over;
      throw new AppError("internal", "Cannot start a sandbox: it speaks another version of the protocol");
    }
  }

  async #settle(): Promise<SandboxOver> {
    const exited = this.#child.gone.then((gone) => {
      // The last words of one that never got ready say why; they wait for nobody.
      if (!this.#attached && this.#channel.heardReady) this.#channel.stop();
      return gone;
    });
    const [{ exit_code, left }] = await Promise.all([exited, this.#channel.ended]);
    this.#unwatch?.();
    await this.#home.dirs.drop(this.#deno_dir);
    const said = this.#end ?? fromExit(exit_code);
    const message = left.length === 0 ? said.message : `${said.message}; processes left: ${left.join(", ")}`;
    return { reason: said.reason, exit_code, message };
  }
}

/** 133: V8 ended itself for want of memory. */
function fromExit(exit_code: number): { reason: SandboxOver["reason"]; message: string } {
  if (exit_code === 133) return { reason: "memory", message: "it took more memory than it may" };
  return { reason: "exit", message: `it ended with exit code ${exit_code}` };
}
