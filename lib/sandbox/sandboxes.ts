// Processes without rights: the port Sandboxes, wired.
//
// Owns which wall is in force, the two kinds of children, and that nothing is left after `close`. Begins to prepare what
// makes starts fast in the background; nothing waits for it but the first sandbox.
import { getLogger } from "@logtape/logtape";
import { AppError } from "../model/error.ts";
import type { WorkflowDescription } from "../model/workflow.ts";
import type {
  Clock,
  Executor,
  Ids,
  Isolation,
  Sandboxes,
  SandboxEvents,
  SandboxLimits,
  Workflows,
  WorkflowSandbox,
} from "../service/ports.ts";
import { DenoDirs } from "./deno_dirs.ts";
import { type Asking, describeBuiltIn, describeFile } from "./description.ts";
import { detectWalls, type Walls } from "./detect.ts";
import { SessionExecutor } from "./exec.ts";
import { findExecApp } from "./exec_app.ts";
import type { ExecHome } from "./exec_process.ts";
import { ModuleBundles } from "./module_bundle.ts";
import { OwnWorkflows, workflowsFolder } from "./own_workflows.ts";
import { Pool } from "./pool.ts";
import { sessionFolder } from "./safe_path.ts";
import { execTemplate, workflowTemplate } from "./template_name.ts";
import { warmExec, type WarmUpOptions, warmWorkflow } from "./warm_up.ts";
import { type WorkflowHome, WorkflowProcess } from "./workflow_process.ts";
import { findProgram } from "./workflow_program.ts";

const log = getLogger(["holdfast", "sandbox"]);

/** How sandboxes are set up. */
export interface SandboxesOptions {
  /** Root of the project: deno.json, node_modules, workers/. */
  readonly project_root: string;
  readonly data_dir: string;
  readonly isolation: Isolation | "auto";
  /** Workflow sandboxes kept ready. */
  readonly warm: number;
  /** Memory of a workflow sandbox. */
  readonly memory_mb: number;
  /** Path of the Deno binary. */
  readonly deno: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Folder of own workflows. */
  readonly workflows_dir?: string;
  /** Folder of compiled code that several servers may share; in the data folder when absent. */
  readonly templates_dir?: string;
  /** The program of workflow sandboxes among the sources; workers/main.ts when absent. */
  readonly workflow_program?: string;
  /** Folder of the bundled program, preferred when it is there. */
  readonly workflow_bundle?: string;
}

/** The port, and what the operator should know about the wall. */
export interface HostSandboxes extends Sandboxes {
  readonly warnings: readonly string[];
}

/** Finds the wall, wires both kinds of sandboxes and begins to warm them up. Throws AppError when the wall asked for is not there. */
export async function createSandboxes(options: SandboxesOptions): Promise<HostSandboxes> {
  await Deno.mkdir(`${options.data_dir}/sessions`, { recursive: true, mode: 0o700 });
  const data_dir = await Deno.realPath(options.data_dir);
  const project = await Deno.realPath(options.project_root);
  const { ids, templates_dir } = options;
  const dirs = new DenoDirs({ data_dir, ids, ...(templates_dir === undefined ? {} : { templates_dir }) });
  const [walls] = await Promise.all([detectWalls(options), dirs.open()]);
  for (const warning of walls.warnings) log.warn("sandbox.wall", { isolation: walls.isolation, warning });
  const closing = new AbortController();
  const flowWalls = workflowWalls(walls, options.isolation);
  const [workflow, exec] = await Promise.all([
    workflowHome(options, { walls: flowWalls, project, dirs, closing: closing.signal }),
    execHome({ walls, project, dirs, clock: options.clock }),
  ]);
  log.info("sandbox.ready", { isolation: walls.isolation, closed_fds: walls.inherited_fds });
  const { home, built_in } = workflow;
  return new Host({ options, walls, data_dir, project, workflow: home, built_in, closing, ...exec });
}

/** The walls of workflow sandboxes: their program is ours, so the quicker one will do unless bwrap was asked for. */
function workflowWalls(walls: Walls, asked: Isolation | "auto"): Walls {
  const quick = walls.isolation === "bwrap" && asked === "auto" && walls.tools.setpriv !== undefined;
  return quick ? { ...walls, isolation: "limits" } : walls;
}

interface HomeParts {
  readonly walls: Walls;
  readonly project: string;
  readonly dirs: DenoDirs;
}

async function workflowHome(
  options: SandboxesOptions,
  { walls, project, dirs, closing }: HomeParts & { closing: AbortSignal },
): Promise<{ home: WorkflowHome; built_in: readonly WorkflowDescription[] | undefined }> {
  const { workflows_dir, clock, ids } = options;
  const found = await findProgram(project, { bundle: options.workflow_bundle, sources: options.workflow_program });
  const { path: program, source_digest, alone } = found;
  const template = await workflowTemplate(walls, { project, program, alone });
  const workflows = workflows_dir === undefined ? {} : { workflows: await workflowsFolder(workflows_dir) };
  const home = { walls, project, program, alone, dirs, template, source_digest, clock, ids, closing, ...workflows };
  return { home, built_in: found.workflows };
}

async function execHome({ walls, project, dirs, clock }: HomeParts & { clock: Clock }) {
  const app = await findExecApp(project);
  if (app === undefined) {
    log.warn("exec_app.missing", { effect: "code blocks cannot import packages until they are installed" });
  }
  const boot = await Deno.realPath(`${project}/workers/exec/boot.ts`);
  const template = await execTemplate(walls, { digest: app?.digest ?? "", project, boot });
  const exec: ExecHome = { walls, app: app ?? { folder: `${project}/workers/exec/app` }, boot, dirs, template, clock };
  return { exec, packages: app?.packages ?? [] };
}

