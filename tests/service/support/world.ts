// A whole service with the real engine and the real store; only the edges are fakes, and time moves when told.
//
// `crash` is kill -9: the store answers nothing more, sandboxes vanish, timers stop. `next` starts another process on the
// same store and folders.
import { parseConfig } from "@/lib/config.ts";
import { project } from "@/lib/engine/project.ts";
import type { SessionState } from "@/lib/engine/state.ts";
import type { EventEnvelope } from "@/lib/model/event.ts";
import type { UserPrincipal } from "@/lib/model/principal.ts";
import { createHoldfast, engineSettings, type RunningHoldfast } from "@/lib/service/create.ts";
import { systemClock } from "@/lib/service/system.ts";
import { type Connection, guardKv, openStore } from "@/lib/store/kv.ts";
import { loadState } from "@/lib/store/load.ts";
import type { Key } from "@/lib/store/mutation.ts";
import { createStore, type Store } from "@/lib/store/store.ts";
import { type Fate, Hostile, World as Landing } from "../../store/writer/hostile.ts";
import type { Writer } from "@/lib/store/writer/types.ts";
import type { Workflow } from "@/workers/sdk/types.ts";
import { CommitRules } from "./commit_rules.ts";
import { FakeClock, type Skew, splitClock } from "./fake_clock.ts";
import { CountingIds, FakeFolders, FakeHub, FakeModels, FakeReach } from "./fake_edges.ts";
import { FakeSandboxes } from "./fake_sandboxes.ts";
import { type Gate, gateOf } from "./gate.ts";

/** The administrator. */
export const ADMIN: UserPrincipal = { kind: "user", id: "admin", name: "Administrator", admin: true };
/** Somebody else. */
export const OTHER: UserPrincipal = { kind: "user", id: "other", name: "Other", admin: false };

/** How a world is made. */
export interface WorldOptions {
  workflows: readonly Workflow[];
  env?: Record<string, string>;
  /** Path of the store; in memory else. */
  kv?: string;
  /** Several instances on one store. */
  shared?: boolean;
  /** How far its time of day is off; may be changed while it lives. */
  skew?: Skew;
  /** What becomes of each of its calls to the store, under the deadlines; it believes to be remote. */
  way?: () => Fate;
  /** How many milliseconds a slow call of that way takes. */
  slow_ms?: () => number;
  /** Stands between the service and its writer. */
  tamper?: (writer: Writer<SessionState>) => Writer<SessionState>;
  /** It has a disk of its own. */
  own_disk?: boolean;
  /** The disk that another process had. */
  disk?: FakeFolders;
  /** Told each key that is read by itself. */
  heard?: (key: Key) => void;
}
interface Ground {
  readonly rules: CommitRules;
  readonly options: WorldOptions;
  readonly connection: Connection;
  readonly data: string;
  readonly clock: FakeClock;
  readonly folders: FakeFolders;
  instances: number;
}

/** One process of a service. */
export interface World {
  readonly holdfast: RunningHoldfast;
  readonly store: Store;
  readonly sandboxes: FakeSandboxes;
  readonly models: FakeModels;
  readonly reach: FakeReach;
  readonly folders: FakeFolders;
  readonly hub: FakeHub;
  readonly clock: FakeClock;
  readonly gate: Gate;
  readonly instance: string;
  /** Waits until something holds. Throws after 30 s: a bound for a broken rule, not for a slow machine. */
  until(holds: () => boolean | Promise<boolean>, what?: string): Promise<void>;
  /** Moves the time, letting everything that is due happen. */
  pass(ms: number, step_ms?: number): Promise<void>;
  state(session_id: string): Promise<SessionState>;
  events(session_id: string): Promise<EventEnvelope[]>;
  /** The session as the store holds it, also when this process is dead. */
  peek(session_id: string): Promise<SessionState>;
  /** Waits for a status of the session's run. */
  status(session_id: string, status: string): Promise<void>;
  /** kill -9 */
  crash(): void;
  /** Another process on the same store. */
  next(options?: Partial<WorldOptions>): Promise<World>;
  [Symbol.asyncDispose](): Promise<void>;
}

const grounds = new WeakMap<World, { ground: Ground; worlds: World[] }>();
const rest = (ms = 0) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Opens a world. Disposing of it ends every process in it. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const ground: Ground = {
    rules: new CommitRules(),
    options,
    connection: await openStore(options.kv ?? ":memory:", { clock: systemClock, deadline_ms: 60_000 }),
    data: await Deno.makeTempDir(),
    clock: new FakeClock(),
    folders: new FakeFolders(new FakeClock()),
    instances: 0,
  };
  const folders = new FakeFolders(ground.clock);
  return await startWorld({ ...ground, folders }, []);
}

