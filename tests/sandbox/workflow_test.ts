// Workflow sandboxes as their owner sees them: the channel, what ends it, and the moment at which it is over.
import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { sampleProcess } from "@/lib/sandbox/process_tree.ts";
import { createSandboxes, type HostSandboxes } from "@/lib/sandbox/sandboxes.ts";
import type { ChildFrame } from "@/lib/protocol/sandbox.ts";
import type { Isolation, SandboxEvents, SandboxLimits, WorkflowSandbox } from "@/lib/service/ports.ts";
import { clock, ids, LIMITS, processesNaming, PROJECT, TEMPLATES, temporaryFolder, until } from "./support.ts";

const PROGRAM = `${PROJECT}/tests/sandbox/fixtures/flow.ts`;

interface Flow {
  sandboxes: HostSandboxes;
  data_dir: string;
}
async function withSandboxes(
  fn: (flow: Flow) => Promise<void>,
  more: { isolation?: Isolation; warm?: number; program?: string; memory_mb?: number } = {},
): Promise<void> {
  await using folder = temporaryFolder();
  const sandboxes = await createSandboxes({
    project_root: PROJECT,
    data_dir: folder.path,
    isolation: more.isolation ?? "limits",
    warm: more.warm ?? 0,
    memory_mb: more.memory_mb ?? LIMITS.memory_mb,
    deno: Deno.execPath(),
    clock,
    ids,
    workflow_program: more.program ?? PROGRAM,
    templates_dir: TEMPLATES,
  });
  try {
    await fn({ sandboxes, data_dir: folder.path });
  } finally {
    await sandboxes.close();
  }
  assertEquals(processesNaming(folder.path), [], "nothing is left after close");
}

function start(sandbox: WorkflowSandbox, task: string): void {
  const run = { run_id: "r", session_id: "s", workflow: "w", task, config: {}, attempt: 1, created_ms: 0, history: [] };
  sandbox.send({ type: "start", run: { ...run, memory: {} }, scopes: [] });
}

/** Starts one, lets it do its task, and collects what it said. */
async function run(flow: Flow, task: string, limits: Partial<SandboxLimits> = {}, more: Partial<SandboxEvents> = {}) {
  const frames: ChildFrame[] = [];
  const lines: { stream: string; message: string; partial: boolean }[] = [];
  const sandbox = await flow.sandboxes.start({
    frame: more.frame ?? ((frame) => void frames.push(frame)),
    output: more.output ?? ((said) => void lines.push(...said)),
  }, { ...LIMITS, ...limits });
  start(sandbox, task);
  return { sandbox, frames, lines };
}
const types = (frames: ChildFrame[]) => frames.map((frame) => frame.type);

Deno.test("[SBX-CHAN-1] everything said before the exit is handed over before `over`", () =>
  withSandboxes(async (flow) => {
    for (let n = 0; n < 5; n++) {
      const { sandbox, frames } = await run(flow, "frames 3000");
      const over = await sandbox.over;
      assertEquals(over.reason, "exit");
      assertEquals(over.exit_code, 0);
      assertEquals(frames.length, 3001);
      assertEquals(frames.at(-1)?.type, "finish");
    }
  }));

Deno.test("[SBX-CHAN-2] nothing but our own writer makes a frame", () =>
  withSandboxes(async (flow) => {
    const { sandbox, frames, lines } = await run(flow, "forge");
    await sandbox.over;
    assertEquals(types(frames), ["finish"]);
    assertEquals(lines.length, 5);
    assert(lines.some((line) => line.stream === "stderr" && line.message.includes('"settled":3')));
  }));

Deno.test("[SBX-CHAN-3] stray prints around frames are output, and every frame arrives", () =>
  withSandboxes(async (flow) => {
    const { sandbox, frames, lines } = await run(flow, "stray");
    await sandbox.over;
    assertEquals(types(frames), ["end", "end", "finish"]);
    assertEquals(lines.map((line) => line.message), ["50%", "last"]);
  }));

Deno.test("[SBX-CHAN-4] bytes that are no UTF-8 arrive as U+FFFD", () =>
  withSandboxes(async (flow) => {
    const { sandbox, lines } = await run(flow, "bytes");
    await sandbox.over;
    assertEquals(lines.map((line) => line.message).join("|"), "a\ufffdb|€");
  }));

