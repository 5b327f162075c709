// The folded view of a session: a stored snapshot and the tail after it, never the whole log again.
//
//   W1. Live and stored agree: it is the same reducer over the same lines.
//   W2. A snapshot is written when the tail has 1,000 events, and read only when its shape is that of this version.
import { EMPTY_VIEW, fold, type SessionView, VIEW_FORMAT } from "../../engine/view.ts";
import { AppError } from "../../model/error.ts";
import type { Json } from "../../model/json.ts";
import { SNAPSHOT_EVENTS } from "../../store/snapshots.ts";
import type { Store } from "../../store/store.ts";
import { parseLines } from "../earlier.ts";

/** Reads folded views. */
export class Views {
  readonly #store: Pick<Store, "events" | "snapshots">;

  constructor(store: Pick<Store, "events" | "snapshots">) {
    this.#store = store;
  }

  /** The view as of the head when it is asked. Throws AppError `not_found`. */
  async read(session_id: string): Promise<{ view: SessionView; as_of_seq: number }> {
    const head_seq = await this.#store.events.headSeq(session_id);
    if (head_seq === null) throw new AppError("not_found", `Cannot show session "${session_id}": there is none`);
    const stored = await this.#stored(session_id, head_seq);
    let view = stored;
    for await (const chunk of this.#store.events.chunks(session_id, view.seq)) {
      view = fold(view, parseLines(chunk.lines));
    }
    if (view.seq - stored.seq >= SNAPSHOT_EVENTS) await this.#keep(session_id, view);
    return { view, as_of_seq: view.seq };
  }

  async #stored(session_id: string, head_seq: number): Promise<SessionView> {
    const snapshot = await this.#store.snapshots.get(session_id, VIEW_FORMAT);
    if (snapshot === null || snapshot.seq > head_seq) return EMPTY_VIEW;
    // Of our own writing, and of this version's shape: the format says so.
    return snapshot.view as unknown as SessionView;
  }

  async #keep(session_id: string, view: SessionView): Promise<void> {
    // Plain JSON by its own contract (W1 of the reducer).
    const stored = view as unknown as Json;
    await this.#store.snapshots.put(session_id, { seq: view.seq, view: stored, format: VIEW_FORMAT });
  }
}
