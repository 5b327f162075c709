// What the store really held at each moment of a history, kept from the atomics that landed.
import type { Landed } from "./hostile.ts";

/** One event as the toy writes it. */
export interface Line {
  seq: number;
  op: string;
  part: number;
  /** `key:value` of the outside row that was read and raised. */
  claim: string | null;
  bytes: string;
}
/** What stood after one atomic. */
interface Version {
  ops: Map<string, readonly string[]>;
  outs: Map<string, number>;
}

const decoder = new TextDecoder();

/** Reads the lines of a chunk. */
export function readLines(chunk: unknown): Line[] {
  const text = decoder.decode(chunk as Uint8Array);
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const event = JSON.parse(line);
    const { code, message } = event.data;
    const [op, part, claim] = String(code).split("|");
    if (typeof message !== "string" && !("$blob" in message)) throw new Error("a line without its message");
    return { seq: event.seq, op: op ?? "", part: Number(part), claim: claim || null, bytes: line + "\n" };
  });
}

/** The durable truth. */
export class Truth {
  readonly versions: Version[] = [{ ops: new Map(), outs: new Map() }];
  readonly lines = new Map<string, Line[]>();
  readonly problems: string[] = [];
  /** The last number of each feed. */
  readonly #feeds = new Map<string, number>();

  /** Takes in an atomic that landed. */
  readonly landed = (change: Landed): void => {
    const last = this.last;
    const next: Version = { ops: new Map(last.ops), outs: new Map(last.outs) };
    for (const { key, value } of change) {
      const [kind, id] = key as string[];
      if (id === undefined || value === undefined) continue;
      if (kind === "session") next.ops.set(id, JSON.parse(decoder.decode(value as Uint8Array)));
      if (kind === "out") next.outs.set(id, JSON.parse(decoder.decode(value as Uint8Array)));
      if (kind === "events") this.#append(id, key[2] as number, readLines(value));
    }
    this.#heard(change);
    this.versions.push(next);
  };

  /** A batch and its row in the feed stand together; numbers of a feed have no gap. */
  #heard(change: Landed): void {
    const written = change.filter(({ value }) => value !== undefined);
    const row = written.find(({ key }) => key[0] === "feed");
    const heads = new Set(written.filter(({ key }) => key[0] === "head").map(({ key }) => String(key[1])));
    if (row === undefined) {
      if (heads.size > 0 && written.some(({ key }) => key[0] === "writer")) {
        this.problems.push("a batch without its feed");
      }
      return;
    }
    const [, instance, n] = row.key as [string, string, number];
    if (n !== (this.#feeds.get(instance) ?? 0) + 1) this.problems.push(`feed number ${n} has another before it`);
    this.#feeds.set(instance, n);
    const { commits } = JSON.parse(decoder.decode(row.value as Uint8Array));
    for (const { session_id, last_seq } of commits) {
      if (!heads.delete(session_id)) this.problems.push("a feed names a session that its batch left alone");
      if (last_seq !== this.linesOf(session_id).length) this.problems.push("a feed tells another seq than the log");
    }
    if (heads.size > 0) this.problems.push("a feed leaves out a session of its batch");
  }

  get last(): Version {
    return this.versions.at(-1)!;
  }
  get now(): number {
    return this.versions.length - 1;
  }
  linesOf(session_id: string): Line[] {
    return this.lines.get(session_id) ?? [];
  }

  /** Whether a state of `ops` with this outside value stood at some moment since version `from`. */
  stood(session_id: string, from: number, seen: { ops: readonly string[]; out: [string, number] | null }): boolean {
    const text = JSON.stringify(seen.ops);
    for (let v = from; v <= this.now; v++) {
      const version = this.versions[v]!;
      if (seen.out && (version.outs.get(seen.out[0]) ?? 0) !== seen.out[1]) continue;
      const after = version.ops.get(session_id) ?? [];
      const before = v === from ? after : this.versions[v - 1]!.ops.get(session_id) ?? [];
      const low = Math.min(before.length, after.length);
      if (seen.ops.length < low || seen.ops.length > after.length) continue;
      if (JSON.stringify(after.slice(0, seen.ops.length)) === text) return true;
    }
    return false;
  }

  #append(session_id: string, first: number, lines: Line[]): void {
    const log = this.linesOf(session_id);
    for (const [i, line] of lines.entries()) {
      if (line.seq !== first + i || line.seq !== log.length + 1) {
        this.problems.push(`seq ${line.seq} landed where ${log.length + 1} follows`);
      }
      log.push(line);
    }
    this.lines.set(session_id, log);
  }
}