interface HostParts {
  readonly options: SandboxesOptions;
  readonly walls: Walls;
  readonly data_dir: string;
  readonly project: string;
  readonly workflow: WorkflowHome;
  /** What a sandbox would say of the built-in modes, where that is known without asking one. */
  readonly built_in: readonly WorkflowDescription[] | undefined;
  readonly exec: ExecHome;
  readonly packages: readonly string[];
  readonly closing: AbortController;
}

class Host implements HostSandboxes {
  readonly isolation: Isolation;
  readonly warnings: readonly string[];
  #parts: HostParts;
  #pool: Pool<WorkflowProcess>;
  #running = new Set<WorkflowProcess>();
  #executors = new Set<SessionExecutor>();
  #modules: ModuleBundles;
  #built_in: Promise<WorkflowDescription[]> | undefined;
  #own: OwnWorkflows | undefined;
  #closing: AbortController;
  #warming: Promise<unknown>;

  constructor(parts: HostParts) {
    const { options, walls, data_dir, project, workflow, exec, packages } = parts;
    this.isolation = walls.isolation;
    this.warnings = walls.warnings;
    this.#parts = parts;
    this.#closing = parts.closing;
    this.#modules = new ModuleBundles([
      `${project}/workers`,
      ...(workflow.workflows === undefined ? [] : [workflow.workflows]),
    ]);
    if (workflow.workflows !== undefined) this.#own = this.#ownWorkflows(workflow.workflows);
    const { clock, ids } = options;
    this.#pool = new Pool({
      warm: options.warm,
      clock,
      start: () => WorkflowProcess.start(workflow, options.memory_mb),
    });
    const warm_up: WarmUpOptions = { clock, ids, scratch: `${data_dir}/cache/children`, signal: this.#closing.signal };
    // One after the other: the first sandbox should not wait for what only the first block needs.
    this.#warming = warmWorkflow(workflow, warm_up).then(() => {
      this.#pool.fill();
      // Looked at before anybody asks; whoever asks meanwhile hears what is wrong.
      if (!this.#closing.signal.aborted) void this.#own?.survey().catch(() => {});
      return warmExec(exec, packages, warm_up);
    });
  }

  async start(events: SandboxEvents, limits: SandboxLimits): Promise<WorkflowSandbox> {
    this.#refuseClosed();
    const { options, workflow } = this.#parts;
    const sandbox = limits.memory_mb === options.memory_mb
      ? await this.#pool.take()
      : await WorkflowProcess.start(workflow, limits.memory_mb);
    this.#running.add(sandbox);
    void sandbox.over.then(() => this.#running.delete(sandbox));
    if (this.#closing.signal.aborted) sandbox.kill();
    sandbox.attach(events, limits);
    return sandbox;
  }

  executor(session_id: string): Executor {
    this.#refuseClosed();
    const { options, data_dir, project, exec } = this.#parts;
    const executor = new SessionExecutor({
      home: exec,
      work: sessionFolder(data_dir, session_id),
      closed: [data_dir, project],
      input: { clock: options.clock, ids: options.ids, modules: this.#modules, outside: `${data_dir}/cache/inputs` },
      closing: () => this.#executors.delete(executor),
    });
    this.#executors.add(executor);
    return executor;
  }

  async describe(): Promise<Workflows> {
    const built_in = await this.#builtIn();
    if (this.#own === undefined) return { workflows: built_in, problems: [] };
    const own = await this.#own.survey();
    return { workflows: [...built_in, ...own.workflows], problems: own.problems };
  }

  #builtIn(): Promise<readonly WorkflowDescription[]> {
    const { built_in } = this.#parts;
    if (built_in !== undefined) return Promise.resolve(built_in);
    this.#built_in ??= describeBuiltIn(this.#asking()).catch((error: unknown) => {
      this.#built_in = undefined; // the next one who asks tries again
      throw error;
    });
    return this.#built_in;
  }

  #asking(): Asking {
    const { clock, memory_mb } = this.#parts.options;
    return { clock, memory_mb, start: (events, limits) => this.start(events, limits) };
  }

  #ownWorkflows(folder: string): OwnWorkflows {
    return new OwnWorkflows({
      folder,
      project: this.#parts.project,
      base_digest: this.#parts.workflow.source_digest,
      clock: this.#parts.options.clock,
      taken: async () => new Set((await this.#builtIn()).map(({ id }) => id)),
      describe: (file) => describeFile(this.#asking(), file),
      bundle: (path) => this.#modules.code(new URL(`file://${encodeURI(path)}`).href),
    });
  }

  probe(): Promise<void> {
    this.#refuseClosed();
    return this.#pool.probe();
  }

  async close(): Promise<void> {
    this.#closing.abort(new AppError("draining", "Cannot start a sandbox: the server is going away"));
    for (const sandbox of this.#running) sandbox.kill();
    await Promise.all([
      this.#pool.close(),
      this.#warming.catch(() => {}),
      ...[...this.#executors].map((executor) => executor.close()),
      ...[...this.#running].map((sandbox) => sandbox.over),
    ]);
  }

  #refuseClosed(): void {
    this.#closing.signal.throwIfAborted();
  }
}
