// The store as the service has it: one connection, one writer, and a reader for each kind of row.
//
//   Opening brings the store to this server's schema, takes a writer's row and begins nothing else: lists are loaded by
//   `summaries.load()`, beats and sweeper are started by whoever owns the process.
import type { SessionState } from "../engine/state.ts";
import { createAggregate, type Project, remember } from "./aggregate.ts";
import { type Approvals, createApprovals } from "./approvals.ts";
import { type Beats, createBeats } from "./beats.ts";
import { type Blobs, createBlobs } from "./blobs.ts";
import { type ConnectionRows, createConnections } from "./connections.ts";
import { createDue, type DueIndex } from "./due.ts";
import { createEvents, type Events } from "./events.ts";
import { createFeed } from "./feed.ts";
import { createFeedReader, type FeedReader } from "./feed_reader.ts";
import { planted } from "./fault_point.ts";
import { idempotency } from "./idempotency.ts";
import { createJournal, type Journal } from "./journal.ts";
import { keys } from "./keys.ts";
import type { Connection, Kv } from "./kv.ts";
import { createLeases, type Leases } from "./leases.ts";
import { migrate } from "./migrations.ts";
import type { Clock, Ids } from "./ports.ts";
import { createRuns, type Runs } from "./runs.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { createSharedFiles, type SharedFiles } from "./shared_files.ts";
import { createSnapshots, type Snapshots } from "./snapshots.ts";
import { createSummaries, type Summaries } from "./summaries.ts";
import { createSweeper, type Sweeper } from "./sweeper.ts";
import { createTokens, type Tokens } from "./tokens.ts";
import { sweepWriters, writerLives } from "./writers.ts";
import type { Writer } from "./writer/types.ts";
import { openWriter } from "./writer/writer.ts";

/** What a store is made of. */
export interface StoreOptions {
  clock: Clock;
  ids: Ids;
  /** Id of this instance, new at each start. */
  instance: string;
  /** Derives due rows, lease and summary from a state. */
  project: Project;
  /** This process has the store for itself; default: it is not reached over KV Connect. */
  exclusive?: boolean;
  /** Longest wait of what is not urgent, default 5 ms. */
  window_ms?: number;
}

/** Everything that is durable. */
export interface Store {
  readonly connection: Connection;
  readonly writer: Writer<SessionState>;
  readonly sessions: Sessions;
  readonly runs: Runs;
  readonly approvals: Approvals;
  readonly journal: Journal;
  readonly events: Events;
  readonly blobs: Blobs;
  readonly summaries: Summaries;
  readonly due: DueIndex;
  readonly leases: Leases;
  readonly beats: Beats;
  readonly idempotency: typeof idempotency;
  readonly tokens: Tokens;
  /** Tells each end of a token or login, on any instance, until the stream is cancelled. */
  watchEnded(): ReadableStream<unknown>;
  readonly connections: ConnectionRows;
  readonly snapshots: Snapshots;
  readonly files: SharedFiles;
  /** What other instances commit; of a store that is not shared, nothing. */
  readonly feed: FeedReader;
  readonly sweeper: Sweeper;
  /** Writes and reads one row: whether the store really answers. Throws what it throws. */
  probe(): Promise<void>;
  /** Drains the writer, ends beats and sweeper, closes the connection. */
  close(deadline_ms?: number): Promise<void>;
}

/** Makes a store over an open connection. Throws AppError `conflict` when the store is newer than this server. */
export async function createStore(connection: Connection, options: StoreOptions): Promise<Store> {
  const { kv } = connection;
  const { clock, ids, instance } = options;
  const exclusive = options.exclusive ?? !connection.remote;
  await migrate(kv);
  const project = remember(options.project);
  const writer = await openWriter<SessionState>({
    kv,
    aggregate: createAggregate(project),
    clock,
    ids,
    remote: connection.remote,
    instance,
    away: () => connection.away,
    ...(exclusive ? {} : { beside: createFeed(kv, { instance, clock }) }),
    full: () => connection.full,
    faults: { ack_early: planted("ack_early"), drop_chunk: planted("drop_chunk") },
    ...(options.window_ms === undefined ? {} : { window_ms: options.window_ms }),
  });
  const summaries = createSummaries(kv);
  const beats = createBeats(kv, { clock, instance, exclusive });
  const lives = (id: string) => writerLives(kv, { id, own: writer.id, beats });
  const sweeper = createSweeper(kv, { clock, shared: !exclusive, writerLives: lives });
  writer.onCommit(({ session_id, state, deleted, stamp }) => {
    summaries.apply(session_id, project(state).summary, ...(exclusive ? [] : [stamp]));
    if (deleted) sweeper.kick();
  });
  if (exclusive) await sweepWriters(kv, { own: writer.id, beats });
  const feed = createFeedReader(connection, { clock, instance, beats, writer_id: () => writer.id, exclusive });
  return {
    connection,
    writer,
    sessions: createSessions(kv),
    runs: createRuns(kv),
    approvals: createApprovals(kv),
    journal: createJournal(kv),
    events: createEvents(kv),
    blobs: createBlobs(kv),
    summaries,
    due: createDue(kv),
    leases: createLeases(kv),
    beats,
    idempotency,
    tokens: createTokens(kv, { clock, ids }),
    watchEnded: () => connection.watch([keys.credentials()]),
    connections: createConnections(kv, { clock, instance }),
    snapshots: createSnapshots(kv),
    files: createSharedFiles(kv),
    feed,
    sweeper,
    probe: () => probe(kv, clock),
    async close(deadline_ms) {
      await feed.stop();
      await sweeper.stop();
      await writer.close(deadline_ms);
      await beats.stop();
      connection.close();
    },
  };
}

async function probe(kv: Kv, clock: Clock): Promise<void> {
  const key = keys.probe();
  const { versionstamp } = await kv.get(key);
  await kv.atomic().check({ key, versionstamp }).set(key, clock.now()).commit();
}
