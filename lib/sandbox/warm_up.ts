// Fills templates of compiled code: what every child would otherwise compile again.
//
// Owns what is run for it, behind the same wall as the real thing, since compiled code is found by path. Run twice: the
// second run stores what V8 compiled lazily. Leaves to deno_dirs.ts: where templates lie and who gets a copy.
import { getLogger } from "@logtape/logtape";
import { SANDBOX_PROTOCOL } from "../protocol/sandbox.ts";
import type { Clock, Ids } from "../service/ports.ts";
import type { ExecHome } from "./exec_process.ts";
import { type CommandLine, execCommand, execPaths, parentSeen, workflowCommand } from "./permissions.ts";
import { Subprocess } from "./subprocess.ts";
import type { WorkflowHome } from "./workflow_process.ts";

const log = getLogger(["holdfast", "sandbox"]);

const DEADLINE_MS = 30_000;
const RUNS = 2;
const MEMORY_MB = 512;

/** Beside what a child needs: where to put files, and when to give up. */
export interface WarmUpOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  /** Folder for a work folder of its own. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** Compiles the curated packages for exec processes. */
export function warmExec(home: ExecHome, packages: readonly string[], options: WarmUpOptions): Promise<unknown> {
  return home.dirs.prepare(home.template, async (deno_dir) => {
    const work = `${options.scratch}/${options.ids.token(16)}`;
    await Deno.mkdir(work, { recursive: true, mode: 0o700 });
    try {
      const code = packages.map((name) => `import ${JSON.stringify(name)};`).join("\n");
      await Deno.writeTextFile(`${work}/block.ts`, code);
      const plan = {
        walls: home.walls,
        app: home.app.folder,
        boot: home.boot,
        work,
        deno_dir,
        memory_mb: MEMORY_MB,
        disk_mb: MEMORY_MB,
        cpu_s: DEADLINE_MS / 1000,
        read: [],
        server_pid: Deno.pid,
      };
      const line = JSON.stringify({ path: `${execPaths(plan).work}/block.ts` });
      for (let n = 0; n < RUNS; n++) await runOnce(execCommand(plan), line, options);
    } finally {
      await Deno.remove(work, { recursive: true }).catch(() => {});
    }
  });
}

/** Compiles the program of workflow sandboxes. */
export function warmWorkflow(home: WorkflowHome, options: WarmUpOptions): Promise<unknown> {
  return home.dirs.prepare(home.template, async (deno_dir) => {
    const command = workflowCommand({ ...home, deno_dir, memory_mb: MEMORY_MB, server_pid: Deno.pid });
    for (let n = 0; n < RUNS; n++) {
      const nonce = options.ids.token(32);
      const hello = { type: "hello", protocol: SANDBOX_PROTOCOL, nonce, parent_pid: parentSeen(home.walls) };
      await runOnce(command, JSON.stringify(hello), options);
    }
  });
}

/** Runs a command with one line of input to its end. */
async function runOnce(command: CommandLine, line: string, { clock, signal }: WarmUpOptions): Promise<void> {
  signal.throwIfAborted();
  const child = Subprocess.spawn(command, clock);
  const kill = () => child.kill();
  const cancel = clock.after(DEADLINE_MS, kill);
  signal.addEventListener("abort", kill);
  try {
    child.writeLine(line);
    child.closeInput();
    const [stderr] = await Promise.all([new Response(child.stderr).text(), new Response(child.stdout).bytes()]);
    const { exit_code } = await child.gone;
    signal.throwIfAborted();
    if (exit_code !== 0) log.warn("sandbox.warm_up_failed", { exit_code, stderr: stderr.slice(-2000) });
  } finally {
    cancel();
    signal.removeEventListener("abort", kill);
  }
}
