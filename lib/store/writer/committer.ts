// Makes decided parts durable, and only then answers.
//
//   C1. Parts that write go in one atomic; refused or voided, each goes alone, and alone again it is decided anew.
//   C2. Parts that write nothing (refusals, repetitions) are answered when their head is seen to stand: their outside
//       keys were read after the state and before this look, so the answer was right at the moment of that read.
//   C3. Fan-out comes before the answers: who is told that it happened finds it in every list.
import { getLogger } from "@logtape/logtape";
import { AppError } from "../../model/error.ts";
import { passing, passingSlowly } from "../fault_point.ts";
import { keys } from "../keys.ts";
import { addTo } from "../mutation.ts";
import { pause } from "../ports.ts";
import { fillAtomic, type Part, readMany } from "./batch.ts";
import { isSizeError, type Outcome, type WriterRow } from "./row.ts";
import type { Commit, CommitFacts, WriterOptions } from "./types.ts";

const log = getLogger(["holdfast", "store", "writer"]);
const RETRY_MS = 50;

/** Sends the parts of one round. */
export class Committer<S> {
  readonly listeners = new Set<(commit: Commit<S>) => void>();
  readonly #options: WriterOptions<S>;
  readonly #row: WriterRow;

  constructor(options: WriterOptions<S>, row: WriterRow) {
    this.#options = options;
    this.#row = row;
  }

  /** Ends when every command of the parts is answered or back in its queue. */
  async conclude(parts: readonly Part<S>[]): Promise<void> {
    const writing = parts.filter((part) => part.commits);
    const reading = parts.filter((part) => !part.commits && part.answers.length > 0);
    if (this.#options.faults?.ack_early) { for (const part of writing) this.#answer(part); }
    await Promise.all([this.#write(writing), this.#verify(reading)]);
  }

  async #write(parts: readonly Part<S>[]): Promise<void> {
    if (parts.length === 0) return;
    let outcome: Outcome;
    const { beside } = this.#options;
    passing("commit.decided");
    const held = passingSlowly("commit.slow", () => parts.some(somebodyWaits));
    if (held !== null) await held;
    try {
      outcome = await this.#row.send((op) => {
        for (const part of parts) {
          fillAtomic(op, part, {
            head_seq: this.#options.aggregate.headSeq(part.base.state),
            faults: this.#options.faults ?? {},
          });
        }
        for (const row of beside?.rows(parts.map((part) => this.#factsOf(part))) ?? []) addTo(op, row);
      });
    } catch (error) {
      return await this.#notSent(parts, error);
    }
    switch (outcome.kind) {
      case "landed":
        beside?.landed();
        for (const part of parts) this.#finish(part, outcome.stamp);
        return;
      case "lost":
        for (const part of parts) this.#refuse(part, new AppError("in_doubt", "Cannot tell whether it happened"));
        await this.#row.open();
        return await beside?.lost();
      case "refused":
      case "voided":
        return parts.length > 1 ? await this.#oneByOne(parts) : this.#again(parts);
      default:
        outcome satisfies never;
    }
  }

  /** One whose head has moved must not hold up the others. */
  async #oneByOne(parts: readonly Part<S>[]): Promise<void> {
    for (const part of parts) await this.#write([part]);
  }

  /** The store refused the size, or the server goes away with the batch in doubt. */
  async #notSent(parts: readonly Part<S>[], error: unknown): Promise<void> {
    if (!isSizeError(error)) {
      for (const part of parts) this.#refuse(part, error);
    } else if (parts.length > 1) {
      await this.#oneByOne(parts);
    } else if (parts.some((part) => part.answers.length > 1)) {
      for (const part of parts) part.lane.alone = true;
      this.#again(parts);
    } else {
      const why = new AppError("too_large", "Cannot commit the command: the store refuses its size", { cause: error });
      for (const part of parts) this.#refuse(part, why);
    }
  }

  async #verify(parts: readonly Part<S>[]): Promise<void> {
    if (parts.length === 0) return;
    const { kv, faults, clock } = this.#options;
    if (faults?.skip_head) return parts.forEach((part) => this.#answer(part));
    try {
      const heads = await readMany(kv, parts.map((part) => keys.head(part.lane.session_id)));
      for (const [i, part] of parts.entries()) {
        if (heads[i]?.versionstamp === part.base.stamp) this.#answer(part);
        else this.#again([part]);
      }
    } catch {
      for (const part of parts) part.lane.back(part.answers.map(({ pending }) => pending));
      await pause(clock, RETRY_MS);
    }
  }

  #again(parts: readonly Part<S>[]): void {
    for (const { lane, base, answers } of parts) {
      lane.cached = null;
      lane.again(answers.map(({ pending }) => pending), base);
    }
  }

  #refuse(part: Part<S>, error: unknown): void {
    part.lane.cached = null;
    for (const { pending } of part.answers) pending.reject(error);
  }

  #finish(part: Part<S>, stamp: string): void {
    passing("commit.landed");
    const { lane } = part;
    lane.cached = { state: part.after, stamp };
    lane.provisional = null;
    lane.alone = false;
    this.#tell({ ...this.#factsOf(part), stamp, lines: part.lines.bytes, state: part.after });
    passing("commit.told");
    this.#answer(part);
  }

  #factsOf(part: Part<S>): CommitFacts {
    const { aggregate } = this.#options;
    const head = aggregate.headSeq(part.base.state);
    return {
      session_id: part.lane.session_id,
      first_seq: head + 1,
      last_seq: head + part.lines.ends.length,
      drafts: part.drafts,
      deleted: aggregate.phase(part.after) === "deleted",
    };
  }

  /** What one listener throws must not keep the others, or the answers, from what is durable. */
  #tell(commit: Commit<S>): void {
    for (const listener of [...this.listeners]) {
      try {
        listener(commit);
      } catch (error) {
        log.error("listener.failed", { error, session_id: commit.session_id });
      }
    }
  }

  #answer(part: Part<S>): void {
    for (const { pending, reply } of part.answers) {
      if (reply.ok) pending.resolve(reply.done);
      else pending.reject(reply.error);
    }
  }
}

const somebodyWaits = <S>({ answers }: Part<S>): boolean =>
  answers.some(({ pending }) => pending.submission.owner === "person");
