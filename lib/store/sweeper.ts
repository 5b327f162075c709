// The sweeper: what a deleted session leaves is removed in small commits, resumed after a restart.
//
//   W1. (trash, session) says what is to be swept. It goes last, with the head: whatever cuts the sweep off, the next
//       start goes on. Every commit of a sweep checks it.
//   W2. A session that is there is never swept, whatever its trash row says: its head is looked at first.
//   W3. A provisional row (blobs of a session about to be created, writer/stage.ts) is spared while its writer lives, and
//       changed before anything is removed: the creating commit then never lands.
//   W4. The folder goes when its sandbox is confirmed dead, before the rows that tell of it.
//   W5. Where other instances may be down, (swept, session) says for 90 days that it was deleted: that a store does not
//       know a session proves nothing, it may be another store's.
import { getLogger } from "@logtape/logtape";
import { isStoreAway } from "../model/error.ts";
import { Head } from "../model/session.ts";
import { passing } from "./fault_point.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { decodeRow, encodeRow, type Key } from "./mutation.ts";
import type { Clock } from "./ports.ts";
import { sweepRows } from "./sweep_rows.ts";
import { TrashMark } from "./writer/stage.ts";

const log = getLogger(["holdfast", "store"]);
const PASS_MS = 60_000;

/** What a sweeper needs of the others. */
export interface SweeperOptions {
  clock: Clock;
  /** Other instances may hold copies of what is deleted. */
  shared: boolean;
  /** Whether the writer of a provisional row lives. */
  writerLives(writer_id: string): Promise<boolean>;
}

/** Removes what deleted sessions left. */
export interface Sweeper {
  /** Goes through the trash now and each minute; `folderGone` removes the folder of a session, false: not yet. */
  start(options?: { folderGone?(session_id: string): Promise<boolean> }): void;
  /** Goes through the trash soon. */
  kick(): void;
  /** Whether this store knows that the session was deleted. */
  wasDeleted(session_id: string): Promise<boolean>;
  /** Goes through the trash once; resolves when it is through. */
  pass(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes a sweeper. */
export function createSweeper(kv: Kv, options: SweeperOptions): Sweeper {
  return new TrashSweeper(kv, options);
}

class TrashSweeper implements Sweeper {
  readonly #kv: Kv;
  readonly #options: SweeperOptions;
  #folderGone: (session_id: string) => Promise<boolean> = () => Promise.resolve(true);
  #running: Promise<void> = Promise.resolve();
  #waiting = false;
  #started = false;
  #cancel = () => {};

  constructor(kv: Kv, options: SweeperOptions) {
    this.#kv = kv;
    this.#options = options;
  }

  start(options: { folderGone?(session_id: string): Promise<boolean> } = {}): void {
    if (options.folderGone) this.#folderGone = options.folderGone;
    this.#started = true;
    this.kick();
  }

  kick(): void {
    if (!this.#started || this.#waiting) return;
    this.#waiting = true;
    this.#running = this.#running.then(async () => {
      this.#waiting = false;
      this.#cancel();
      if (!this.#started) return;
      await this.pass().catch((error) => {
        if (!isStoreAway(error)) log.warn("sweep.failed", { error });
      });
      this.#cancel = this.#options.clock.after(PASS_MS, () => this.kick());
    });
  }

  async pass(): Promise<void> {
    const trash: string[] = [];
    for await (const entry of this.#kv.list({ prefix: keys.trashes() }, { batchSize: 100 })) {
      trash.push(String(entry.key[1]));
    }
    for (const session_id of trash) {
      // One session that cannot be swept now must not keep the others.
      await this.#sweep(session_id).catch((error) => log.warn("sweep.failed", { error, session_id }));
    }
  }

  async wasDeleted(session_id: string): Promise<boolean> {
    const head = await this.#kv.get(keys.head(session_id));
    if (head.versionstamp !== null) return decodeRow(Head, head)?.deleted === true;
    return (await this.#kv.get(keys.swept(session_id))).versionstamp !== null;
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#cancel();
    await this.#running;
    this.#cancel();
  }

  async #sweep(session_id: string): Promise<void> {
    const trash = await this.#claim(session_id);
    if (trash === null) return;
    passing("sweep.claimed");
    if (!await this.#folderGone(session_id)) return;
    passing("sweep.folder");
    if (!await sweepRows(this.#kv, { session_id, trash, told: this.#options.shared })) return;
    log.info("session.swept", { session_id });
  }

  /** Makes sure that the session may be swept; the versionstamp of its trash row, or null. */
  async #claim(session_id: string): Promise<string | null> {
    const entry = await this.#kv.get(keys.trash(session_id));
    const mark = decodeRow(TrashMark, entry);
    if (mark === null) return null;
    const head = await this.#kv.get(keys.head(session_id));
    const alive = head.versionstamp !== null && decodeRow(Head, head)?.deleted !== true;
    if (alive) {
      await this.#replace(entry, { key: head.key, versionstamp: head.versionstamp }, null);
      return null;
    }
    if (mark.provisional === undefined) return entry.versionstamp;
    if (await this.#options.writerLives(mark.provisional)) return null;
    return await this.#replace(entry, { key: head.key, versionstamp: head.versionstamp }, {});
  }

  async #replace(
    entry: { key: Key; versionstamp: string | null },
    head: { key: Key; versionstamp: string | null },
    mark: TrashMark | null,
  ): Promise<string | null> {
    const { key, versionstamp } = entry;
    const op = this.#kv.atomic().check({ key, versionstamp }, head);
    if (mark === null) op.delete(key);
    else op.set(key, encodeRow(mark));
    const result = await op.commit();
    return result.ok ? result.versionstamp : null;
  }
}
