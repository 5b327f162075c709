// The folders of sessions as people and the service see them: lists, downloads, uploads.
//
// Implements the port Folders over <data>/sessions/<session_id>. Owns digests, which are kept while a file's signature
// stands, and the limits of size and count for what the host writes. Leaves to survey.ts: the walk; to safe_file.ts: how a
// single file is opened and placed. What the names may hold is left to whoever shows them.
import { getLogger } from "@logtape/logtape";
import { createHash } from "node:crypto";
import { AppError } from "../model/error.ts";
import { SessionId } from "../model/ids.ts";
import type { Clock, FileInfo, FolderFile, Folders, Ids } from "../service/ports.ts";
import { removeTree } from "./own_folder.ts";
import { openRegular, placeFile, removeRegular, streamOf } from "./safe_file.ts";
import { ensureFolder, sessionFolder, writablePath } from "./safe_path.ts";
import { type Survey, survey, type Surveyed, surveyed } from "./survey.ts";
import { Turnstile } from "./turnstile.ts";

const log = getLogger(["holdfast", "sandbox"]);

/** Most files of a session. */
export const MAX_FILES = 5000;
/** Sessions whose digests are kept. */
const MAX_CACHED = 500;
const READ_BYTES = 262_144;

/** What the folders need. */
export interface FoldersOptions {
  readonly data_dir: string;
  /** Most megabytes of a session. */
  readonly disk_mb: number;
  readonly clock: Clock;
  readonly ids: Ids;
}

interface Kept {
  readonly signature: string;
  readonly digest: string;
}

/** The folders of sessions below the data folder. */
export function createFolders(options: FoldersOptions): Folders {
  return new SessionFolders(options);
}

class SessionFolders implements Folders {
  #options: FoldersOptions;
  #digests = new Map<string, Map<string, Kept>>();
  #writers = new Map<string, Turnstile>();
  /** Where uploads are received, once it was emptied of what a killed server had left there. */
  #uploads: Promise<string> | null = null;

  constructor(options: FoldersOptions) {
    this.#options = options;
  }

