// The process: settings, lock, store, sandboxes, service, live doors, HTTP; and its end.
//
// Who opens closes, in the opposite order. Recovery comes before the port: whoever reaches it finds leases settled.
//   SV1. A second start on the same store or data folder ends with exit code 2 and names the pid of the first.
//   SV2. SIGTERM and SIGINT drain: sockets close with 1001, runs go back to the queue, exit 0. A second signal ends at
//        once; what it cuts off is what a crash would cut off.
import meta from "./deno.json" with { type: "json" };
import { getLogger } from "@logtape/logtape";
import { type Config, describeConfig, loadConfig, readFlags, secretsToRedact } from "./lib/config.ts";
import { project } from "./lib/engine/project.ts";
import { type AppHandler, createDoor } from "./lib/http/door.ts";
import { linkAddress } from "./lib/http/login.ts";
import { createOrigins, type Origins } from "./lib/http/origins.ts";
import { createRate } from "./lib/http/rate.ts";
import type { PublicConfig } from "./lib/http/state.ts";
import { LiveHub } from "./lib/live/hub.ts";
import { createLive, type Live } from "./lib/live/live.ts";
import { createModels } from "./lib/llm/models.ts";
import { configureLog } from "./lib/log.ts";
import { AppError, toAppError } from "./lib/model/error.ts";
import { createFolders } from "./lib/sandbox/folders.ts";
import { createReach } from "./lib/sandbox/reach.ts";
import { createSandboxes, type HostSandboxes } from "./lib/sandbox/sandboxes.ts";
import { createHoldfast, engineSettings, type RunningHoldfast } from "./lib/service/create.ts";
import type { Reach } from "./lib/service/ports.ts";
import { createRedactor } from "./lib/service/redact.ts";
import { StartPhases } from "./lib/service/start_phases.ts";
import { systemClock as clock, systemIds as ids } from "./lib/service/system.ts";
import { followFaults } from "./lib/store/fault_file.ts";
import { openStore } from "./lib/store/kv.ts";
import { takeLocks } from "./lib/store/lock.ts";
import { createStore, type Store } from "./lib/store/store.ts";

const log = getLogger(["holdfast", "process"]);
const ROOT = decodeURIComponent(new URL(".", import.meta.url).pathname).replace(/\/$/, "");
/** Open requests and sockets may take this long to end, milliseconds. */
const SHUTDOWN_MS = 2_000;
/** Exit code of a start that is refused. */
const REFUSED = 2;

/** A server that runs. */
export interface Server {
  /** Its own origin. */
  readonly url: string;
  readonly port: number;
  /** Logs in once, within 15 minutes. */
  readonly login_link: string;
  readonly config: PublicConfig;
  /** Milliseconds from the beginning of the process to the end of each phase of the start. */
  readonly phases: Readonly<Record<string, number>>;
  /** Drains and ends everything; calling it again waits for the first. */
  close(): Promise<void>;
}

/** Starts a server. Throws AppError `conflict` when another process holds the store or the data folder. */
export async function start(config: Config, loadApp: () => Promise<AppHandler>): Promise<Server> {
  const ends = new Ends();
  try {
    if (config.fault !== null) followFaults(config.fault);
    return await open({ config, ends, app: loadApp() });
  } catch (error) {
    await ends.run();
    throw error;
  }
}

/** What was opened, closed in the opposite order. */
class Ends {
  readonly #list: (() => unknown)[] = [];
  #running: Promise<void> | null = null;

  add(end: () => unknown): void {
    this.#list.push(end);
  }

  run(): Promise<void> {
    return this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    for (const end of this.#list.splice(0).reverse()) {
      // The others must end too; what could not be closed goes with the process.
      await Promise.resolve().then(end).catch((error) => log.error("process.not_closed", { error }));
    }
  }
}

interface Opening {
  config: Config;
  ends: Ends;
  app: Promise<AppHandler>;
}

