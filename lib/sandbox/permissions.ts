// The command lines of both kinds of sandbox: which rights, which limits, which wall.
//
// Pure: paths in, arguments out. Owns every flag; a right is given here or nowhere.
//   F1. The main module is a program of ours, never code from outside: Deno reads a main module's static imports
//       without asking for any right.
//   F2. `--config` names a file of ours, or there is none at all: a deno.json or package.json in a work folder has no
//       effect.
//   F3. Nothing of the server's environment is passed on, and there is no PATH.
//   F4. A sandbox steps back for the server: code from outside that spins on every processor must not keep it from
//       answering.
import type { Walls } from "./detect.ts";

/** A command as Deno.Command takes it. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** How far its session steps back for the server (0 to 19); not at all when absent. */
  readonly back?: number;
  /** The program makes a session of its own; else whoever starts it does, which copies the memory map of the server. */
  readonly leads?: boolean;
}

/** What an exec process is built from; every path is absolute and real. */
export interface ExecPlan {
  readonly walls: Walls;
  /** Folder with deno.json, deno.lock and node_modules of the curated packages. */
  readonly app: string;
  /** Data folder of a curated package below `app`, readable by code; absent when it is not installed. */
  readonly tables?: string;
  readonly boot: string;
  readonly work: string;
  readonly deno_dir: string;
  readonly memory_mb: number;
  readonly disk_mb: number;
  readonly cpu_s: number;
  /** Folders that this one may read besides. */
  readonly read: readonly string[];
  /** Number of the server's process: what the guard inside watches where no wall does (level plain). */
  readonly server_pid: number;
}

/** What a workflow process is built from. */
export interface WorkflowPlan {
  readonly walls: Walls;
  /** Folder with the root deno.json, deno.lock and node_modules. */
  readonly project: string;
  /** The fixed program of ours that it runs. */
  readonly program: string;
  /** The program needs nothing of the project: neither its config nor a file but those beside it. */
  readonly alone?: boolean;
  readonly deno_dir: string;
  readonly memory_mb: number;
  /** Folder of own workflows, the only one it may read; absent: none. */
  readonly workflows?: string;
  /** Number of the server's process, as in an exec plan. */
  readonly server_pid: number;
}

/** Where an exec process sees its folders: real paths, or short fixed ones under bwrap. */
export interface ExecPaths {
  readonly deno: string;
  readonly app: string;
  readonly tables: string | undefined;
  readonly boot: string;
  readonly work: string;
  readonly deno_dir: string;
}

/** Memory that Deno reserves before any code runs; `prlimit --data` must leave room for it. */
const DENO_BASE_BYTES = 570_000_000;
/** Largest file that a workflow process could write: its own compile cache. */
const WORKFLOW_FILE_BYTES = 64_000_000;
const OPEN_FILES = 256;
/** How far each kind steps back, in the system's scale from 0 to 19; people wait for a workflow's own words. */
const STEPS_BACK = { workflow: 3, exec: 5 };
/** Deno's own compile cache has to fit. */
const LEAST_FILE_MB = 16;

/** Says where an exec process sees its folders. */
export function execPaths(plan: ExecPlan): ExecPaths {
  const { walls, app, tables, boot, work, deno_dir } = plan;
  if (walls.isolation !== "bwrap") return { deno: walls.deno, app, tables, boot, work, deno_dir };
  return {
    deno: "/h/deno",
    app: "/h/app",
    tables: tables === undefined ? undefined : `/h/app${tables.slice(app.length)}`,
    boot: "/h/boot.ts",
    work: "/w",
    deno_dir: "/dd",
  };
}

/** The command that starts an exec process. */
export function execCommand(plan: ExecPlan): CommandLine {
  const { walls } = plan;
  const paths = execPaths(plan);
  const env = environment(paths.deno_dir);
  const readable = [paths.work, ...(paths.tables === undefined ? [] : [paths.tables]), ...plan.read];
  const deno = [
    paths.deno,
    "run",
    ...commonFlags(`${paths.app}/deno.json`, plan.memory_mb),
    `--allow-read=${pathList(readable)}`,
    `--allow-write=${pathList([paths.work])}`,
    "--allow-env=NODE_ENV",
    paths.boot,
    ...guard(walls, plan.server_pid),
  ];
  const limits = [
    `--data=${DENO_BASE_BYTES + plan.memory_mb * 1_000_000}`,
    // The watchdog ends it first and says why; the kernel is the second guard.
    `--cpu=${plan.cpu_s + 1}`,
    `--fsize=${Math.max(plan.disk_mb, LEAST_FILE_MB) * 1_000_000}`,
    `--nofile=${OPEN_FILES}`,
    "--core=0",
  ];
  const mounts = [
    ...["--ro-bind", walls.deno, paths.deno, "--ro-bind", plan.app, paths.app, "--ro-bind", plan.boot, paths.boot],
    ...plan.read.flatMap((folder) => ["--ro-bind", folder, folder]),
    ...["--proc", "/proc", "--dev", "/dev", "--bind", plan.deno_dir, paths.deno_dir, "--bind", plan.work, paths.work],
  ];
  const back = STEPS_BACK.exec;
  return behindWall({ walls, back, limits, mounts, deno, env, inside: paths.work, cwd: plan.work });
}