  async list(): Promise<string[]> {
    try {
      const entries = await Array.fromAsync(Deno.readDir(`${this.#options.data_dir}/sessions`));
      return entries.filter(({ isDirectory, name }) => isDirectory && SessionId.safeParse(name).success)
        .map(({ name }) => name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  async ensure(session_id: string): Promise<void> {
    await ensureFolder(this.#folder(session_id));
  }

  async scan(session_id: string): Promise<FileInfo[]> {
    const found = await this.#survey(session_id);
    if (found.too_many !== undefined) {
      log.warn("folder.scan_cut", { session_id, bound: found.too_many, files: found.files.size });
    }
    const files: FileInfo[] = [];
    const seen = new Map<string, Kept>();
    for (const [path, file] of found.files) {
      const digest = await this.#digest(session_id, path, file);
      if (digest === undefined) continue;
      seen.set(path, { signature: file.signature, digest });
      files.push({ path, size_bytes: file.size_bytes, modified_ms: file.modified_ms, digest });
    }
    this.#keep(session_id, seen);
    return files.sort((a, b) => a.path < b.path ? -1 : 1);
  }

  async open(session_id: string, path: string): Promise<{ info: FileInfo; stream: ReadableStream<Uint8Array> }> {
    const folder = this.#folder(session_id);
    const open = await openRegular(folder, path);
    if (open === undefined) throw unknownFile(path);
    const file = surveyed(open.info);
    try {
      const digest = await this.#digest(session_id, path, file);
      if (digest === undefined) throw unknownFile(path);
      const info = { path, size_bytes: file.size_bytes, modified_ms: file.modified_ms, digest };
      return { info, stream: streamOf(open) };
    } catch (error) {
      open.file.close();
      throw error;
    }
  }

  async contents(session_id: string): Promise<FolderFile[]> {
    const found = await this.#survey(session_id);
    if (found.too_many !== undefined) {
      throw new AppError("too_large", `Cannot read all files: ${beyondWords(found.too_many)}; open them one by one`);
    }
    const folder = this.#folder(session_id);
    return [...found.files].sort(([a], [b]) => a < b ? -1 : 1).map(([path, { size_bytes, modified_ms }]) => ({
      path,
      size_bytes,
      modified_ms,
      async open() {
        const open = await openRegular(folder, path);
        return open === undefined ? null : streamOf(open);
      },
    }));
  }

  async write(
    session_id: string,
    path: string,
    content: ReadableStream<Uint8Array> | Uint8Array,
  ): Promise<FileInfo> {
    const parts = writablePath(path);
    const folder = this.#folder(session_id);
    const temporary = `${await this.#uploadsFolder()}/${this.#options.ids.token(16)}`;
    try {
      const digest = await this.#receive(temporary, content);
      // One at a time a session: two uploads at once must not both fit into the last free megabyte.
      await this.#writer(session_id).pass(async () => {
        await this.#checkRoom(session_id, path, (await Deno.lstat(temporary)).size);
        await placeFile(folder, parts, temporary);
      });
      const file = surveyed(await Deno.lstat(`${folder}/${path}`));
      this.#digests.get(session_id)?.set(path, { signature: file.signature, digest });
      return { path, size_bytes: file.size_bytes, modified_ms: file.modified_ms, digest };
    } finally {
      await Deno.remove(temporary).catch(() => {});
    }
  }

  #uploadsFolder(): Promise<string> {
    const folder = this.#uploads ?? emptied(`${this.#options.data_dir}/cache/uploads`);
    this.#uploads = folder;
    // A disk that is full now may have room for the next one.
    folder.catch(() => this.#uploads = null);
    return folder;
  }

  async drop(session_id: string, path: string): Promise<void> {
    await removeRegular(this.#folder(session_id), path);
    this.#digests.get(session_id)?.delete(path);
  }

  async remove(session_id: string): Promise<void> {
    this.#digests.delete(session_id);
    this.#writers.delete(session_id);
    await removeTree(this.#folder(session_id)).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  #folder(session_id: string): string {
    return sessionFolder(this.#options.data_dir, session_id);
  }

  get #max_bytes(): number {
    return this.#options.disk_mb * 1_000_000;
  }

  #survey(session_id: string): Promise<Survey> {
    // The host's own entries are in the count of the walk.
    return survey(this.#folder(session_id), { entries: MAX_FILES + 100 }, this.#options.clock);
  }

  #writer(session_id: string): Turnstile {
    const writer = this.#writers.get(session_id) ?? new Turnstile();
    this.#writers.set(session_id, writer);
    if (this.#writers.size > MAX_CACHED) {
      const oldest = this.#writers.keys().next().value;
      if (oldest !== undefined && oldest !== session_id) this.#writers.delete(oldest);
    }
    return writer;
  }

  /** SHA-256 of a file, from the last scan while its signature stands; undefined when it is gone or beyond the limit. */
  async #digest(session_id: string, path: string, file: Surveyed): Promise<string | undefined> {
    const kept = this.#digests.get(session_id)?.get(path);
    if (kept?.signature === file.signature) return kept.digest;
    // A sparse file may claim any size; reading it would take days.
    if (file.size_bytes > this.#max_bytes) {
      log.warn("folder.file_too_large", { session_id, path, size_bytes: file.size_bytes });
      return undefined;
    }
    const open = await openRegular(this.#folder(session_id), path);
    if (open === undefined) return undefined;
    using from = open.file;
    const hash = createHash("sha256");
    const buffer = new Uint8Array(READ_BYTES);
    for (let left = open.info.size; left > 0;) {
      const read = await from.read(buffer.subarray(0, Math.min(left, READ_BYTES)));
      if (read === null) break;
      hash.update(buffer.subarray(0, read));
      left -= read;
    }
    return hash.digest("hex");
  }

  #keep(session_id: string, digests: Map<string, Kept>): void {
    this.#digests.delete(session_id);
    this.#digests.set(session_id, digests);
    if (this.#digests.size <= MAX_CACHED) return;
    const oldest = this.#digests.keys().next().value;
    if (oldest !== undefined) this.#digests.delete(oldest);
  }

  /** Writes the content to a file of its own, at most the session's limit, and makes it durable; its digest. */
  async #receive(temporary: string, content: ReadableStream<Uint8Array> | Uint8Array): Promise<string> {
    const hash = createHash("sha256");
    using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o644 });
    let bytes = 0;
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      bytes += chunk.length;
      if (bytes > this.#max_bytes) throw this.#tooLarge("the file", bytes);
      hash.update(chunk);
      for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
    }
    await file.syncData();
    return hash.digest("hex");
  }

  async #checkRoom(session_id: string, path: string, size: number): Promise<void> {
    const found = await this.#survey(session_id);
    const old = found.files.get(path);
    if (old === undefined && found.files.size >= MAX_FILES) {
      throw new AppError("too_large", `Cannot write "${path}": the session has ${found.files.size} files, the limit`);
    }
    const total = found.bytes - (old?.size_bytes ?? 0) + size;
    if (total > this.#max_bytes) throw this.#tooLarge("the session", total);
  }

  #tooLarge(what: string, bytes: number): AppError {
    const mb = Math.ceil(bytes / 1_000_000);
    return new AppError(
      "too_large",
      `Cannot write the file: ${what} would take ${mb} MB, the limit is ${this.#options.disk_mb} MB`,
    );
  }
}

/** A folder of this process, with nothing in it. */
async function emptied(folder: string): Promise<string> {
  await removeTree(folder).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function beyondWords(bound: NonNullable<Survey["too_many"]>): string {
  if (bound === "entries") return `there are more than ${MAX_FILES}`;
  return bound === "depth" ? "folders are nested too deeply" : "a folder cannot be read";
}

function unknownFile(path: string): AppError {
  return new AppError("not_found", `Cannot open ${JSON.stringify(path.slice(0, 200))}: there is no such file`);
}
