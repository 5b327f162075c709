// What one sandbox says of workflows: asked once, then thrown away.
import { AppError } from "../model/error.ts";
import type { WorkflowDescription } from "../model/workflow.ts";
import type { Clock, SandboxEvents, SandboxLimits, SandboxOver, WorkflowSandbox } from "../service/ports.ts";
import type { FileSaid } from "./own_workflows.ts";

/** A sandbox that only describes writes nothing and prints little. */
const LIMITS = { disk_mb: 1, files: 1, output_bytes: 1_000_000, cpu_s: 60 };
const BUILT_IN_MS = 20_000;
/** Loading a file takes milliseconds; one that is not through by then does not come to an end. */
const FILE_MS = 5_000;
/** A sandbox that is killed from outside says nothing of the file. */
const KILLED_MOST = 3;

/** What asking needs. */
export interface Asking {
  readonly clock: Clock;
  readonly memory_mb: number;
  start(events: SandboxEvents, limits: SandboxLimits): Promise<WorkflowSandbox>;
}
type Heard =
  | { readonly workflows: WorkflowDescription[]; readonly problem?: string | undefined }
  | { readonly over: SandboxOver; readonly late: boolean; readonly printed: string };

/** Asks for the built-in modes. Throws AppError `internal` with what the sandbox said instead. */
export async function describeBuiltIn(asking: Asking): Promise<WorkflowDescription[]> {
  const heard = await hear(asking, { within_ms: BUILT_IN_MS });
  if ("workflows" in heard) return heard.workflows;
  const why = heard.printed === "" ? heard.over.message : heard.printed;
  throw new AppError("internal", `Cannot read the workflows: ${why}`);
}

/** Asks for the workflow of a file. */
export async function describeFile(asking: Asking, file: string): Promise<FileSaid> {
  for (let asked = 1;; asked++) {
    const heard = await hear(asking, { file, within_ms: FILE_MS });
    if ("workflows" in heard) {
      const [description] = heard.workflows;
      return description === undefined ? { problem: heard.problem ?? "it is no workflow" } : { description };
    }
    const { over, late, printed } = heard;
    if (late) {
      const problem = `it was not loaded within ${FILE_MS / 1000} s: a loop without end, or an await at its top level`;
      return { problem, again: true };
    }
    const killed = over.reason === "killed" || over.reason === "spawn" || over.exit_code === 137;
    if (killed && asked < KILLED_MOST) continue;
    const said = printed === "" ? "" : `: ${printed}`;
    return { problem: `its sandbox ended while it was loaded (${over.message})${said}`, again: killed };
  }
}

async function hear(asking: Asking, { file, within_ms }: { file?: string; within_ms: number }): Promise<Heard> {
  const answer = Promise.withResolvers<Heard>();
  let [printed, late] = ["", false];
  const sandbox = await asking.start({
    frame: (frame) => {
      if (frame.type === "described") answer.resolve(frame);
    },
    output: (lines) => {
      printed = `${printed}\n${lines.map((line) => line.message).join("\n")}`.trim().slice(-2000);
    },
  }, { ...LIMITS, memory_mb: asking.memory_mb });
  const cancel = asking.clock.after(within_ms, () => {
    late = true;
    sandbox.kill();
  });
  void sandbox.over.then((over) => answer.resolve({ over, late, printed }));
  void sandbox.send({ type: "describe", ...(file === undefined ? {} : { file }) });
  try {
    return await answer.promise;
  } finally {
    cancel();
    sandbox.kill();
    await sandbox.over;
  }
}
