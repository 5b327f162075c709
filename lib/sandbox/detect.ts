// Which wall stands around sandboxes on this machine, found out once at start.
//
// Owns the choice bwrap > limits > plain, the refusal of a wall that was asked for and is not there, and the file
// descriptors that the server inherited and every child would inherit too. Leaves to permissions.ts: the command lines.
//   D1. A wall counts as there only when its own program ran with exit code 0.
//   D2. An inherited descriptor is closed in every child: any code can adopt one by its number, without a right.
import { AppError } from "../model/error.ts";
import type { Isolation } from "../service/ports.ts";
import { findTools, runTool, type Tools } from "./tools.ts";

/** What was found out about this machine. */
export interface Walls {
  readonly isolation: Isolation;
  readonly tools: Tools;
  /** Real path of the Deno binary. */
  readonly deno: string;
  /** Libraries that the Deno binary loads, absolute paths; only under bwrap. */
  readonly libs: readonly string[];
  /** Descriptors above 2 that children would inherit. */
  readonly inherited_fds: readonly number[];
  /** What the operator should know, one sentence each. */
  readonly warnings: readonly string[];
}

/** Finds out which wall stands; throws AppError when the one asked for does not. */
export async function detectWalls(options: { isolation: Isolation | "auto"; deno: string }): Promise<Walls> {
  const tools = await findTools();
  const deno = await Deno.realPath(options.deno);
  // Both start programs of the system, and a start of the server waits for them.
  const [isolation, found] = await Promise.all([choose(options.isolation, tools), librariesOf(deno, tools)]);
  const inherited_fds = inheritedFds();
  if (inherited_fds.length > 0 && tools.bash === undefined) {
    throw new AppError(
      "internal",
      `Cannot isolate code: the server inherited the descriptors ${
        inherited_fds.join(", ")
      } and there is no bash to close them in children`,
    );
  }
  const libs = isolation === "bwrap" ? found : [];
  return { isolation, tools, deno, libs, inherited_fds, warnings: warningsOf(isolation) };
}

async function choose(wanted: Isolation | "auto", tools: Tools): Promise<Isolation> {
  if (wanted === "plain") return "plain";
  if (wanted !== "limits" && await bwrapWorks(tools)) return "bwrap";
  if (wanted !== "bwrap" && await limitsWork(tools)) return "limits";
  if (wanted === "auto") return "plain";
  const packages = wanted === "bwrap" ? "bubblewrap and util-linux" : "util-linux";
  throw new AppError(
    "internal",
    `Cannot isolate code at level "${wanted}": its programs do not work here; install ${packages}, allow user namespaces, or choose another level`,
  );
}

function bwrapWorks(tools: Tools): Promise<boolean> {
  if (tools.bwrap === undefined || tools.prlimit === undefined || tools.ldd === undefined) {
    return Promise.resolve(false);
  }
  // The same options as the real wall, so a machine that refuses one of them is found out here.
  const wall = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"];
  const mounts = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"];
  const args = ["--core=0", "--", tools.bwrap, ...wall, ...mounts, "--", tools.prlimit, "--version"];
  return runTool(tools.prlimit, args).then((ran) => ran.ok);
}

function limitsWork(tools: Tools): Promise<boolean> {
  if (tools.setpriv === undefined || tools.prlimit === undefined) return Promise.resolve(false);
  const args = ["--pdeathsig", "KILL", "--nnp", "--", tools.prlimit, "--core=0", "--", tools.prlimit, "--version"];
  return runTool(tools.setpriv, args).then((ran) => ran.ok);
}

/** Descriptors above 2 without close-on-exec; Deno's own all have it. Empty where there is no /proc. */
function inheritedFds(): number[] {
  const fds: number[] = [];
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync("/proc/self/fd")];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new AppError(
      "internal",
      "Cannot isolate code: /proc is not readable; add --allow-ffi and --allow-import to the server's rights (or use -A): Deno opens /proc only to a program that has every kind of right whole",
      { cause: error },
    );
  }
  for (const { name } of entries) {
    const fd = Number(name);
    if (fd > 2 && inherits(fd)) fds.push(fd);
  }
  return fds.sort((a, b) => a - b);
}

const O_CLOEXEC = 0o2000000;

function inherits(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`))?.[1];
    return flags !== undefined && (parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    return false; // closed since the folder was read
  }
}

/** Libraries from `ldd`; a static binary has none. */
async function librariesOf(deno: string, tools: Tools): Promise<string[]> {
  if (tools.ldd === undefined) return [];
  const { out } = await runTool(tools.ldd, [deno]);
  const paths = out.split("\n").map((line) => /(?:=>\s*|^\s*)(\/\S+)\s+\(0x/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}

function warningsOf(isolation: Isolation): string[] {
  if (isolation === "plain") {
    return ["Code runs without a wall of the operating system (level plain): only Deno's own permissions hold it"];
  }
  if (isolation === "limits" && Deno.build.os === "linux" && Deno.uid() === 0) {
    return [
      "Code runs as root without bubblewrap (level limits): install bubblewrap or run the server as another user",
    ];
  }
  return [];
}
