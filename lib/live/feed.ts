// One list topic (sessions, approvals, pulse): a snapshot for who comes, then items as they change.
//
// Owns when an item is read again and who is told. Leaves to feeds.ts what a topic is made of. An item is read once for
// all sockets of one person.
//   FE1. An item goes out at most once each ITEM_MS; its last state always goes out.
//   FE2. A follower joins before the snapshot is read; what changes meanwhile is kept and sent after it, so that the last
//        thing a client hears of an item is its last state.
//   FE3. That an item is gone is told to administrators and to those who had been told of it: nobody learns by a removal
//        that there was something to see.
import { getLogger } from "@logtape/logtape";
import type { UserPrincipal } from "../model/principal.ts";
import type { Clock } from "../service/ports.ts";

/** At most 4 frames a second for each item. */
export const ITEM_MS = 250;
const log = getLogger(["holdfast", "live"]);

/** What a topic is made of: frames as text. Reading may fail; then the item is read again at its next change. */
export interface Topic {
  readonly name: string;
  /** The frame, and the items in it. */
  snapshot(principal: UserPrincipal): Promise<{ frame: string; ids: readonly string[] }>;
  /** The frame of an item as this person sees it, or null for nothing to tell. */
  item(principal: UserPrincipal, id: string): Promise<string | null>;
}

/** One client's place in a feed. */
interface Follower {
  send(frame: string): void;
  /** The snapshot cannot be read: it does not follow any more. */
  failed(error: unknown): void;
  /** Frames by item that wait for the snapshot; null once it is sent. */
  held: Map<string, string> | null;
  /** Snapshots that were asked for. */
  snapshots: number;
}
interface Group {
  principal: UserPrincipal;
  followers: Set<Follower>;
  /** Items that they were told of; administrators see all. */
  told: Set<string>;
}
interface Item {
  /** The timer of its next read, or of its being forgotten. */
  cancel: (() => void) | null;
  due: boolean;
  /** Monotonic time of the last read. */
  read: number;
  reading: boolean;
  again: boolean;
}

/** One list topic with its followers. */
export class Feed {
  readonly #topic: Topic;
  readonly #clock: Clock;
  readonly #groups = new Map<string, Group>();
  readonly #items = new Map<string, Item>();

  constructor(topic: Topic, clock: Clock) {
    this.#topic = topic;
    this.#clock = clock;
  }

  /** Follows the topic; the result ends it. `failed` is told when the snapshot cannot be read. */
  follow(
    principal: UserPrincipal,
    { send, failed }: { send(frame: string): void; failed(error: unknown): void },
  ): () => void {
    const group = this.#groups.get(principal.id) ?? { principal, followers: new Set(), told: new Set() };
    this.#groups.set(principal.id, group);
    const leave = () => {
      group.followers.delete(follower);
      if (group.followers.size === 0 && this.#groups.get(principal.id) === group) this.#groups.delete(principal.id);
    };
    const follower: Follower = {
      send,
      held: new Map(),
      snapshots: 0,
      failed(error) {
        const here = group.followers.has(follower);
        leave();
        if (here) failed(error);
      },
    };
    group.followers.add(follower);
    void this.#snapshot(group, follower);
    return leave;
  }

  /** Changes went by unheard: everybody gets a new snapshot. */
  again(): void {
    for (const group of this.#groups.values()) {
      for (const follower of group.followers) {
        follower.held ??= new Map();
        void this.#snapshot(group, follower);
      }
    }
  }

  async #snapshot(group: Group, follower: Follower): Promise<void> {
    const mine = ++follower.snapshots;
    try {
      const { frame, ids } = await this.#topic.snapshot(group.principal);
      // A newer one is on its way: only what changes after that one may be sent after it.
      if (!group.followers.has(follower) || follower.snapshots !== mine) return;
      follower.send(frame);
      for (const id of ids) group.told.add(id);
      const held = follower.held ?? new Map<string, string>();
      follower.held = null;
      for (const later of held.values()) follower.send(later);
    } catch (error) {
      follower.failed(error);
    }
  }

  /** An item has changed: followers hear of it, at once or when its turn comes. */
  changed(id: string): void {
    if (this.#groups.size === 0) return;
    const item = this.#items.get(id) ?? { cancel: null, due: false, read: -Infinity, reading: false, again: false };
    this.#items.set(id, item);
    if (item.reading) item.again = true;
    if (item.reading || item.due) return;
    item.cancel?.();
    item.due = true;
    item.cancel = this.#clock.after(this.#waitOf(item), () => void this.#read(id, item));
  }

  /** An item is gone: tells so at once. */
  gone(id: string, frame: string): void {
    this.#items.get(id)?.cancel?.();
    this.#items.delete(id);
    for (const group of this.#groups.values()) {
      const told = group.told.delete(id) || group.principal.admin;
      if (told) this.#send(group, { id, frame });
    }
  }

  #waitOf(item: Item): number {
    return Math.max(0, item.read + ITEM_MS - this.#clock.monotonic());
  }

  async #read(id: string, item: Item): Promise<void> {
    item.due = false;
    item.reading = true;
    item.again = false;
    item.read = this.#clock.monotonic();
    for (const group of [...this.#groups.values()]) {
      try {
        const frame = await this.#topic.item(group.principal, id);
        if (frame === null || this.#items.get(id) !== item) continue;
        group.told.add(id);
        this.#send(group, { id, frame });
      } catch (error) {
        log.warn("feed.read_failed", { topic: this.#topic.name, id, error });
      }
    }
    item.reading = false;
    if (item.again) return this.changed(id);
    if (this.#items.get(id) !== item) return;
    // Forgotten once its time is over, so that the map holds only what moves.
    item.cancel = this.#clock.after(ITEM_MS, () => this.#items.delete(id));
  }

  #send(group: Group, { id, frame }: { id: string; frame: string }): void {
    for (const follower of group.followers) {
      if (follower.held === null) follower.send(frame);
      else follower.held.set(id, frame);
    }
  }
}