Deno.test("[SBX-CHAN-5] a part of a line is handed on without waiting for its end", () =>
  withSandboxes(async (flow) => {
    const { sandbox, lines } = await run(flow, "part");
    await until(() => lines.length > 0, 3000, "the part");
    assertEquals(lines, [{ stream: "stdout", message: "question? ", partial: true }]);
    sandbox.kill();
    assertEquals((await sandbox.over).reason, "killed");
  }));

for (
  const [task, what] of [["too_long", "more than 2000000 bytes"], ["not_json", "not JSON"], ["wrong_shape", "schema"]]
) {
  Deno.test(`[SBX-CHAN-6] a bad frame ends the sandbox and nothing after it is heard: ${task}`, () =>
    withSandboxes(async (flow) => {
      const { sandbox, frames } = await run(flow, task ?? "");
      const over = await sandbox.over;
      assertEquals(over.reason, "bad_frame");
      assertStringIncludes(over.message, what ?? "");
      assertEquals(frames, []);
    }));
}

Deno.test("[SBX-CHAN-7] while the owner is busy nothing is read: the child waits, the host's memory stays", () =>
  withSandboxes(async (flow) => {
    let handed = 0;
    const gate = Promise.withResolvers<void>();
    const before = Deno.memoryUsage().rss;
    const { sandbox } = await run(flow, "flood", { output_bytes: 1e12 }, {
      output: (lines) => {
        handed += lines.length;
        return gate.promise;
      },
    });
    await until(() => handed > 0, 3000, "the first lines");
    const first = handed;
    await clock.sleep(300); // long enough for gigabytes, if anybody read them
    assertEquals(handed, first);
    assertLess(Deno.memoryUsage().rss - before, 50_000_000);
    sandbox.kill();
    gate.resolve();
    await sandbox.over;
  }));

Deno.test("[SBX-CHAN-8] a flood leaves the host able to answer, and ends at the limit of output", () =>
  withSandboxes(async (flow) => {
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const { sandbox } = await run(flow, "flood", { output_bytes: 30_000_000 });
    const over = await sandbox.over;
    clearInterval(timer);
    assertEquals(over.reason, "output");
    assertLess(longest, 4_000);
  }));

Deno.test("[SBX-CHAN-9] an owner that throws ends its sandbox", () =>
  withSandboxes(async (flow) => {
    const { sandbox } = await run(flow, "frames 10", {}, {
      frame: () => {
        throw new Error("fenced");
      },
    });
    const over = await sandbox.over;
    assertEquals(over.reason, "killed");
    assertStringIncludes(over.message, "fenced");
  }));

Deno.test("[SBX-FLOW-1] a workflow sandbox has no right at all", () =>
  withSandboxes(async (flow) => {
    const { sandbox, frames } = await run(flow, "rights");
    await sandbox.over;
    const [frame] = frames;
    assert(frame?.type === "end" && frame.result.ok);
    const refused = "NotCapable";
    assertEquals(frame.result.value, {
      read: refused,
      write: refused,
      env: refused,
      run: refused,
      listen: refused,
      sys: refused,
    });
  }));

Deno.test("[SBX-FLOW-2] a spinning sandbox dies of kill, and of terminate too", () =>
  withSandboxes(async (flow) => {
    for (const how of ["kill", "terminate"] as const) {
      const { sandbox, frames } = await run(flow, "spin");
      await until(() => frames.length === 1, 3000, "spinning");
      sandbox[how]();
      await sandbox.over;
    }
  }));

Deno.test("[SBX-FLOW-3] a sandbox that is deaf to SIGTERM dies of kill", () =>
  withSandboxes(async (flow) => {
    const { sandbox, frames } = await run(flow, "deaf");
    await until(() => frames.length === 1, 3000, "deaf");
    sandbox.terminate();
    assertFalse(await Promise.race([sandbox.over.then(() => true), clock.sleep(150).then(() => false)]));
    sandbox.kill();
    const over = await sandbox.over;
    assertEquals([over.reason, over.exit_code], ["killed", 137]);
  }));

Deno.test("[SBX-FLOW-4] memory is bounded", () =>
  withSandboxes(async (flow) => {
    const { sandbox } = await run(flow, "memory", { memory_mb: 300 });
    const over = await sandbox.over;
    // Whether the kernel refused memory first or the watchdog saw it: both are ends.
    assert(over.reason === "memory" || (over.reason === "exit" && over.exit_code !== 0), JSON.stringify(over));
  }));

