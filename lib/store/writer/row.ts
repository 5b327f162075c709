// The writer's own row, and how a commit in doubt is settled by it: one small state machine.
//
//   W1. `(writer, id)` belongs to one start of one process. Every batch, and nothing else, checks its versionstamp and
//       sets it to its number: at most one batch of this writer can ever land on one versionstamp.
//   W2. A batch that threw or ran into its deadline (or, over KV Connect, was told `ok: false`) is in doubt: it may have
//       landed, or land later. A void, an atomic that checks the same versionstamp and says `void n`, is repeated until
//       it is answered. It landed: the batch never can. It was refused: the row says which of both landed.
//   W3. `send` never overlaps with itself, and ends only when it is known what happened.
import * as z from "zod";
import { AppError } from "../../model/error.ts";
import { passing } from "../fault_point.ts";
import { keys } from "../keys.ts";
import type { Atomic, Kv } from "../kv.ts";
import { decodeRow, encodeRow, type Key } from "../mutation.ts";
import { type Clock, type Ids, pause } from "../ports.ts";

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 1000;

/** The row as it is stored. */
export const WriterMark = z.strictObject({
  n: z.int().nonnegative(),
  void: z.literal(true).optional(),
  instance: z.string(),
});
/** The row as it is stored. */
export type WriterMark = z.infer<typeof WriterMark>;

/** What became of a batch. */
export type Outcome =
  /** It stands, with this versionstamp. */
  | { readonly kind: "landed"; readonly stamp: string }
  /** It does not stand and never will: a check failed. */
  | { readonly kind: "refused" }
  /** It does not stand and never will; whether a check failed is not known. */
  | { readonly kind: "voided" }
  /** The row is gone (somebody took this process for dead): it may stand or not. */
  | { readonly kind: "lost" };

/** What the row is made of. */
export interface WriterRowOptions {
  kv: Kv;
  clock: Clock;
  ids: Ids;
  remote: boolean;
  instance: string;
  faults?: { believe_false?: boolean; overlap?: boolean };
}

/** The row of one writer. */
export class WriterRow {
  #id = "";
  #key: Key = [];
  #stamp: string | null = null;
  #n = 0;
  #inDoubt = false;
  #abandoned = false;
  readonly #options: WriterRowOptions;

  constructor(options: WriterRowOptions) {
    this.#options = options;
  }

  /** The id of this start. */
  get id(): string {
    return this.#id;
  }
  /** Whether a batch is in doubt right now. */
  get in_doubt(): boolean {
    return this.#inDoubt;
  }

  /** Takes a new id and writes its row; repeats until it stands. */
  async open(): Promise<void> {
    const { kv, ids, instance } = this.#options;
    this.#id = ids.uuid();
    this.#key = keys.writer(this.#id);
    this.#n = 0;
    for (let wait = FIRST_PAUSE_MS;; wait = await this.#pause(wait)) {
      try {
        const value = encodeRow({ n: 0, instance });
        await kv.atomic().check({ key: this.#key, versionstamp: null }).set(this.#key, value).commit();
        const entry = await kv.get(this.#key);
        if (entry.versionstamp === null) continue;
        this.#stamp = entry.versionstamp;
        return;
      } catch {
        // Not known whether it landed: with its check on absence it lands once at most, and is then read.
      }
    }
  }

  /** Commits one batch; `fill` adds its checks and rows. Ends when it is known what happened. Throws TypeError when the store refuses the size. */
  async send(fill: (op: Atomic) => void): Promise<Outcome> {
    const { kv, instance, remote, faults } = this.#options;
    const n = ++this.#n;
    const op = kv.atomic().check({ key: this.#key, versionstamp: this.#stamp });
    fill(op);
    op.set(this.#key, encodeRow({ n, instance }));
    try {
      const committing = op.commit();
      passing("commit.sent");
      const result = await committing;
      if (result.ok) {
        this.#stamp = result.versionstamp;
        return { kind: "landed", stamp: result.versionstamp };
      }
      if (faults?.believe_false) return { kind: "refused" };
      if (!remote) return await this.#refused();
    } catch (error) {
      if (isSizeError(error)) throw error;
    }
    this.#inDoubt = true;
    try {
      return await (faults?.overlap ? this.#readOnly() : this.#settle(n));
    } finally {
      this.#inDoubt = false;
    }
  }

  /** Ends every wait for the store with AppError `in_doubt`: the process is about to end. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Removes the row; it is swept by others when this fails. */
  async close(): Promise<void> {
    try {
      await this.#options.kv.atomic().check({ key: this.#key, versionstamp: this.#stamp }).delete(this.#key).commit();
    } catch {
      // A row too many is swept with the rows of dead ids.
    }
  }

  async #settle(n: number): Promise<Outcome> {
    const { kv, instance } = this.#options;
    for (let wait = FIRST_PAUSE_MS;; wait = await this.#pause(wait)) {
      try {
        const mark = encodeRow({ n, void: true, instance });
        const result = await kv.atomic().check({ key: this.#key, versionstamp: this.#stamp }).set(this.#key, mark)
          .commit();
        if (result.ok) {
          this.#stamp = result.versionstamp;
          return { kind: "voided" };
        }
        const outcome = await this.#whatStands(n);
        if (outcome) return outcome;
      } catch {
        // The void is in doubt as well; it checks the versionstamp too, so repeating it is harmless.
      }
    }
  }

  /** An embedded store does not lie; but a row that somebody else moved would be refused for ever. */
  async #refused(): Promise<Outcome> {
    try {
      const entry = await this.#options.kv.get(this.#key);
      if (entry.versionstamp !== this.#stamp) return { kind: "lost" };
    } catch {
      // Refused it is in any case; the next batch looks again.
    }
    return { kind: "refused" };
  }

  /** Reads who moved the row: the batch, or a void whose answer was lost. Null: nobody has. */
  async #whatStands(n: number): Promise<Outcome | null> {
    const entry = await this.#options.kv.get(this.#key);
    if (entry.versionstamp === null) return { kind: "lost" };
    if (entry.versionstamp === this.#stamp) return null;
    const mark = decodeRow(WriterMark, entry);
    if (mark?.n !== n) return { kind: "lost" };
    this.#stamp = entry.versionstamp;
    return mark.void ? { kind: "voided" } : { kind: "landed", stamp: entry.versionstamp };
  }

  /** The planted fault: looks at the row once and goes on, though the batch may still land. */
  async #readOnly(): Promise<Outcome> {
    for (let wait = FIRST_PAUSE_MS;; wait = await this.#pause(wait)) {
      try {
        const entry = await this.#options.kv.get(this.#key);
        this.#stamp = entry.versionstamp;
        return { kind: "voided" };
      } catch {
        // Tried again.
      }
    }
  }

  async #pause(ms: number): Promise<number> {
    await pause(this.#options.clock, ms);
    if (this.#abandoned) throw new AppError("in_doubt", "Cannot settle a commit: the server is going away");
    return Math.min(2 * ms, LONGEST_PAUSE_MS);
  }
}

/** Tells whether the store refused an atomic for its size, before anything could land. */
export function isSizeError(error: unknown): boolean {
  return error instanceof TypeError && /too large|Too many/.test(error.message);
}
