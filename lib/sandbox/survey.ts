// What lies in a session's folder: one walk that never follows a link.
//
// Owns the walk, its bounds, and what counts against the limits of disk. Used before an exec (is there anything that must
// not be there), while it runs (how much is it) and after it (what changed). Leaves to folders.ts: digests and contents.
//   V1. Entries are looked at with lstat. Whatever is neither a regular file nor a folder is foreign.
//   V2. The walk is bounded by count and depth and works in slices; a folder that vanishes meanwhile is no error.
//       A folder that is closed to its owner is opened up: what cannot be seen cannot be counted.
//   V3. A file counts with the larger of its size and its blocks: a sparse file of 1 TB takes 8 blocks.
import type { Clock } from "../service/ports.ts";
import { Breather } from "./breather.ts";
import { openUp } from "./own_folder.ts";

/** Folder inside a session's folder that belongs to the host; lists do not show it. */
export const HIDDEN = ".holdfast";
/** Folders nested deeper than this are refused: paths would grow past what the system can name. */
export const MAX_DEPTH = 32;

/** A regular file as the walk saw it. */
export interface Surveyed {
  readonly size_bytes: number;
  readonly modified_ms: number;
  /** Changes whenever the file does: the time of the last change of its inode cannot be set by a program. */
  readonly signature: string;
}

/** What a walk found. */
export interface Survey {
  /** Regular files by path inside the folder, without those of the host. */
  readonly files: ReadonlyMap<string, Surveyed>;
  /** Folders by path inside the folder, without those of the host. */
  readonly folders: readonly string[];
  /** Links, sockets, pipes and devices. */
  readonly foreign: readonly string[];
  /** Bytes that count, the host's own files included. */
  readonly bytes: number;
  /** Entries of every kind. */
  readonly entries: number;
  /** Set when the walk stopped at a bound. */
  readonly too_many?: "entries" | "depth" | "closed";
}

/** Bounds of a walk. */
export interface SurveyLimits {
  /** Most entries; the walk stops at the first one beyond. */
  readonly entries: number;
}

/** Walks a folder; one that is not there is empty. */
export async function survey(root: string, limits: SurveyLimits, clock: Clock): Promise<Survey> {
  const walk = new Walk(root, limits.entries);
  const breather = new Breather(clock);
  while (walk.step()) {
    if (breather.due) await breather.pause();
  }
  return walk.result();
}

class Walk {
  #root: string;
  #max: number;
  #open: { path: string; depth: number; hidden: boolean }[] = [{ path: "", depth: 0, hidden: false }];
  #entries: Iterator<Deno.DirEntry> | undefined;
  #at = { path: "", depth: 0, hidden: false };
  #files = new Map<string, Surveyed>();
  #folders: string[] = [];
  #foreign: string[] = [];
  #bytes = 0;
  #count = 0;
  #too_many: "entries" | "depth" | "closed" | undefined;

  constructor(root: string, max: number) {
    this.#root = root;
    this.#max = max;
  }

  /** Looks at one more entry; false at the end. */
  step(): boolean {
    if (this.#too_many !== undefined) return false;
    const entry = this.#next();
    if (entry !== undefined) {
      this.#look(entry.name);
      return true;
    }
    const open = this.#open.pop();
    if (open === undefined) return false;
    this.#at = open;
    this.#entries = this.#list(open.path);
    return true;
  }

  result(): Survey {
    return {
      files: this.#files,
      folders: this.#folders,
      foreign: this.#foreign,
      bytes: this.#bytes,
      entries: this.#count,
      ...(this.#too_many === undefined ? {} : { too_many: this.#too_many }),
    };
  }

  #next(): Deno.DirEntry | undefined {
    try {
      const next = this.#entries?.next();
      return next === undefined || next.done === true ? undefined : next.value;
    } catch (error) {
      this.#unreadable(error);
      return undefined;
    }
  }

  #list(path: string): Iterator<Deno.DirEntry> | undefined {
    const full = path === "" ? this.#root : `${this.#root}/${path}`;
    return this.#into(full, () => Deno.readDirSync(full)[Symbol.iterator]());
  }

  /** Looks into a folder, opened up first where it is closed; undefined when that cannot be. */
  #into<T>(folder: string, look: () => T): T | undefined {
    for (let closed = false;; closed = true) {
      try {
        return look();
      } catch (error) {
        if (!closed && error instanceof Deno.errors.PermissionDenied && openUp(folder)) continue;
        this.#unreadable(error);
        return undefined;
      }
    }
  }

  #look(name: string): void {
    this.#count++;
    if (this.#count > this.#max) {
      this.#too_many = "entries";
      return;
    }
    const { path: folder, depth, hidden } = this.#at;
    const path = folder === "" ? name : `${folder}/${name}`;
    const info = this.#into(`${this.#root}/${folder}`, () => Deno.lstatSync(`${this.#root}/${path}`));
    if (info === undefined) return;
    const ours = hidden || path === HIDDEN;
    if (info.isDirectory) {
      if (!ours) this.#folders.push(path);
      if (depth + 1 > MAX_DEPTH) this.#too_many = "depth";
      else this.#open.push({ path, depth: depth + 1, hidden: ours });
    } else if (info.isFile) {
      this.#bytes += Math.max(info.size, (info.blocks ?? 0) * 512);
      if (!ours) this.#files.set(path, surveyed(info));
    } else {
      this.#foreign.push(path);
    }
  }

  /** Gone meanwhile is nothing; a name too long for the system lies deeper than allowed. */
  #unreadable(error: unknown): void {
    if (error instanceof Deno.errors.PermissionDenied) this.#too_many = "closed";
    else if (!(error instanceof Deno.errors.NotFound)) this.#too_many = "depth";
  }
}

/** What the walk keeps of a file. */
export function surveyed(info: Deno.FileInfo): Surveyed {
  const modified_ms = info.mtime?.getTime() ?? 0;
  const changed_ms = info.ctime?.getTime() ?? 0;
  return { size_bytes: info.size, modified_ms, signature: `${info.ino}:${info.size}:${modified_ms}:${changed_ms}` };
}

/** Paths that are new or changed between two walks. */
export function changedFiles(before: Survey, after: Survey): string[] {
  const changed: string[] = [];
  for (const [path, file] of after.files) {
    if (before.files.get(path)?.signature !== file.signature) changed.push(path);
  }
  return changed.sort();
}

/** What of a folder is beyond its limits, in words; undefined when nothing is. */
export function beyond(found: Survey, limits: { disk_mb: number; files: number }): string | undefined {
  if (found.too_many === "depth") return `folders are nested deeper than ${MAX_DEPTH}`;
  if (found.too_many === "closed") return "a folder cannot be read";
  if (found.too_many !== undefined || found.entries > limits.files) return `there are more than ${limits.files} files`;
  if (found.bytes <= limits.disk_mb * 1_000_000) return undefined;
  return `the files take ${Math.ceil(found.bytes / 1e6)} MB, the limit is ${limits.disk_mb} MB`;
}