Deno.test("[SBX-FLOW-5] processor time is bounded", () =>
  withSandboxes(async (flow) => {
    const { sandbox } = await run(flow, "spin", { cpu_s: 1 });
    const over = await sandbox.over;
    assertEquals(over.reason, "killed");
    assertStringIncludes(over.message, "1 s of processor time");
  }));

Deno.test("[SBX-FLOW-6] cancel is a frame like any other", () =>
  withSandboxes(async (flow) => {
    const { sandbox, frames } = await run(flow, "part");
    sandbox.send({ type: "cancel" });
    assertEquals((await sandbox.over).exit_code, 0);
    assertEquals(types(frames), ["finish"]);
  }));

Deno.test("[SBX-FLOW-7] behind bwrap it works the same, and SIGTERM is left out", () =>
  withSandboxes(async (flow) => {
    assertEquals(flow.sandboxes.isolation, "bwrap");
    const { sandbox, frames } = await run(flow, "frames 10");
    assertEquals((await sandbox.over).exit_code, 0);
    assertEquals(frames.length, 11);
    const spinning = await run(flow, "spin");
    await until(() => spinning.frames.length === 1, 3000, "spinning");
    spinning.sandbox.terminate();
    assertFalse(await Promise.race([spinning.sandbox.over.then(() => true), clock.sleep(100).then(() => false)]));
    spinning.sandbox.kill();
    await spinning.sandbox.over;
  }, { isolation: "bwrap" }));

Deno.test("[SBX-POOL-1] a warm sandbox is given away once and replaced", () =>
  withSandboxes(async (flow) => {
    await flow.sandboxes.probe();
    const first = await run(flow, "part");
    const second = await run(flow, "part");
    assert(first.sandbox.pid !== second.sandbox.pid);
    first.sandbox.kill();
    second.sandbox.kill();
    await Promise.all([first.sandbox.over, second.sandbox.over]);
  }, { warm: 1 }));

Deno.test("[SBX-POOL-2] a warm sandbox that died is not given away", () =>
  withSandboxes(async (flow) => {
    await flow.sandboxes.probe();
    const warm = processesNaming(flow.data_dir);
    assertGreater(warm.length, 0);
    for (const pid of warm) Deno.kill(pid, "SIGKILL");
    await until(() => warm.every((pid) => sampleProcess(pid)?.dead !== false), 5000, "their death");
    const { sandbox } = await run(flow, "frames 1");
    assertFalse(warm.includes(sandbox.pid));
    assertEquals((await sandbox.over).exit_code, 0);
  }, { warm: 1 }));

Deno.test("[SBX-POOL-3] workflows are described once", () =>
  withSandboxes(async (flow) => {
    const [first, second] = await Promise.all([flow.sandboxes.describe(), flow.sandboxes.describe()]);
    assertEquals(first, { workflows: [], problems: [] });
    assert(first.workflows === second.workflows);
  }));

Deno.test("[SBX-POOL-4] a program that cannot start is told with what it said", () =>
  withSandboxes(async (flow) => {
    const error = await assertRejects(() => flow.sandboxes.probe(), Error);
    assertStringIncludes(error.message, "Cannot start a sandbox");
    assertStringIncludes(error.message, "broken on purpose");
  }, { program: `${PROJECT}/tests/sandbox/fixtures/broken.ts` }));

Deno.test("[SBX-POOL-5] after close nothing starts", async () => {
  await using folder = temporaryFolder();
  const options = {
    project_root: PROJECT,
    data_dir: folder.path,
    isolation: "limits",
    warm: 1,
    memory_mb: 512,
  } as const;
  const sandboxes = await createSandboxes({ ...options, deno: Deno.execPath(), clock, ids, workflow_program: PROGRAM });
  await sandboxes.close();
  await assertRejects(() => sandboxes.start({ frame: () => {}, output: () => {} }, LIMITS), Error, "going away");
  assertEquals(processesNaming(folder.path), []);
});

for (const isolation of ["limits", "bwrap", "plain"] as const) {
  Deno.test(`[SBX-FLOW-8] the project's own program starts without a right and describes its workflows: ${isolation}`, () =>
    withSandboxes(async (flow) => {
      const { workflows } = await flow.sandboxes.describe();
      assert(workflows.some((workflow) => workflow.id === "one-shot"), JSON.stringify(workflows).slice(0, 300));
    }, { isolation, program: `${PROJECT}/workers/main.ts` }));
}
