// DENO_DIR of every child: a copy of its own of a folder of compiled code, thrown away after it.
//
// Owns `templates/` (compiled once, kept across starts) and `children/` (copies in use) in <data>/cache. One folder per
// child because a program writes there without any right (`localStorage`, `caches`, compiled sources) and would find
// what another left. A copy saves a start about 100 ms against an empty folder.
import { getLogger } from "@logtape/logtape";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../model/error.ts";
import type { Ids } from "../service/ports.ts";

const log = getLogger(["holdfast", "sandbox"]);

/** Copies of compiled code for children. */
export class DenoDirs {
  #templates: string;
  #children: string;
  #ids: Ids;
  #ready = new Map<string, Promise<string | undefined>>();

  /** `templates_dir` may be shared by several servers: a template appears whole, under a name of its own. */
  constructor(options: { data_dir: string; ids: Ids; templates_dir?: string }) {
    this.#templates = options.templates_dir ?? `${options.data_dir}/cache/templates`;
    this.#children = `${options.data_dir}/cache/children`;
    this.#ids = options.ids;
  }

  /** Makes the folders and removes what children of an earlier server left. */
  async open(): Promise<void> {
    await Deno.remove(this.#children, { recursive: true }).catch(() => {});
    await Deno.mkdir(this.#children, { recursive: true, mode: 0o700 });
    await Deno.mkdir(this.#templates, { recursive: true, mode: 0o700 });
  }

  /** Prepares the template of a name, once: `warm` fills a folder by running a program in it. A failure is logged and means empty folders. */
  prepare(name: string, warm: (deno_dir: string) => Promise<void>): Promise<string | undefined> {
    const ready = this.#ready.get(name) ?? this.#make(name, warm).catch((error: unknown) => {
      // A server that goes away while it prepares one lacks nothing: its next start makes it.
      if (!(error instanceof AppError && error.code === "draining")) {
        log.warn("sandbox.template_failed", { name, error: String(error) });
      }
      return undefined;
    });
    this.#ready.set(name, ready);
    return ready;
  }

  /** A fresh DENO_DIR, filled from the template of this name once that is prepared. */
  async take(name: string): Promise<string> {
    const folder = `${this.#children}/${this.#ids.token(16)}`;
    const template = await this.#ready.get(name);
    try {
      if (template === undefined) await Deno.mkdir(folder, { mode: 0o700 });
      else await copyFolder(template, folder);
    } catch (error) {
      // On a full disk the half that was copied takes the room that the next one needs.
      await this.drop(folder);
      throw error;
    }
    return folder;
  }

  /** Removes a child's folder; only when the child is gone. */
  async drop(folder: string): Promise<void> {
    await Deno.remove(folder, { recursive: true }).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) log.warn("sandbox.cache_left", { folder, error: String(error) });
    });
  }

  async #make(name: string, warm: (deno_dir: string) => Promise<void>): Promise<string> {
    const finished = `${this.#templates}/${name}`;
    const there = await Deno.lstat(finished).then((info) => info.isDirectory, () => false);
    if (there) return finished;
    const making = `${this.#templates}/.making-${this.#ids.token(16)}`;
    await Deno.mkdir(making, { mode: 0o700 });
    try {
      await warm(making);
      await settleDatabases(making);
      await this.#dropOlder(name);
      await Deno.rename(making, finished);
    } catch (error) {
      await this.drop(making);
      // Another server may have been quicker with the same one.
      if (!await Deno.lstat(finished).then((info) => info.isDirectory, () => false)) throw error;
    }
    return finished;
  }

  /** Templates of the same kind for another version, wall or lock are of no use any more. */
  async #dropOlder(name: string): Promise<void> {
    const kind = name.slice(0, name.lastIndexOf("-"));
    for await (const entry of Deno.readDir(this.#templates)) {
      if (entry.name.startsWith(`${kind}-`)) await this.drop(`${this.#templates}/${entry.name}`);
    }
  }
}

/** Moves what lies in write-ahead logs into the databases, so that a copy of the files is whole. */
async function settleDatabases(folder: string): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    if (!entry.isFile || !entry.name.endsWith("-wal")) continue;
    const database = new DatabaseSync(`${folder}/${entry.name.slice(0, -"-wal".length)}`);
    try {
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      database.close();
    }
  }
}

/** Copies folders and regular files; links and shared-memory files of databases stay behind. */
async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { mode: 0o700 });
  const copies: Promise<void>[] = [];
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) copies.push(copyFolder(`${from}/${entry.name}`, `${to}/${entry.name}`));
    else if (entry.isFile && !entry.name.endsWith("-shm")) {
      copies.push(Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`));
    }
  }
  // All are over before anybody removes what was copied.
  for (const copy of await Promise.allSettled(copies)) if (copy.status === "rejected") throw copy.reason;
}
