// Who watches a session: people, each once, however many sockets they have.
//
// Owns the viewers of this instance. Told at most every PRESENCE_MS a session, because a page that is opened by a whole
// team would otherwise cost a frame for each pair.
import type { UserRef } from "../model/principal.ts";
import type { Clock } from "../service/ports.ts";

const PRESENCE_MS = 250;

interface Room {
  /** Sockets by viewer. */
  viewers: Map<string, { ref: UserRef; sockets: number }>;
  told: Set<(viewers: UserRef[]) => void>;
  cancel: (() => void) | null;
}

/** Viewers by session. */
export class Presence {
  readonly #clock: Clock;
  readonly #rooms = new Map<string, Room>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a viewer, who is told of everyone who comes and goes; the result takes the viewer out. */
  enter(session_id: string, viewer: UserRef, told: (viewers: UserRef[]) => void): () => void {
    const room = this.#rooms.get(session_id) ?? { viewers: new Map(), told: new Set(), cancel: null };
    this.#rooms.set(session_id, room);
    const known = room.viewers.get(viewer.id);
    room.viewers.set(viewer.id, { ref: { id: viewer.id, name: viewer.name }, sockets: (known?.sockets ?? 0) + 1 });
    room.told.add(told);
    this.#tellSoon(room);
    return () => {
      if (!room.told.delete(told)) return;
      const here = room.viewers.get(viewer.id);
      if (here !== undefined && --here.sockets === 0) room.viewers.delete(viewer.id);
      if (room.told.size > 0) return this.#tellSoon(room);
      room.cancel?.();
      this.#rooms.delete(session_id);
    };
  }

  #tellSoon(room: Room): void {
    room.cancel ??= this.#clock.after(PRESENCE_MS, () => {
      room.cancel = null;
      const viewers = [...room.viewers.values()].map(({ ref }) => ref);
      for (const tell of [...room.told]) tell(viewers);
    });
  }
}
