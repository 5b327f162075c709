// One exec process from its start to its last trace: up and waiting for its one line, then used once.
//
// Owns the process, its DENO_DIR, and the question whether it still fits what is to be run. Leaves to exec_block.ts: what
// runs in it.
//   E1. It has loaded nothing but our own program until the line is sent.
//   E2. It belongs to the folder it was started for: when that was replaced meanwhile, it is thrown away.
import type { Clock } from "../service/ports.ts";
import type { DenoDirs } from "./deno_dirs.ts";
import type { Walls } from "./detect.ts";
import type { ExecApp } from "./exec_app.ts";
import { execCommand, type ExecPaths, execPaths } from "./permissions.ts";
import { Subprocess } from "./subprocess.ts";

/** What all exec processes of a server share. */
export interface ExecHome {
  readonly walls: Walls;
  readonly app: Omit<ExecApp, "digest" | "packages">;
  readonly boot: string;
  readonly dirs: DenoDirs;
  readonly template: string;
  readonly clock: Clock;
}

/** What a process is started with and cannot change afterwards. */
export interface ExecSettings {
  readonly memory_mb: number;
  readonly disk_mb: number;
  readonly cpu_s: number;
  readonly read: readonly string[];
}

/** A started process that waits for its line. */
export class ExecProcess {
  readonly child: Subprocess;
  readonly paths: ExecPaths;
  readonly deno_dir: string;
  #key: string;
  #cpu_s: number;
  #dirs: DenoDirs;

  private constructor(
    child: Subprocess,
    parts: { paths: ExecPaths; deno_dir: string; key: string; cpu_s: number; dirs: DenoDirs },
  ) {
    this.child = child;
    this.#cpu_s = parts.cpu_s;
    this.paths = parts.paths;
    this.deno_dir = parts.deno_dir;
    this.#key = parts.key;
    this.#dirs = parts.dirs;
  }

  /** Starts one for a work folder that is there. */
  static async start(home: ExecHome, work: string, settings: ExecSettings): Promise<ExecProcess> {
    const deno_dir = await home.dirs.take(home.template);
    try {
      const plan = {
        walls: home.walls,
        app: home.app.folder,
        ...(home.app.tables === undefined ? {} : { tables: home.app.tables }),
        boot: home.boot,
        work,
        deno_dir,
        ...settings,
        server_pid: Deno.pid,
      };
      const key = await fit(work, settings);
      const child = Subprocess.spawn(execCommand(plan), home.clock);
      const { cpu_s } = settings;
      return new ExecProcess(child, { paths: execPaths(plan), deno_dir, key, cpu_s, dirs: home.dirs });
    } catch (error) {
      await home.dirs.drop(deno_dir);
      throw error;
    }
  }

  /**
   * Whether it is alive and was started for this folder with these settings. Its kernel's limit of processor time may be
   * further away: what a run has left goes down with each second, and the watchdog keeps to what the block is given.
   */
  async fits(work: string, settings: ExecSettings): Promise<boolean> {
    return this.child.alive && this.#cpu_s >= settings.cpu_s && this.#key === await fit(work, settings);
  }

  /** Tells it what to run. */
  order(line: { path: string; input?: unknown; value_path?: string; net?: string }): void {
    this.child.writeLine(JSON.stringify(line));
    // Answers to its requests come on the same way.
    if (line.net === undefined) this.child.closeInput();
  }

  /** Kills what is left of it, waits until nothing is, and removes its folder. */
  async dispose(): Promise<void> {
    this.child.kill();
    await this.child.discard();
    await this.child.gone;
    await this.#dirs.drop(this.deno_dir);
  }
}

async function fit(work: string, settings: ExecSettings): Promise<string> {
  const { dev, ino } = await Deno.lstat(work);
  return JSON.stringify([dev, ino, settings.memory_mb, settings.disk_mb, settings.read]);
}
