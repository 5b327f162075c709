// Watches one child from outside: memory, processor time, disk, wall time.
//
// Owns the timers and the first limit that was broken. Leaves to its owner: killing, and what a broken limit means.
// V8's heap flag does not bound ArrayBuffers and `prlimit` does not exist everywhere, so this one always runs.
//   W1. Memory is the sum over the whole tree, looked at every 50 ms; the limit has 20 % of room above what was asked.
//   W2. Folders are walked every 250 ms, in slices, and never again before the last walk has ended.
//   W3. `broken` is called once, with the first limit.
import { statfsSync } from "node:fs";
import type { Cancel, Clock } from "../service/ports.ts";
import type { Subprocess } from "./subprocess.ts";
import { survey } from "./survey.ts";

/** A limit that a child broke. */
export type Breach = "memory" | "cpu" | "disk" | "timeout";

/** What is allowed. */
export interface WatchLimits {
  readonly memory_mb: number;
  readonly cpu_s?: number;
  readonly wall_ms?: number;
  readonly folders: readonly WatchedFolder[];
}

/** A folder that the child can write, and how much of it. */
export interface WatchedFolder {
  readonly path: string;
  readonly disk_mb: number;
  readonly entries: number;
  /** How a message names what lies there. */
  readonly name: string;
}

/** What a watchdog needs. */
export interface WatchOptions {
  readonly limits: WatchLimits;
  readonly clock: Clock;
  broken(breach: Breach, message: string): void;
}

const TREE_MS = 50;
const DISK_MS = 250;
const MEMORY_ROOM = 1.2;
/** The last bytes of a disk belong to the store, of a small one the last part. */
const FREE_BYTES_FLOOR = 200_000_000;
const FREE_PART_FLOOR = 0.1;

/** Watches a child until it has ended or the result is called. */
export function watch(child: Subprocess, options: WatchOptions): Cancel {
  const watchdog = new Watchdog(child, options);
  return () => watchdog.stop();
}

class Watchdog {
  #child: Subprocess;
  #options: WatchOptions;
  #timers = new Map<string, Cancel>();
  #stopped = false;

  constructor(child: Subprocess, options: WatchOptions) {
    this.#child = child;
    this.#options = options;
    const { wall_ms } = options.limits;
    if (wall_ms !== undefined) {
      this.#after("wall", wall_ms, () => this.#break("timeout", `it ran longer than ${wall_ms / 1000} s`));
    }
    child.sample(); // it steps back from the first moment
    this.#after("tree", TREE_MS, () => this.#lookAtTree());
    if (options.limits.folders.length > 0) this.#after("disk", DISK_MS, () => void this.#lookAtDisk());
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #after(name: string, ms: number, fn: () => void): void {
    if (this.#stopped) return;
    this.#timers.set(name, this.#options.clock.after(ms, fn));
  }

  #break(breach: Breach, message: string): void {
    if (this.#stopped) return;
    this.stop();
    this.#options.broken(breach, message);
  }

  #lookAtTree(): void {
    if (this.#stopped || this.#child.exited) return;
    const { memory_mb, cpu_s } = this.#options.limits;
    const samples = this.#child.sample();
    const rss = samples.reduce((sum, sample) => sum + sample.rss_bytes, 0);
    const cpu = samples.reduce((sum, sample) => sum + sample.cpu_s, 0);
    if (rss > memory_mb * 1_000_000 * MEMORY_ROOM) {
      return this.#break("memory", `it took ${Math.round(rss / 1e6)} MB of memory, the limit is ${memory_mb} MB`);
    }
    if (cpu_s !== undefined && cpu > cpu_s) return this.#break("cpu", `it used more than ${cpu_s} s of processor time`);
    this.#after("tree", TREE_MS, () => this.#lookAtTree());
  }

  async #lookAtDisk(): Promise<void> {
    for (const { path, disk_mb, entries, name } of this.#options.limits.folders) {
      const found = await survey(path, { entries }, this.#options.clock);
      if (this.#stopped || this.#child.exited) return;
      if (found.too_many === "depth") return this.#break("disk", `${name} are nested too deep`);
      if (found.too_many === "closed") return this.#break("disk", `${name} cannot be read`);
      if (found.too_many !== undefined) return this.#break("disk", `${name} are more than ${entries}`);
      if (found.bytes > disk_mb * 1_000_000) {
        return this.#break("disk", `${name} take ${Math.ceil(found.bytes / 1e6)} MB, the limit is ${disk_mb} MB`);
      }
      if (nearlyFull(path)) return this.#break("disk", "the disk of the server is nearly full");
    }
    this.#after("disk", DISK_MS, () => void this.#lookAtDisk());
  }
}

/** Whether the disk that a folder lies on is nearly full; a folder that is gone says nothing. */
function nearlyFull(folder: string): boolean {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return bavail * bsize < Math.min(FREE_BYTES_FLOOR, FREE_PART_FLOOR * blocks * bsize);
  } catch {
    return false;
  }
}
