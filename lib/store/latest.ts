// Which word about a session is the latest: by the versionstamp of its commit, whichever is heard of first.
//
//   A commit of this instance may be answered after a later one of another instance was read. Only what was heard of
//   lately is remembered: two words of one session are seconds apart at most.

/** More than a store commits in those seconds. */
const MOST = 50_000;
/** Later than every versionstamp: what is deleted never comes back. */
export const DELETED = "z";

/** The latest versionstamp of each session that was heard of lately. */
export class Latest {
  /** The oldest word first. */
  readonly #stamps = new Map<string, string>();

  /** Remembers a word; false for one that is not later than what was heard before. */
  isNews(session_id: string, stamp: string): boolean {
    const known = this.#stamps.get(session_id);
    if (known !== undefined && known >= stamp) return false;
    this.#stamps.delete(session_id);
    this.#stamps.set(session_id, stamp);
    if (this.#stamps.size > MOST) {
      const [oldest] = this.#stamps.keys();
      if (oldest !== undefined) this.#stamps.delete(oldest);
    }
    return true;
  }
}