async function open({ config, ends, app }: Opening): Promise<Server> {
  const phases = new StartPhases(clock);
  phases.reached("program");
  const hub = new LiveHub(clock);
  const [holdfast, handler] = await Promise.all([openService({ config, ends, hub, phases }), app]);
  const live = createLive({ holdfast, hub, clock, max_connections: config.max_connections });
  await holdfast.start();
  phases.reached("recovery");
  ends.add(() => holdfast.close());
  const { port, origins, facts } = listen({ config, ends, handler, holdfast, live });
  ends.add(() => Promise.all([live.drain(), holdfast.drain()]));
  const login_link = linkAddress(origins.own, await holdfast.accounts.makeLink());
  phases.reached("port");
  return { url: origins.own, port, login_link, config: facts, phases: phases.all, close: () => ends.run() };
}

interface OpeningService {
  config: Config;
  ends: Ends;
  hub: LiveHub;
  phases: StartPhases;
}

/** Takes the locks and opens what the service stands on; store and sandboxes do not wait for each other. */
async function openService({ config, ends, hub, phases }: OpeningService): Promise<RunningHoldfast> {
  await Deno.mkdir(config.data, { recursive: true, mode: 0o700 });
  const isFile = config.kv !== ":memory:" && !/^https?:/.test(config.kv);
  const lock = await takeLocks({ kv_file: isFile ? config.kv : null, data_folder: config.data, pid: Deno.pid });
  ends.add(() => lock[Symbol.dispose]());
  phases.reached("lock");
  const instance = ids.uuid();
  const opened = await Promise.allSettled([openOwnStore(config, instance), openSandboxes(config)]);
  const [store, sandboxes] = opened;
  // What was opened is closed, also when the other one could not be.
  if (store.status === "fulfilled") ends.add(() => store.value.close());
  if (sandboxes.status === "fulfilled") ends.add(() => sandboxes.value.close());
  if (store.status === "rejected") throw store.reason;
  if (sandboxes.status === "rejected") throw sandboxes.reason;
  phases.reached("store and walls");
  const { base_url, api_key, name: model } = config.model;
  const models = createModels({ base_url, api_key, model, clock, redact: createRedactor(secretsToRedact(config)) });
  const folders = createFolders({ data_dir: config.data, disk_mb: config.disk_mb, clock, ids });
  return await createHoldfast({
    config,
    version: meta.version,
    instance,
    store: store.value,
    sandboxes: sandboxes.value,
    folders,
    models,
    reach: await openReach(config),
    hub,
    clock,
    ids,
  });
}

async function openReach({ ask, private_hosts, data }: Config): Promise<Reach> {
  const closed = [await Deno.realPath(data), await Deno.realPath(ROOT)];
  return createReach({ ask_net: ask.net, ask_read: ask.read, private_hosts, closed });
}

async function openOwnStore(config: Config, instance: string): Promise<Store> {
  const connection = await openStore(config.kv, { clock });
  const settings = engineSettings(config);
  return await createStore(connection, { clock, ids, instance, project: (state) => project(state, settings) });
}

function openSandboxes(config: Config): Promise<HostSandboxes> {
  return createSandboxes({
    project_root: ROOT,
    data_dir: config.data,
    isolation: config.sandbox,
    warm: config.warm,
    memory_mb: config.memory_mb,
    deno: Deno.execPath(),
    clock,
    ids,
    // Own workflows import the SDK by its sources, and there must be one of it.
    ...(config.workflows === null
      ? { workflow_bundle: `${ROOT}/_fresh/workflow` }
      : { workflows_dir: config.workflows }),
  });
}

interface Listening {
  config: Config;
  ends: Ends;
  handler: AppHandler;
  holdfast: RunningHoldfast;
  live: Live;
}

