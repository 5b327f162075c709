// All live connections of this instance: how many there may be, their rows, their heartbeat, their end in a drain.
//
//   CN1. Who is refused is refused before the upgrade: `draining`, or `full` at MAX_CONNECTIONS or too many stuck ones.
//   CN2. Rows are written in batches and are hints: a write that fails is repeated by the next heartbeat.
import { getLogger } from "@logtape/logtape";
import { AppError, isStoreAway } from "../model/error.ts";
import { timestamp } from "../model/ids.ts";
import type { ConnectionRow, ConnectionRows } from "../service/holdfast.ts";
import type { Cancel, Clock } from "../service/ports.ts";

/** Stuck readers that are kept before new upgrades are refused. */
export const MAX_STUCK = 100;
/** Milliseconds between heartbeats. */
export const HEARTBEAT_MS = 30_000;
/** Rows of new connections wait for this long for others, milliseconds. */
const ROWS_MS = 500;
const log = getLogger(["holdfast", "live"]);

/** One live connection as the list knows it. */
export interface Listed {
  readonly id: string;
  readonly user: string;
  /** The session that it follows, where it is one. */
  session_id(): string | null;
  /** Each 30 s. */
  beat(): void;
  /** The server goes away. */
  goingAway(): void;
}
/** What the list needs. */
export interface ConnectionsOptions {
  max: number;
  instance: string;
  clock: Clock;
  rows: ConnectionRows;
  draining(): boolean;
}

/** All live connections of this instance. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Map<string, { listed: Listed; since: string }>();
  readonly #changed = new Set<string>();
  readonly #removed = new Set<string>();
  #stuck = 0;
  #dropped = 0;
  #cancelBeat: Cancel | null = null;
  #cancelWrite: Cancel | null = null;
  #written: Promise<void> = Promise.resolve();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Open connections, and readers that got stuck and are still there. */
  get counts(): { open: number; stuck: number; dropped: number } {
    return { open: this.#open.size, stuck: this.#stuck, dropped: this.#dropped };
  }

  /** Throws AppError `draining` or `full` when there is no place for one more. */
  admit(): void {
    if (this.#options.draining()) {
      throw new AppError("draining", "Cannot open the live connection: the server is going away");
    }
    if (this.#open.size >= this.#options.max || this.#stuck >= MAX_STUCK) {
      throw new AppError("full", `Cannot open the live connection: ${this.#options.max} are open`, {
        retry_after_s: 5,
      });
    }
  }

  /** Takes a place; `leave` gives it back. */
  add(listed: Listed): void {
    this.#open.set(listed.id, { listed, since: this.#now() });
    this.touch(listed.id);
    this.#cancelBeat ??= this.#options.clock.after(HEARTBEAT_MS, () => this.#beat());
  }

  /** Gives a place back: closed, or stuck until `unstuck`. */
  leave(id: string, stuck: boolean): void {
    if (!this.#open.delete(id)) return;
    if (stuck) {
      this.#stuck++;
      this.#dropped++;
    }
    this.#changed.delete(id);
    this.#removed.add(id);
    this.#writeSoon();
  }

  /** A stuck reader's TCP connection has ended. */
  unstuck(): void {
    this.#stuck--;
  }

  /** The row of a connection has changed. */
  touch(id: string): void {
    this.#changed.add(id);
    this.#writeSoon();
  }

  /** Ends all connections (1001) and takes their rows away. */
  async drain(): Promise<void> {
    for (const { listed } of [...this.#open.values()]) listed.goingAway();
    this.#cancelBeat?.();
    this.#cancelWrite?.();
    this.#cancelBeat = this.#cancelWrite = null;
    await this.#write();
  }

  #now(): string {
    return timestamp(this.#options.clock.now());
  }

  #beat(): void {
    this.#cancelBeat = null;
    for (const [id, { listed }] of [...this.#open]) {
      listed.beat();
      this.#changed.add(id);
    }
    this.#writeSoon();
    if (this.#open.size > 0) this.#cancelBeat = this.#options.clock.after(HEARTBEAT_MS, () => this.#beat());
  }

  #writeSoon(): void {
    this.#cancelWrite ??= this.#options.clock.after(ROWS_MS, () => {
      this.#cancelWrite = null;
      void this.#write();
    });
  }

  /** One write at a time, in order: a row must not come back after it was taken away. */
  #write(): Promise<void> {
    return this.#written = this.#written.then(() => this.#writeNow());
  }

  async #writeNow(): Promise<void> {
    const removed = [...this.#removed];
    const rows = [...this.#changed].flatMap((id) => this.#rowOf(id));
    this.#removed.clear();
    this.#changed.clear();
    try {
      if (rows.length > 0) await this.#options.rows.put(rows);
      if (removed.length > 0) await this.#options.rows.remove(removed);
    } catch (error) {
      if (!isStoreAway(error)) {
        log.warn("connections.rows_failed", { error, rows: rows.length, removed: removed.length });
      }
      for (const id of removed) this.#removed.add(id);
    }
  }

  #rowOf(id: string): ConnectionRow[] {
    const open = this.#open.get(id);
    if (open === undefined) return [];
    const { listed, since } = open;
    return [{
      connection_id: id,
      connected_at: since,
      last_heartbeat: this.#now(),
      server_instance: this.#options.instance,
      session_id: listed.session_id(),
      user: listed.user,
    }];
  }
}