/** The command that starts a workflow process: no right at all, but for the folder of own workflows. */
export function workflowCommand(plan: WorkflowPlan): CommandLine {
  const { walls, project, program, workflows } = plan;
  const deno = [
    walls.deno,
    "run",
    ...commonFlags(plan.alone === true ? undefined : `${project}/deno.json`, plan.memory_mb),
    ...(workflows === undefined ? [] : [`--allow-read=${pathList([workflows])}`]),
    program,
    ...guard(walls, plan.server_pid),
  ];
  const limits = [
    `--data=${DENO_BASE_BYTES + plan.memory_mb * 1_000_000}`,
    `--fsize=${WORKFLOW_FILE_BYTES}`,
    `--nofile=${OPEN_FILES}`,
    "--core=0",
  ];
  const shown = ["deno.json", "deno.lock", "node_modules", "jsr", "lib", "workers"].map((name) => `${project}/${name}`);
  const seen = [
    walls.deno,
    ...(plan.alone === true ? [] : shown),
    folderOf(program),
    ...(workflows === undefined ? [] : [workflows]),
  ];
  const mounts = [
    ...seen.flatMap((path) => ["--ro-bind-try", path, path]),
    ...["--proc", "/proc", "--dev", "/dev", "--bind", plan.deno_dir, plan.deno_dir],
  ];
  return behindWall({
    walls,
    back: STEPS_BACK.workflow,
    limits,
    mounts,
    deno,
    env: environment(plan.deno_dir),
    inside: plan.deno_dir,
    cwd: plan.deno_dir,
  });
}

/** At level plain nothing kills a child of a dead server: the program inside is told whom to look for. */
function guard(walls: Walls, server_pid: number): string[] {
  return walls.isolation === "plain" ? [String(server_pid)] : [];
}

/** The parent that a child sees: none that it could name in a process space of its own. */
export function parentSeen(walls: Walls): number {
  return walls.isolation === "bwrap" ? 0 : Deno.pid;
}

function commonFlags(config: string | undefined, memory_mb: number): string[] {
  const own = config === undefined
    ? ["--no-config", "--no-npm"]
    : [`--config=${config}`, "--node-modules-dir=auto", "--frozen"];
  return [
    "--no-prompt",
    "--quiet",
    ...own,
    "--cached-only",
    "--no-remote",
    "--allow-import=none.invalid",
    "--deny-net",
    "--deny-run",
    "--deny-ffi",
    "--deny-sys",
    `--v8-flags=--max-old-space-size=${Math.floor(memory_mb / 2)}`,
  ];
}

function environment(deno_dir: string): Record<string, string> {
  return { DENO_DIR: deno_dir, NODE_ENV: "production", NO_COLOR: "1", DENO_WEBGPU_BACKEND: "none", TZ: "UTC" };
}

/** A list of paths for one flag; Deno splits at commas and reads a doubled one as a comma. */
function pathList(paths: readonly string[]): string {
  return paths.map((path) => path.replaceAll(",", ",,")).join(",");
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

interface Parts {
  readonly walls: Walls;
  readonly back: number;
  readonly limits: readonly string[];
  readonly mounts: readonly string[];
  readonly deno: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Working folder as the process sees it. */
  readonly inside: string;
  readonly cwd: string;
}

function behindWall({ walls, back, limits, mounts, deno, env, inside, cwd }: Parts): CommandLine {
  const { isolation, tools } = walls;
  const first = [
    ...(tools.setsid === undefined ? [] : [tools.setsid]),
    ...(tools.nice === undefined ? [] : [tools.nice, "-n", `${back}`]),
  ];
  const own = { env, cwd, back };
  if (isolation === "plain" || tools.prlimit === undefined) return command(walls, [...first, ...deno], own);
  const limited = [tools.prlimit, ...limits, "--"];
  if (isolation === "limits" && tools.setpriv !== undefined) {
    const bound = [tools.setpriv, "--pdeathsig", "KILL", "--nnp", "--"];
    return command(walls, [...first, ...bound, ...limited, ...deno], own);
  }
  const wall = [
    tools.bwrap ?? "bwrap",
    ...["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"],
    ...Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value]),
    ...walls.libs.flatMap((lib) => ["--ro-bind", lib, lib]),
    ...mounts,
    ...["--remount-ro", "/", "--chdir", inside, "--"],
  ];
  return command(walls, [...first, ...limited, ...wall, ...deno], { ...own, env: {} });
}

/** The command itself, behind a shell that closes inherited descriptors when there are any. */
function command(
  walls: Walls,
  words: readonly string[],
  { env, cwd, back }: { env: CommandLine["env"]; cwd: string; back: number },
): CommandLine {
  const { inherited_fds, tools } = walls;
  const [program = "", ...args] = words;
  const own = { env, cwd, back, leads: tools.setsid !== undefined };
  if (inherited_fds.length === 0) return { ...own, program, args };
  const closing = inherited_fds.map((fd) => `exec ${fd}>&-`).join("; ");
  const script = `${closing}; unset PWD OLDPWD SHLVL; exec "$@"`;
  return {
    ...own,
    program: tools.bash ?? "bash",
    args: ["--noprofile", "--norc", "-c", script, "holdfast", program, ...args],
  };
}
