// An executor in a data folder of its own, and nothing left behind.
import { assertEquals } from "@std/assert";
import { createSandboxes, type HostSandboxes } from "@/lib/sandbox/sandboxes.ts";
import type { ExecDone, ExecSpec, Executor, Isolation } from "@/lib/service/ports.ts";
import { clock, collector, ids, processesNaming, PROJECT, spec, TEMPLATES, temporaryFolder } from "./support.ts";

/** An executor with what lies around it. */
export interface Bench {
  readonly executor: Executor;
  readonly sandboxes: HostSandboxes;
  readonly data_dir: string;
  readonly session_id: string;
  /** The session's folder. */
  readonly work: string;
  /** Runs code or a spec and keeps its output. */
  run(what: string | ExecSpec): Promise<ExecDone & { lines: ReturnType<typeof collector>["lines"] }>;
}

/** Runs `fn` with an executor; asserts afterwards that no process and no cache folder is left. */
export async function withExecutor(
  fn: (bench: Bench) => Promise<void>,
  more: { isolation?: Isolation; session_id?: string } = {},
): Promise<void> {
  await using folder = temporaryFolder();
  const sandboxes = await createSandboxes({
    project_root: PROJECT,
    data_dir: folder.path,
    isolation: more.isolation ?? "limits",
    warm: 0,
    memory_mb: 512,
    deno: Deno.execPath(),
    clock,
    ids,
    templates_dir: TEMPLATES,
    workflow_program: `${PROJECT}/tests/sandbox/fixtures/flow.ts`,
    workflows_dir: `${PROJECT}/tests/sandbox/fixtures/modules`,
  });
  const session_id = more.session_id ?? crypto.randomUUID();
  const executor = sandboxes.executor(session_id);
  try {
    await fn({
      executor,
      sandboxes,
      data_dir: folder.path,
      session_id,
      work: `${folder.path}/sessions/${session_id}`,
      async run(what) {
        const heard = collector();
        const order = typeof what === "string" ? spec(what) : what;
        const result = await executor.run(order, heard.sink, new AbortController().signal);
        return { ...result, lines: heard.lines };
      },
    });
  } finally {
    await executor.close();
    await sandboxes.close();
  }
  assertEquals(processesNaming(folder.path), [], "no process is left");
  assertEquals(
    [...Deno.readDirSync(`${folder.path}/cache/children`)].map((entry) => entry.name),
    [],
    "no cache is left",
  );
}
