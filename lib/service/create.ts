// The service, wired: one Holdfast out of the ports, with its loops.
//
// Who opens closes: store, sandboxes and models are opened and closed by serve.ts; what begins here ends in `close`.
//   C1. `start` settles the leases that stand, then claims; lists fill in the background and are waited for by those who ask.
//   C2. `drain` claims nothing more, puts what executes back into the queue, and leaves no sandbox behind.
import { getLogger } from "@logtape/logtape";
import type { EngineSettings } from "../engine/state.ts";
import { type Config, secretsToRedact } from "../config.ts";
import { AppError } from "../model/error.ts";
import type { SystemPrincipal } from "../model/principal.ts";
import { BACKLOG_LIMIT } from "../store/writer/sizes.ts";
import { approvalsIn, costOf } from "../store/feed.ts";
import type { Store } from "../store/store.ts";
import { createAccounts, type StartedAccounts } from "./accounts.ts";
import { bulk } from "./bulk.ts";
import { createCatalogue } from "./catalogue.ts";
import { cancelRun, doCommand, resolveApproval } from "./commands.ts";
import type { RunCore } from "./core.ts";
import { readEarlier } from "./earlier.ts";
import { createHealth } from "./health.ts";
import type { Holdfast } from "./holdfast.ts";
import { keptBy } from "./kept.ts";
import { Loops } from "./loops.ts";
import { createNeighbours } from "./neighbours.ts";
import { Counters, prometheusText } from "./metrics.ts";
import { probeDisk } from "./probe_disk.ts";
import type { Clock, Folders, Hub, Ids, Models, Reach, Sandboxes } from "./ports.ts";
import { SpendToday } from "./query/spend.ts";
import { createQueries } from "./query/queries.ts";
import { Views } from "./query/views.ts";
import { SharedFolders } from "./shared_folders.ts";
import { createReads, type Reads } from "./reads.ts";
import { createRedactor } from "./redact.ts";
import { Runs } from "./runs.ts";
import { createSession, retryRun, startTask } from "./starts.ts";
import { createSubmit } from "./submit.ts";
import { upload, type UploadParts } from "./upload.ts";

/** What a Holdfast is made of. */
export interface HoldfastParts {
  readonly config: Config;
  readonly version: string;
  /** Id of this instance, the one that the store was made with. */
  readonly instance: string;
  /** Other instances may write to the store; default: it is reached over KV Connect. */
  readonly shared?: boolean;
  readonly store: Store;
  readonly sandboxes: Sandboxes;
  readonly folders: Folders;
  readonly models: Models;
  readonly reach: Reach;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly ids: Ids;
}
/** A Holdfast with its life. */
export interface RunningHoldfast extends Holdfast {
  /** Settles what stood at the start and begins to execute. */
  start(): Promise<void>;
  /** Claims nothing more and leaves no sandbox behind; at most `HOLDFAST_DRAIN` seconds. */
  drain(): Promise<void>;
  /** Ends all loops; the parts that were handed in stay open. */
  close(): Promise<void>;
}
const MB = 1024 * 1024;
const log = getLogger(["holdfast", "service"]);

/** What of the settings decisions read. */
export function engineSettings(config: Config): EngineSettings {
  return {
    approval_timeout_s: config.approval_timeout_s,
    run_timeout_s: config.run_timeout_s,
    session_ttl_s: config.session_ttl_s,
    max_takeovers: config.max_takeovers,
    output_bytes: config.output_mb * MB,
  };
}

/** Wires a Holdfast; nothing is begun. */
export function createHoldfast(parts: HoldfastParts): Promise<RunningHoldfast> {
  return Promise.resolve(wire(parts));
}

function wire(parts: HoldfastParts): RunningHoldfast {
  const made = makeParts(parts);
  const { store, clock, ids } = parts;
  const { loops, commands, queries, health, accounts, folders } = made;
  const who = (principal: Parameters<Holdfast["startTask"]>[0], options = {}) => {
    refuseWhenAway(store);
    return { principal, options };
  };
  return {
    async execute(principal, session_id, command, options = {}) {
      refuseWhenAway(store);
      if (principal.kind !== "user") return (await made.core.submit(principal, session_id, command)).reply;
      return (await doCommand(commands, { principal, session_id, options }, command)).reply;
    },
    startTask: async (p, input, options) => await startTask(commands, who(p, options), input),
    createSession: async (p, input, options) => await createSession(commands, who(p, options), input),
    retryRun: async (p, input, options) => await retryRun(commands, who(p, options), input),
    bulk: async (p, input, options) => await bulk(commands, who(p, options), input),
    cancelRun: async (p, run_id, options) => await cancelRun(commands, who(p, options), run_id),
    resolveApproval: async (p, input, options) => await resolveApproval(commands, who(p, options), input),
    upload: (principal, to, content) => upload(made.uploads, { principal, ...to }, content),
    query: queries,
    accounts,
    folders,
    log: store.events,
    health,
    connections: store.connections,
    clock,
    ids,
    async start() {
      await accounts.start();
      await loops.start();
      made.spend.begin(store.runs).catch((error) => log.warn("spend.not_read", { error: String(error) }));
      log.info("service.started", { instance: parts.instance, isolation: parts.sandboxes.isolation });
    },
    drain: () => loops.drain(),
    async close() {
      await loops.close();
      await accounts.close();
      made.unsubscribe();
    },
  };
}

/** What a command reads first would take its whole deadline before the writer can say the same. */
function refuseWhenAway(store: Store): void {
  if (!store.writer.readonly) return;
  throw new AppError("store_away", "Cannot change anything: the store does not answer", { retry_after_s: 2 });
}

