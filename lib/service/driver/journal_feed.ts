// The journal on its way to a sandbox: what is stored goes ahead of the code, what settles later in the order of its number.
//
//   N1. Entries leave in order of n without a gap, whoever wrote them: a sandbox, a person, a timer, another instance.
//   N2. An entry whose begin is not yet acknowledged holds back itself and all after it, never longer than that commit.
//   N3. Nothing is handed over that is not durable; large values are read back from their blobs first, and of what
//       settles while the sandbox runs one only when it has taken the one before.
import { differences } from "../../engine/layered.ts";
import type { JournalEntry, SettledEntry } from "../../model/journal.ts";
import type { Json } from "../../model/json.ts";
import type { HostFrame } from "../../protocol/sandbox.ts";

/** Bytes of entries, roughly, in one frame: far below the largest line. */
const FRAME_BYTES = 400_000;

/** What the feed needs. */
export interface FeedParts {
  /** A promise settles when the sandbox has taken it. */
  send(frame: HostFrame): void | Promise<void>;
  /** Reads a value back whole; gives it unchanged when it is no reference. */
  resolve(value: Json): Promise<Json>;
  /** An entry could not be handed over. */
  failed(error: unknown): void;
}

/** Hands the entries of one run to one sandbox. */
export class JournalFeed {
  readonly #parts: FeedParts;
  readonly #beginning = new Set<string>();
  #known: ReadonlyMap<string, JournalEntry> = new Map();
  #pending: SettledEntry[] = [];
  #sent: Promise<void> = Promise.resolve();

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** Sends everything that is stored, `kept` of the run that this one repeats first: settled by number, open ones last. */
  async sendStored(own: ReadonlyMap<string, JournalEntry>, kept: readonly SettledEntry[]): Promise<void> {
    this.#known = own;
    const entries = [...kept, ...own.values()].filter(isLeaf);
    const settled = entries.filter(isSettled).sort((a, b) => a.n - b.n);
    const open = entries.filter((entry) => !isSettled(entry));
    const whole = await Promise.all([...settled, ...open].map((entry) => this.#whole(entry)));
    for (const frame of frames(whole)) this.#parts.send(frame);
  }

  /** A begin is on its way to the store. */
  beginning(key: string): void {
    this.#beginning.add(key);
  }

  /** The begin is answered. */
  begun(key: string): void {
    this.#beginning.delete(key);
    this.#flush();
  }

  /** Sends what has settled since the last look. */
  deliver(entries: ReadonlyMap<string, JournalEntry>): void {
    if (entries === this.#known) return;
    const news = differences(this.#known, entries).map(([, entry]) => entry).filter(isLeaf).filter(isSettled);
    this.#known = entries;
    this.#pending.push(...news.sort((a, b) => a.n - b.n));
    this.#flush();
  }

  #flush(): void {
    for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
      if (this.#beginning.has(next.key)) return;
      this.#pending.shift();
      this.#send(next);
    }
  }

  #send(entry: SettledEntry): void {
    this.#sent = this.#sent
      .then(async () => await this.#parts.send({ type: "settle", entry: await this.#whole(entry) }))
      .catch((error) => this.#parts.failed(error));
  }

  async #whole(entry: JournalEntry): Promise<JournalEntry> {
    if (entry.status === "done") return { ...entry, value: await this.#parts.resolve(entry.value) };
    if (entry.status !== "failed" || entry.failure.data === undefined) return entry;
    return { ...entry, failure: { ...entry.failure, data: await this.#parts.resolve(entry.failure.data) } };
  }
}

/** Gates stand between the host and people: a sandbox does not hear of them. */
const isLeaf = (entry: JournalEntry): boolean => entry.kind !== "gate";
const isSettled = (entry: JournalEntry): entry is SettledEntry => entry.status !== "open";

/** Entries in frames of a bounded size; the last one lets the code begin. */
function frames(entries: readonly JournalEntry[]): HostFrame[] {
  const parts: JournalEntry[][] = [[]];
  let bytes = 0;
  for (const entry of entries) {
    const size = JSON.stringify(entry).length;
    if (bytes + size > FRAME_BYTES && bytes > 0) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(entry);
    bytes += size;
  }
  return parts.map((part, i) => ({ type: "entries", entries: part, last: i === parts.length - 1 }));
}
