// The folders of sessions on a shared store: what lies on this disk and what all instances know brought together.
//
//   G1. Where a run of the session executes here, this folder is the truth: after each leaf that may have written, what
//       changed is shared (`share`); before a leaf what people uploaded elsewhere is fetched (`fetch`).
//   G2. Everywhere else the folder is a copy of what is shared: made so before it is looked at (`mirror`).
//   G3. A start needs the whole folder (`begin`). Files over the limit of a session are known and not shared; a start
//       that needs one from another disk fails as `files_not_shared`.
//   G4. Nothing that a sandbox left is shared under a fence that is over.
import { getLogger } from "@logtape/logtape";
import { AppError } from "../model/error.ts";
import { MAX_SHARED_BYTES, type OpenGate, type SharedFile, type SharedFiles } from "../store/shared_files.ts";
import type { FileInfo, FolderFile, Folders } from "./ports.ts";

const log = getLogger(["holdfast", "files"]);

/** A start needs files that lie on another disk only. */
export class FilesNotShared extends Error {}

/** What shared folders are made of. */
export interface SharedFoldersParts {
  /** The folders of this disk. */
  readonly folders: Folders;
  readonly files: SharedFiles;
  /** Whether a run of the session executes here. */
  executes(session_id: string): boolean;
  /** Bytes of a session whose contents are shared; default 50 MB. */
  readonly most_bytes?: number;
}
type Digests = ReadonlyMap<string, string>;