function makeParts(parts: HoldfastParts) {
  const { store, clock, ids } = parts;
  const reads = createReads(store);
  const shared = parts.shared ?? store.connection.remote;
  const executes = (session_id: string): boolean => runs.fenceOf(session_id) !== null;
  const shared_folders = shared ? new SharedFolders({ folders: parts.folders, files: store.files, executes }) : null;
  const folders = shared_folders ?? parts.folders;
  const core = { ...makeCore(parts, reads), shared: shared_folders };
  const runs: Runs = new Runs(core);
  const counters = new Counters();
  const spend = new SpendToday(() => clock.now());
  const neighbours = createNeighbours({ core, runs, hub: parts.hub, spend, store });
  const loops = new Loops({ core, reads, runs, store, shared, neighbours });
  const unsubscribe = store.writer.onCommit((commit) => {
    counters.committed(commit);
    spend.spent(commit.session_id, costOf(commit.drafts));
    // Fan-out first: what it tells is durable, and runs may commit the next at once.
    if (commit.lines.length > 0 || commit.deleted) {
      parts.hub.publish({ ...commit, approvals: approvalsIn(commit.drafts) });
    }
    runs.committed(commit.session_id, commit.state);
    for (const draft of commit.drafts) {
      if (draft.event_type !== "complete") continue;
      counters.ended(draft.data.status);
      loops.compact(commit.session_id);
    }
  });
  const facts = {
    positions: () => runs.positions(),
    isDead: (instance: string) => store.beats.judge(instance).dead,
  };
  const queries = createQueries({
    ...parts,
    folders,
    settings: core.settings,
    catalogue: core.catalogue,
    reads,
    views: new Views(store),
    facts,
    spend,
    freeSlots: () => runs.freeSlots,
  });
  const commands = {
    reads,
    catalogue: core.catalogue,
    submit: core.submit,
    reach: core.reach,
    clock,
    ids,
    queued: () => runs.queued,
    keepCancel: store.runs.keepCancel,
  };
  const uploads = makeUploads({ core, runs, folders }, queries.summary);
  const accounts = makeAccounts(parts, shared);
  const health = makeHealth(parts, { runs, loops, counters });
  return { core, loops, commands, queries, health, accounts, spend, folders, uploads, unsubscribe };
}

function makeCore(parts: HoldfastParts, reads: Reads): Omit<RunCore, "shared"> {
  const { config, store, sandboxes, folders, models, reach, clock, ids } = parts;
  const settings = engineSettings(config);
  const redactor = createRedactor(secretsToRedact(config));
  const system: SystemPrincipal = { kind: "system", instance: parts.instance };
  const secrets = new Set(config.secrets.keys());
  return {
    config,
    settings,
    system,
    redactor,
    sandboxes,
    folders,
    models,
    reach,
    clock,
    ids,
    submit: createSubmit({ writer: store.writer, settings, redactor }),
    catalogue: createCatalogue({ sandboxes, secrets, changes: config.workflows !== null }),
    load: reads.state,
    headSeq: (session_id) => store.events.headSeq(session_id),
    resolve: reads.resolve,
    earlier: (session, run_id) =>
      readEarlier(store.events, { session, run_id }, (value) => reads.resolve(session.session_id, value)),
    kept: (run) => keptBy(reads, run),
    mayExecute: () => store.beats.held,
    behind: () => store.writer.backlog_bytes > BACKLOG_LIMIT,
  };
}

function makeAccounts({ config, store, clock }: HoldfastParts, shared: boolean): StartedAccounts {
  const watchEnded = shared ? { watchEnded: () => store.watchEnded() } : {};
  return createAccounts({ config, tokens: store.tokens, clock, ...watchEnded });
}

function makeUploads(
  { core, runs, folders }: { core: Pick<RunCore, "headSeq">; runs: Runs; folders: Folders },
  mayWrite: UploadParts["mayWrite"],
): UploadParts {
  return {
    folders,
    mayWrite,
    exists: async (session_id) => await core.headSeq(session_id) !== null,
    gone: (session_id) => runs.gone(session_id),
  };
}

function makeHealth(parts: HoldfastParts, own: { runs: Runs; loops: Loops; counters: Counters }): Holdfast["health"] {
  const { store, sandboxes, clock, version, config, instance } = parts;
  const { runs, loops, counters } = own;
  const gauge = (name: string, help: string, value: number) => ({
    name,
    help,
    type: "gauge" as const,
    values: [{ value }],
  });
  return createHealth({
    version,
    instance,
    isolation: sandboxes.isolation,
    clock,
    draining: () => loops.draining,
    away: () => store.writer.readonly,
    checks: {
      kv: async () => {
        await store.probe();
        return store.writer.readonly ? Promise.reject(new Error("the store does not answer")) : "written and read";
      },
      sandbox: async () => {
        await sandboxes.probe();
        return `a sandbox starts (${sandboxes.isolation})`;
      },
      recovery: () =>
        loops.recovered ? Promise.resolve("leases are settled") : Promise.reject(new Error("leases are being settled")),
      disk: () => probeDisk(config.data),
    },
    metrics: () =>
      prometheusText([
        ...counters.metrics(),
        gauge("holdfast_runs_executing", "Runs that execute here", runs.executing),
        gauge("holdfast_runs_held", "Sandboxes that wait for an answer here", runs.held),
        gauge("holdfast_runs_queued", "Runs in the queue, as far as this instance knows", runs.queued),
        gauge("holdfast_slots_free", "Runs that could begin to execute here", runs.freeSlots),
        gauge("holdfast_writer_backlog_bytes", "Bytes submitted and not committed", store.writer.backlog_bytes),
        gauge("holdfast_sessions", "Sessions in memory", store.summaries.size),
      ]),
  });
}
