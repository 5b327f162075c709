// A view while events are folded into it: lists are copied at their first change, so that the view before stays as it is.
import type { SessionView } from "./types.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };
/** Names of the lists of a view. */
type ListName = { [K in keyof SessionView]: SessionView[K] extends readonly unknown[] ? K : never }[keyof SessionView];

/** A view that may be changed until `done`. */
export class ViewDraft {
  readonly view: Mutable<SessionView>;
  readonly #owned = new Set<ListName>();

  constructor(view: SessionView) {
    this.view = { ...view } as Mutable<SessionView>;
  }

  /** A list that may be changed: a copy at the first time. */
  list<K extends ListName>(name: K): Mutable<SessionView>[K] {
    if (!this.#owned.has(name)) {
      this.#owned.add(name);
      (this.view as Record<string, unknown>)[name] = [...this.view[name]];
    }
    return this.view[name];
  }

  /** Adds to a bounded list; lets the oldest go in larger pieces, so that a flood stays cheap. */
  push<K extends ListName>(name: K, item: SessionView[K][number], bound: number): void {
    const list = this.list(name) as unknown[];
    list.push(item);
    if (list.length > bound + Math.ceil(bound / 4)) list.splice(0, list.length - bound);
  }

  /** Replaces the item of a list that `find` accepts by a changed copy; tells whether there was one. */
  patch<K extends ListName>(
    name: K,
    find: (item: SessionView[K][number]) => boolean,
    change: (item: SessionView[K][number]) => SessionView[K][number],
  ): boolean {
    const list = this.view[name] as readonly SessionView[K][number][];
    const at = list.findLastIndex(find);
    const item = list[at];
    if (item === undefined) return false;
    (this.list(name) as SessionView[K][number][])[at] = change(item);
    return true;
  }
}
