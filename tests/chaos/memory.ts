// What people and viewers know: everything that was acknowledged, and every line that was seen. It outlives all kills.
//
// Whatever stands here must be in the server after any kill; what was asked and not answered may have happened or not.
import type { Book } from "./books.ts";

/** One session as those outside know it. */
export interface Known {
  readonly session_id: string;
  readonly run_id: string;
  readonly book: Book;
  /** The longest log that anybody saw, byte for byte. */
  readonly log: string[];
  /** Acknowledged answers: the verb by the approval. */
  readonly answers: Map<string, string>;
  /** Messages to its run that were acknowledged. */
  readonly said: Set<string>;
  /** Its plan was changed by an acknowledged answer. */
  edited: boolean;
  /** How often each finished block had begun when its end was first seen in the log. */
  readonly finished: Map<string, number>;
  /** Kills that can have cut it off. */
  losses: number;
  /** Statuses of the run that were seen and are final. */
  ended: string | null;
  /** The round of its episode that came before its end, from 0; -1 before the first. */
  ended_in: number | null;
  /** What people did that changes how it may end. */
  refused: boolean;
  deleting: "no" | "asked" | "acknowledged";
  /** A block of it may have been killed alone: what its code came to is then exit code 137, and its run may fail of it. */
  blockKilled: boolean;
}

/** Everything that is known, and what is wrong with it. */
export class Memory {
  readonly sessions = new Map<string, Known>();
  readonly breaches: string[] = [];
  /** Rounds so far. */
  rounds = 0;
  /** Kills so far that can have cut sessions off. */
  losses = 0;

  /** A start was acknowledged that had been asked for after so many `losses`. */
  add(session_id: string, of: { run_id: string; book: Book; after: number }): Known {
    const { run_id, book, after } = of;
    const known = this.sessions.get(session_id) ?? {
      run_id,
      book,
      session_id,
      log: [],
      answers: new Map(),
      said: new Set(),
      edited: false,
      finished: new Map(),
      losses: this.losses - after,
      ended: null,
      ended_in: null,
      refused: false,
      deleting: "no" as const,
      blockKilled: false,
    };
    this.sessions.set(session_id, known);
    return known;
  }

  /** Those that nobody wants to delete. */
  get kept(): Known[] {
    return [...this.sessions.values()].filter((known) => known.deleting === "no");
  }

  /** Something is wrong. */
  breach(where: string, what: string): void {
    this.breaches.push(`${where}: ${what}`);
  }

  /** Takes a line that was seen at a seq; what was seen before must be the same, byte for byte. */
  saw(known: Known, seq: number, line: string): void {
    const before = known.log[seq - 1];
    if (before === line) return;
    if (before !== undefined) return this.breach(known.session_id, `seq ${seq} was ${before} and is now ${line}`);
    if (seq !== known.log.length + 1) {
      return this.breach(known.session_id, `seq ${seq} was seen after ${known.log.length}`);
    }
    known.log.push(line);
    if (line.includes('"event_type":"complete"')) known.ended_in ??= this.rounds - 1;
  }

  /** Blocks were killed, and perhaps not the sandboxes of their runs. */
  blocksKilled(): void {
    for (const known of this.sessions.values()) known.blockKilled ||= known.ended === null;
  }

  /** A kill that can have cut every session off. */
  lost(): void {
    this.losses++;
    for (const known of this.sessions.values()) if (known.ended === null) known.losses++;
  }
}
