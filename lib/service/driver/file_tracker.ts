// Which files of a session's folder a run has made or changed since anybody looked.
//
//   F1. Scans come one at a time, so two leaves that end at once never claim the same file.
//   F2. What an interrupted leaf had written before the server died is told by the leaf that runs again: files newer than
//       the beginning of an open leaf are not known yet.
import type { FileChange } from "../../model/command.ts";
import type { FileInfo, Folders } from "../ports.ts";
import { mediaType } from "../media_types.ts";

/** Tells what changed in a folder between two looks. */
export class FileTracker {
  readonly #folders: Folders;
  readonly #session_id: string;
  #known: Map<string, string> | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(folders: Folders, session_id: string) {
    this.#folders = folders;
    this.#session_id = session_id;
  }

  /**
   * Looks for the first time. Files changed at or after `unknown_since_ms` are told by the next look. `rebuilt` holds the
   * files as they were shared: on a disk where they were rebuilt they are all new.
   */
  start(unknown_since_ms: number | null, rebuilt: readonly FileInfo[] | null = null): Promise<void> {
    return this.#next(async () => {
      const files = rebuilt ?? await this.#folders.scan(this.#session_id);
      const old = files.filter((file) => unknown_since_ms === null || file.modified_ms < unknown_since_ms);
      this.#known = new Map(old.map((file) => [file.path, file.digest]));
    });
  }

  /** Looks again and tells what is new or other. */
  changes(): Promise<FileChange[]> {
    return this.#next(async () => {
      const known = this.#known ?? new Map<string, string>();
      const files = await this.#folders.scan(this.#session_id);
      const changed = files.filter((file) => known.get(file.path) !== file.digest);
      const changes = changed.map((file) => changeOf(file, !known.has(file.path)));
      this.#known = new Map(files.map((file) => [file.path, file.digest]));
      return changes;
    });
  }

  #next<T>(look: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(look);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

function changeOf(file: FileInfo, created: boolean): FileChange {
  return { path: file.path, file_type: mediaType(file.path), size_bytes: file.size_bytes, created };
}