/** Folders that other instances can rebuild. */
export class SharedFolders implements Folders {
  readonly #parts: SharedFoldersParts;
  /** What was shared when it was looked at last, of sessions that execute here. */
  readonly #known = new Map<string, Digests>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: SharedFoldersParts) {
    this.#parts = parts;
  }

  /** Makes the folder whole for a start; what is shared, null where nothing is. Throws FilesNotShared. */
  begin(session_id: string): Promise<SharedFile[] | null> {
    return this.#turn(session_id, async () => {
      const { missing, shared } = await this.#mirror(session_id);
      if (missing.length > 0) {
        const [first] = missing;
        const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
        throw new FilesNotShared(`"${first?.path}"${more} lie on another instance, and are too large to be shared`);
      }
      this.#known.set(session_id, digestsOf(shared));
      return shared.length === 0 ? null : shared;
    });
  }

  /** Fetches what was uploaded on other instances since. */
  fetch(session_id: string): Promise<void> {
    return this.#turn(session_id, async () => void await this.#merge(session_id));
  }

  /** Shares what a leaf changed. */
  share(session_id: string, fence: number): Promise<void> {
    return this.#turn(session_id, async () => {
      const { local, shared } = await this.#merge(session_id);
      const gate = await this.#parts.files.gate(session_id, fence);
      // Another sandbox follows, or the session is gone: nothing of this one counts any more.
      if (gate !== null) await this.#push(gate, { local, shared, only: null });
    });
  }

  list(): Promise<string[]> {
    return this.#parts.folders.list();
  }

  ensure(session_id: string): Promise<void> {
    return this.#parts.folders.ensure(session_id);
  }

  async scan(session_id: string): Promise<FileInfo[]> {
    const { folders, executes } = this.#parts;
    if (executes(session_id)) return await folders.scan(session_id);
    return await this.#turn(session_id, async () => {
      const { local, missing } = await this.#mirror(session_id);
      return [...local, ...missing.map(infoOf)].sort((a, b) => a.path < b.path ? -1 : 1);
    });
  }

  async open(session_id: string, path: string): Promise<{ info: FileInfo; stream: ReadableStream<Uint8Array> }> {
    const { folders, executes } = this.#parts;
    if (!executes(session_id)) {
      const { missing } = await this.#turn(session_id, () => this.#mirror(session_id));
      if (missing.some((file) => file.path === path)) {
        throw new AppError("not_found", `Cannot open "${path}": it lies on another instance, too large to be shared`);
      }
    }
    return await folders.open(session_id, path);
  }

  async contents(session_id: string): Promise<FolderFile[]> {
    const { folders, executes } = this.#parts;
    if (!executes(session_id)) await this.#turn(session_id, () => this.#mirror(session_id));
    return await folders.contents(session_id);
  }

  async write(
    session_id: string,
    path: string,
    content: ReadableStream<Uint8Array> | Uint8Array,
  ): Promise<FileInfo> {
    const { folders, files } = this.#parts;
    const info = await folders.write(session_id, path, content);
    await this.#turn(session_id, async () => {
      const gate = await files.gate(session_id, null);
      if (gate === null) throw new AppError("not_found", `Cannot write "${path}": the session is gone`);
      const [local, shared] = await Promise.all([folders.scan(session_id), files.list(session_id)]);
      await this.#push(gate, { local, shared, only: path });
    });
    return info;
  }

  async remove(session_id: string): Promise<void> {
    this.#known.delete(session_id);
    await this.#parts.folders.remove(session_id);
  }

  drop(session_id: string, path: string): Promise<void> {
    return this.#parts.folders.drop(session_id, path);
  }

  /** Makes this disk's copy what is shared; what cannot be had is missing. */
  async #mirror(session_id: string): Promise<{ local: FileInfo[]; shared: SharedFile[]; missing: SharedFile[] }> {
    const { folders, files } = this.#parts;
    const [found, shared] = await Promise.all([folders.scan(session_id), files.list(session_id)]);
    // Nothing was ever shared: these are files of a store that was not shared before.
    if (shared.length === 0) return { local: found, shared, missing: [] };
    const here = digestsOf(found);
    const missing: SharedFile[] = [];
    let changed = false;
    for (const file of shared) {
      if (here.get(file.path) === file.digest) continue;
      if (await this.#get(session_id, file)) changed = true;
      else missing.push(file);
    }
    const wanted = digestsOf(shared);
    for (const { path } of found) {
      if (wanted.has(path)) continue;
      await folders.drop(session_id, path);
      changed = true;
    }
    const local = changed ? await folders.scan(session_id) : found;
    const names = new Set(missing.map((file) => file.path));
    return { local: local.filter((file) => !names.has(file.path)), shared, missing };
  }

  /** Takes in what others shared since; where both changed a file, this disk's is kept. */
  async #merge(session_id: string): Promise<{ local: FileInfo[]; shared: SharedFile[] }> {
    const { folders, files } = this.#parts;
    const [found, shared] = await Promise.all([folders.scan(session_id), files.list(session_id)]);
    const here = digestsOf(found);
    const known = this.#known.get(session_id) ?? new Map();
    let changed = false;
    for (const file of shared) {
      const { path, digest } = file;
      if (digest === known.get(path) || here.get(path) !== known.get(path)) continue;
      changed = await this.#get(session_id, file) || changed;
    }
    this.#known.set(session_id, digestsOf(shared));
    return { local: changed ? await folders.scan(session_id) : found, shared };
  }

  async #push(
    gate: OpenGate,
    of: { local: readonly FileInfo[]; shared: readonly SharedFile[]; only: string | null },
  ): Promise<void> {
    const { files } = this.#parts;
    const { session_id } = gate;
    const after = new Map(of.shared.map((file) => [file.path, file]));
    const set: SharedFile[] = [];
    for (const file of of.local) {
      const before = after.get(file.path);
      if ((of.only !== null && file.path !== of.only) || before?.digest === file.digest) continue;
      after.delete(file.path);
      const row = await this.#keep(gate, file, [...after.values()]);
      if (row === null) return;
      after.set(file.path, row);
      set.push(row);
    }
    const here = digestsOf(of.local);
    const removed = of.only !== null ? [] : of.shared.filter(({ path }) => !here.has(path)).map(({ path }) => path);
    for (const path of removed) after.delete(path);
    const named = new Set([...after.values()].map((file) => file.digest));
    const unused = new Set(of.shared.filter(({ digest }) => !named.has(digest)).map(({ digest }) => digest));
    if (set.length + removed.length === 0) return;
    if (await files.change(gate, { set, removed, unused: [...unused] })) {
      this.#known.set(session_id, digestsOf([...after.values()]));
    }
  }

  /** The row of a file, its content kept where it fits beside the others; null when the gate has moved. */
  async #keep(gate: OpenGate, file: FileInfo, others: readonly SharedFile[]): Promise<SharedFile | null> {
    const { folders, files, most_bytes = MAX_SHARED_BYTES } = this.#parts;
    const { path, modified_ms } = file;
    const used = others.reduce((sum, { size_bytes, stored }) => sum + (stored ? size_bytes : 0), 0);
    const unkept = { path, digest: file.digest, size_bytes: file.size_bytes, modified_ms, stored: false };
    if (used + file.size_bytes > most_bytes) {
      log.warn("files.not_shared", { session_id: gate.session_id, path, size_bytes: file.size_bytes });
      return unkept;
    }
    const { info, stream } = await folders.open(gate.session_id, path);
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    // Written at this moment: what is read is not what was looked at. The next leaf shares it.
    if (info.digest !== file.digest || bytes.length !== file.size_bytes) return unkept;
    return await files.keep(gate, file.digest, bytes) ? { ...unkept, stored: true } : null;
  }

  async #get(session_id: string, file: SharedFile): Promise<boolean> {
    const { folders, files } = this.#parts;
    const bytes = file.stored ? await files.content(session_id, file.digest) : null;
    if (bytes === null) return false;
    try {
      await folders.ensure(session_id);
      await folders.write(session_id, file.path, bytes);
      return true;
    } catch (error) {
      // A name that a program may give and the host does not write.
      log.warn("files.not_rebuilt", { session_id, path: file.path, error: String(error) });
      return false;
    }
  }

  /** One at a time a session. */
  #turn<T>(session_id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(session_id) ?? Promise.resolve();
    const mine = before.then(work, work);
    const last = mine.catch(() => undefined).finally(() => {
      if (this.#turns.get(session_id) === last) this.#turns.delete(session_id);
    });
    this.#turns.set(session_id, last);
    return mine;
  }
}

const digestsOf = (files: readonly { path: string; digest: string }[]): Digests =>
  new Map(files.map(({ path, digest }) => [path, digest]));
const infoOf = ({ path, size_bytes, modified_ms, digest }: SharedFile): FileInfo => ({
  path,
  size_bytes,
  modified_ms,
  digest,
});
