// One session in the writer: its queue, its cached state, what is under way for it.
import type { Loaded } from "./types.ts";
import type { Pending } from "./pending.ts";

/** One session in the writer. */
export class Lane<S> {
  readonly session_id: string;
  /** Commands in their order, those that were answered meanwhile included. */
  queue: Pending<S>[] = [];
  /** The decided state with the versionstamp of its commit; null: to be read. */
  cached: Loaded<S> | null = null;
  /** Something is under way that its commands have to wait for. */
  busy: "loading" | "staging" | "round" | null = null;
  /** Digests of blobs that were written for a command of the queue. */
  staged = new Set<string>();
  /** Versionstamp of the provisional trash row of a session that does not exist yet but has blobs. */
  provisional: string | null = null;

  /** Decides one command a batch: the store refused more, though less was counted than it takes. */
  alone = false;

  constructor(session_id: string) {
    this.session_id = session_id;
  }

  /** Drops commands that were answered meanwhile; tells whether any is left. */
  waits(): boolean {
    if (this.queue.some((pending) => pending.over)) this.queue = this.queue.filter((pending) => !pending.over);
    return this.queue.length > 0;
  }

  /** Whether a command is there that wants to be committed at once. */
  urgent(): boolean {
    return this.queue.some((pending) => pending.submission.urgent || pending.tries > 0);
  }

  /** Puts commands back to the front, those that may be decided again. */
  again(pendings: readonly Pending<S>[], base: Loaded<S>): void {
    const back = pendings.filter((pending) => pending.again(base.stamp === null));
    this.queue = [...back, ...this.queue];
  }

  /** Puts commands back to the front that lost nothing but time. */
  back(pendings: readonly Pending<S>[]): void {
    for (const pending of pendings) pending.land();
    this.queue = [...pendings, ...this.queue];
  }

  /** Whether nothing is queued or under way. */
  get idle(): boolean {
    return this.busy === null && this.provisional === null && !this.waits();
  }
}