async function startWorld(ground: Ground, worlds: World[], more: Partial<WorldOptions> = {}): Promise<World> {
  const options = { ...ground.options, ...more };
  const { clock } = ground;
  const folders = options.disk ?? (options.own_disk ? new FakeFolders(clock) : ground.folders);
  const n = ++ground.instances;
  const instance = `instance-${n}`;
  const gate = gateOf(wayOf(ground.connection, clock, options), clock, options);
  const ids = new CountingIds(n);
  const config = parseConfig({ HOLDFAST_DATA: ground.data, ...options.env });
  const settings = engineSettings(config);
  const made = await createStore(gate.connection, {
    clock: gate.clock,
    ids,
    instance,
    project: (state) => project(state, settings),
    // A window is measured by the clock, which stands still here.
    window_ms: 0,
    ...(options.shared === undefined ? {} : { exclusive: !options.shared }),
  });
  const store = options.tamper === undefined ? made : { ...made, writer: options.tamper(made.writer) };
  store.writer.onCommit((commit) => ground.rules.hear(commit, settings));
  const sandboxes = new FakeSandboxes(options.workflows, clock);
  const models = new FakeModels();
  const hub = new FakeHub();
  const reach = new FakeReach();
  const parts = {
    config,
    version: "0",
    instance,
    store,
    sandboxes,
    folders,
    models,
    reach,
    hub,
    clock: gate.clock,
    ids,
  };
  const shared = options.shared === undefined ? {} : { shared: options.shared };
  const holdfast = await createHoldfast({ ...parts, ...shared });
  await holdfast.start();
  const world: World = {
    holdfast,
    store,
    sandboxes,
    models,
    reach,
    folders,
    hub,
    clock,
    gate,
    instance,
    until,
    async pass(ms, step_ms = 250) {
      for (let left = ms; left > 0; left -= step_ms) {
        clock.advance(Math.min(step_ms, left));
        await settle(store);
      }
      ground.rules.check();
    },
    state: (session_id) => store.sessions.state(session_id),
    async events(session_id) {
      const page = await holdfast.query.events(ADMIN, session_id, { limit: 1000 });
      return page.events;
    },
    peek: async (session_id) => (await loadState(ground.connection.kv, session_id)).state,
    status: (session_id, status) =>
      until(async () => (await store.sessions.state(session_id)).run?.status === status, `status ${status}`),
    crash() {
      gate.cut();
      sandboxes.vanish();
      models.gone = true;
    },
    next: (changed) => startWorld(ground, worlds, changed),
    [Symbol.asyncDispose]: () => closeAll(ground, worlds),
  };
  worlds.push(world);
  grounds.set(world, { ground, worlds });
  return world;
}

/** A way to the store that may be hostile, with the deadlines that a real one has. */
function wayOf(connection: Connection, clock: FakeClock, options: Partial<WorldOptions>): Connection {
  const { way, slow_ms } = options;
  if (way === undefined) return connection;
  const split = splitClock(clock, () => false);
  const guard = guardKv(new Hostile(new Landing(connection.kv, () => {}), split, way, slow_ms), { clock: split });
  return {
    kv: guard.kv,
    remote: true,
    get away() {
      return guard.away;
    },
    full: false,
    onAway: guard.onAway,
    watch: connection.watch,
    close: () => guard.close(),
  };
}

async function until(holds: () => boolean | Promise<boolean>, what = "it"): Promise<void> {
  const end = performance.now() + 30_000;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`${what} did not happen in 30 s`);
    await rest(1);
  }
}

/** Waits until nothing is on its way to the store for a few turns; not for ever, the store may stand still. */
async function settle(store: Store): Promise<void> {
  for (let quiet = 0, turns = 0; quiet < 4 && turns < 500; turns++) {
    await rest(1);
    quiet = store.writer.backlog_bytes === 0 ? quiet + 1 : 0;
  }
}

async function closeAll(ground: Ground, worlds: World[]): Promise<void> {
  for (const world of worlds) {
    if (world.gate.isCut) continue;
    let closed = false;
    const closing = world.holdfast.close().then(() => closed = true);
    // Ladders and holds may stand on the clock.
    while (!closed && !world.gate.isCut) {
      ground.clock.advance(1000);
      await rest(1);
    }
    // The cut may come while it closes: a dead process does not close.
    if (world.gate.isCut) continue;
    await closing;
    await world.store.sweeper.stop();
    await world.store.writer.close();
  }
  ground.connection.close();
  ground.rules.check();
  await Deno.remove(ground.data, { recursive: true });
}