/** Opens the port. With port 0 the real one is known only then, and with it the own origin. */
function listen(
  { config, ends, handler, holdfast, live }: Listening,
): { port: number; origins: Origins; facts: PublicConfig } {
  const opened = Promise.withResolvers<AppHandler>();
  const server = bind(config, async (request, info) => await (await opened.promise)(request, info));
  ends.add(() => Promise.race([server.shutdown(), clock.sleep(SHUTDOWN_MS)]));
  const { port } = server.addr;
  const origins = createOrigins({ ...config, port });
  const facts: PublicConfig = {
    version: meta.version,
    auth: config.auth ? "on" : "off",
    metrics: config.metrics,
    public_url: origins.own,
    isolation: holdfast.health.isolation,
    model: config.model.name ?? "runbook",
    instance: holdfast.health.instance,
  };
  const rate = createRate({ clock, per_second: config.rate });
  opened.resolve(createDoor({ app: handler, services: { holdfast, live, rate, config: facts }, origins, ids, clock }));
  return { port, origins, facts };
}

function bind(config: Config, handler: AppHandler): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname: config.host, port: config.port, onListen() {} }, handler);
  } catch (cause) {
    const why = cause instanceof Deno.errors.AddrInUse ? "another program listens there" : String(cause);
    throw new AppError("conflict", `Cannot listen on ${config.host} port ${config.port}: ${why}`, { cause });
  }
}

const encoder = new TextEncoder();
const say = (text: string) => void Deno.stdout.writeSync(encoder.encode(`${text}\n`));
const complain = (text: string) => void Deno.stderr.writeSync(encoder.encode(`${text}\n`));

/** What a person reads who has just started it, or with LOG_JSON one line for a program. */
function greet(server: Server, config: Config): void {
  const ready_ms = Math.round(clock.now() - performance.timeOrigin);
  const { url, port, login_link, config: { version, isolation, model } } = server;
  const { phases } = server;
  const facts = {
    version,
    url,
    port,
    pid: Deno.pid,
    isolation,
    model,
    data: config.data,
    ready_ms,
    phases,
    login_link,
  };
  if (config.log.json) return say(JSON.stringify({ message: "process.ready", ...facts }));
  say(`Holdfast ${version} on ${url}`);
  say(`  pid ${Deno.pid}, isolation ${isolation}, model ${model}, data ${config.data}, ready in ${ready_ms} ms`);
  if (isolation === "plain") say("  isolation is weak here: install bubblewrap (see docs/operations.md)");
  say(`  log in (once, within 15 minutes): ${login_link}`);
}

/** Reads the settings; a wrong one ends the process and names itself. */
function settings(): Config {
  try {
    return loadConfig(readFlags(Deno.args));
  } catch (error) {
    complain(toAppError(error).message);
    Deno.exit(REFUSED);
  }
}

/** The process from its first line to its exit. */
export async function main(loadApp: () => Promise<AppHandler>): Promise<void> {
  const config = settings();
  const redactor = createRedactor(secretsToRedact(config));
  const flush = await configureLog({ log: config.log, terminal: Deno.stdout.isTerminal(), redact: redactor.text });
  log.info("process.starting", describeConfig(config));
  const server = await start(config, loadApp).catch(async (error) => {
    const refusal = toAppError(error);
    if (refusal.code === "internal") log.fatal("process.failed", { error });
    await flush();
    complain(refusal.code === "internal" ? `Cannot start: ${error}` : refusal.message);
    return Deno.exit(refusal.code === "internal" ? 1 : REFUSED);
  });
  // Whoever has read that it serves may end it at once.
  endOnSignal(server, flush);
  greet(server, config);
}

function endOnSignal(server: Server, flush: () => Promise<void>): void {
  let ending = false;
  const end = (signal: Deno.Signal) => {
    if (ending) Deno.exit(1);
    ending = true;
    log.info("process.ending", { signal });
    server.close().finally(flush).then(() => Deno.exit(0), () => Deno.exit(1));
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, () => end(signal));
}

/** The handler of the built app, for a start from the sources. Throws AppError `invalid` when nothing is built. */
async function builtApp(): Promise<AppHandler> {
  const built = `${ROOT}/_fresh/server.js`;
  const found = await Deno.stat(built).then(() => true, () => false);
  if (!found) throw new AppError("invalid", "Cannot start: the app is not built; run `deno task build` first");
  const { default: { fetch: handler } } = await import(new URL("_fresh/server.js", import.meta.url).href);
  return handler;
}

if (import.meta.main) await main(builtApp);
