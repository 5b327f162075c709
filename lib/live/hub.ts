// Fan-out of commits inside this process: who wants to know of which session.
//
// Owns knowing that something happened. Leaves to subscription.ts the order of what one reader gets, to the log what
// happened. Commits of a busy session are put together, because fan-out costs per frame and not per event.
//   H1. A commit that comes when the session was quiet goes out at once; the next ones wait for at most WINDOW_MS.
//   H2. Members get flushes in the order of the commits; a member that leaves gets nothing more.
import type { Clock, Committed, Hub } from "../service/ports.ts";
import { Flush } from "./flush.ts";

/** Longest wait of a commit for those after it. */
export const WINDOW_MS = 20;
/** Lines of this many bytes go out without waiting on. */
const WINDOW_BYTES = 256 * 1024;

/** What a member of a session's fan-out is told. */
export interface Member {
  flush(flush: Flush): void;
  /** The session was deleted. */
  gone(): void;
  /** The log may have moved without a word of it. */
  look(): void;
}

interface Channel {
  members: Set<Member>;
  held: Flush[];
  bytes: number;
  cancel: (() => void) | null;
  /** Monotonic time of the last flush. */
  flushed: number;
}

/** The hub of this process. */
export class LiveHub implements Hub {
  readonly #clock: Clock;
  readonly #channels = new Map<string, Channel>();
  readonly #watchers = new Set<(committed: Committed) => void>();
  readonly #onMissed = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Tells members and watchers of a commit. */
  publish(committed: Committed): void {
    for (const watch of this.#watchers) watch(committed);
    const channel = this.#channels.get(committed.session_id);
    if (channel === undefined) return;
    if (committed.last_seq >= committed.first_seq && committed.lines.length > 0) {
      const flush = Flush.of(committed);
      channel.held.push(flush);
      channel.bytes += flush.bytes;
      this.#schedule(channel);
    }
    if (!committed.deleted) return;
    this.#flush(channel);
    for (const member of [...channel.members]) member.gone();
  }

  follows(session_id: string): boolean {
    return this.#channels.has(session_id);
  }

  missed(): void {
    for (const { members } of [...this.#channels.values()]) for (const member of [...members]) member.look();
    for (const told of this.#onMissed) told();
  }

  /** Tells when commits went by unheard; the result ends it. */
  onMissed(told: () => void): () => void {
    this.#onMissed.add(told);
    return () => this.#onMissed.delete(told);
  }

  /** Adds a member to a session's fan-out; the result takes it out again. */
  join(session_id: string, member: Member): () => void {
    const channel = this.#channels.get(session_id) ??
      { members: new Set(), held: [], bytes: 0, cancel: null, flushed: -Infinity };
    this.#channels.set(session_id, channel);
    channel.members.add(member);
    return () => {
      channel.members.delete(member);
      if (channel.members.size > 0 || this.#channels.get(session_id) !== channel) return;
      channel.cancel?.();
      this.#channels.delete(session_id);
    };
  }

  /** Tells of every commit of every session; the result ends it. */
  watch(told: (committed: Committed) => void): () => void {
    this.#watchers.add(told);
    return () => this.#watchers.delete(told);
  }

  #schedule(channel: Channel): void {
    const wait = channel.flushed + WINDOW_MS - this.#clock.monotonic();
    if (wait <= 0 || channel.bytes >= WINDOW_BYTES) return this.#flush(channel);
    channel.cancel ??= this.#clock.after(wait, () => this.#flush(channel));
  }

  #flush(channel: Channel): void {
    channel.cancel?.();
    channel.cancel = null;
    if (channel.held.length === 0) return;
    const flushes = joined(channel.held);
    channel.held = [];
    channel.bytes = 0;
    channel.flushed = this.#clock.monotonic();
    for (const flush of flushes) for (const member of [...channel.members]) member.flush(flush);
  }
}

/** Puts neighbours together; a gap (a commit of another instance that has not been told yet) keeps them apart. */
function joined(held: readonly Flush[]): Flush[] {
  const whole: Flush[] = [];
  for (const flush of held) {
    const last = whole.at(-1);
    const both = last === undefined ? null : Flush.joined(last, flush);
    if (both === null) whole.push(flush);
    else whole[whole.length - 1] = both;
  }
  return whole;
}
