// What people are made to do so that a round comes to its kill: they start tasks of the kinds that lead there, or delete.
//
//   C1. Which book and which manner a task has is chosen by the source that its start is given, and by nothing else.
import { type Book, makeBook, type Shelf } from "./books.ts";
import type { Chance } from "./chance.ts";
import { chooseManner } from "./manners.ts";
import type { Memory } from "./memory.ts";
import type { People } from "./people.ts";
import type { Need } from "./points.ts";

/** What a crowd needs. */
export interface CrowdParts {
  readonly memory: Memory;
  readonly people: People;
  readonly shelf: Shelf;
  /** What is made of each book before it is started. */
  made?(book: Book): Book;
}

/** Makes people do what a round needs. */
export class Crowd {
  readonly #parts: CrowdParts;
  /** Tasks that were started. */
  started = 0;

  constructor(parts: CrowdParts) {
    this.#parts = parts;
  }

  /** Does what leads to a place, as far as it is not under way. */
  press(need: Need, of: Chance): void {
    const { memory, people } = this.#parts;
    if (need === "rest") return;
    const live = memory.kept.filter((known) => known.ended === null);
    if (need === "deletes") {
      const deleting = [...memory.sessions.values()].some((known) => known.deleting === "asked");
      const victim = memory.kept.find((known) => known.log.length > 5);
      if (!deleting && victim !== undefined) return people.delete(victim);
    }
    const most = need === "starts" ? 4 : 2;
    if (live.length + people.starting < most) this.start(need, of.fork(this.started), 1);
  }

  /** Starts tasks that lead to a place. */
  start(need: Need, of: Chance, count: number): void {
    const { people, made = (book: Book) => book } = this.#parts;
    const kinds = this.#books(need);
    for (let i = 0; i < count; i++) {
      const task = of.fork(i);
      this.started++;
      const book = made(makeBook(task.pick(kinds), task.fork("book")));
      void people.start(book, chooseManner(task.fork("manner")));
    }
  }

  #books(need: Need): readonly string[] {
    const { any, questions, long } = this.#parts.shelf;
    return need === "questions" ? questions : need === "long runs" ? long : any;
  }
}
