import { assert, assertEquals } from "@std/assert";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, type World } from "./support/world.ts";

const asking = workflow("asking", async (ctx) => {
  await ctx.step("before", () => null);
  const { verb } = await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
  return verb;
});
function endless(attempts: number[]) {
  return workflow("endless", (ctx) =>
    ctx.step("wait", ({ attempt }) => {
      attempts.push(attempt);
      return attempt === 1 ? new Promise<string>(() => {}) : "done";
    }));
}
/** Passes time for all instances together. */
async function pass(worlds: World[], ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await worlds[0]?.pass(500);
    for (const world of worlds) await world.pass(0);
  }
}

Deno.test("[INS1] a run of an instance that died is taken over when its beat stood still for 6 s, not before", async () => {
  const attempts: number[] = [];
  await using first = await openWorld({ workflows: [endless(attempts)], shared: true });
  const { session_id, run_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "endless" } });
  await first.until(() => attempts.length === 1);
  const second = await first.next();
  await pass([second], 4_000);
  first.crash();
  await pass([second], 5_000);
  assertEquals((await second.state(session_id)).run?.status, "running");
  assertEquals(second.sandboxes.started.length, 0);
  await pass([second], 4_000);
  await second.status(session_id, "completed");
  assertEquals([attempts, (await second.holdfast.query.run(ADMIN, run_id)).result], [[1, 2], "done"]);
});

Deno.test("[INS2] an instance that cannot beat kills its sandboxes before another may take over", async () => {
  const attempts: number[] = [];
  await using first = await openWorld({ workflows: [endless(attempts)], shared: true });
  const { session_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "endless" } });
  await first.until(() => attempts.length === 1);
  const second = await first.next();
  await pass([first, second], 2_000);
  first.gate.stall();
  await pass([second], 4_500);
  await first.until(() => first.sandboxes.alive.length === 0, "the sandbox was killed");
  assertEquals((await second.state(session_id)).run?.status, "running");
  await pass([second], 6_000);
  await second.status(session_id, "completed");
  first.gate.go();
  await pass([first, second], 2_000);
  assertEquals(attempts, [1, 2]);
});

Deno.test("[INS3] an answer on another instance reaches the sandbox that is held, or starts the run anew there", async () => {
  await using first = await openWorld({ workflows: [asking], shared: true });
  const { session_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "asking" } });
  await first.status(session_id, "waiting");
  const second = await first.next();
  const [approval] = (await second.holdfast.query.approvals(ADMIN, { session_id, limit: 1 })).items;
  await second.holdfast.resolveApproval(ADMIN, { approval_id: approval?.approval_id ?? "", resolution: "approved" });
  await pass([first, second], 3_000);
  await second.status(session_id, "completed");
  await first.until(() => first.sandboxes.alive.length === 0, "no sandbox of it is left");
  await second.until(() => second.sandboxes.alive.length === 0, "no sandbox of it is left");
});

Deno.test("[INS4] a cancel on another instance reaches the one that executes", async () => {
  const attempts: number[] = [];
  await using first = await openWorld({ workflows: [endless(attempts)], shared: true });
  const { session_id, run_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "endless" } });
  await first.until(() => attempts.length === 1);
  const second = await first.next();
  await second.holdfast.cancelRun(ADMIN, run_id);
  await pass([first, second], 3_000);
  await second.status(session_id, "cancelled");
  assertEquals(first.sandboxes.alive, []);
});

Deno.test("[INS5] a session deleted on another instance kills its sandbox here", async () => {
  const attempts: number[] = [];
  await using first = await openWorld({ workflows: [endless(attempts)], shared: true });
  const { session_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "endless" } });
  await first.until(() => attempts.length === 1);
  const second = await first.next();
  await second.holdfast.execute(ADMIN, session_id, { type: "delete_session" });
  await pass([first, second], 3_000);
  await first.until(() => first.sandboxes.alive.length === 0, "the sandbox was killed");
});

Deno.test("[INS6] two instances share a queue, and each run is executed once", async () => {
  const ran: string[] = [];
  const quick = workflow("quick", (ctx) => ctx.step("do", () => (ran.push(ctx.task), ctx.task)));
  await using first = await openWorld({ workflows: [quick], shared: true, env: { HOLDFAST_CONCURRENCY: "1" } });
  const second = await first.next();
  const tasks = Array.from({ length: 8 }, (_, n) => `t${n}`);
  const started = await Promise.all(
    tasks.map((task, n) => (n % 2 ? first : second).holdfast.startTask(ADMIN, { task, config: { mode: "quick" } })),
  );
  await pass([first, second], 3_000);
  for (const { session_id } of started) await first.status(session_id, "completed");
  assertEquals(ran.toSorted(), tasks);
});

Deno.test("[INS7] the store on disk is the same after a restart", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const kv = `${folder}/holdfast.kv`;
    let session_id = "";
    {
      await using world = await openWorld({ workflows: [asking], kv });
      session_id = (await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "asking" } })).session_id;
      await world.status(session_id, "waiting");
    }
    await using world = await openWorld({ workflows: [asking], kv });
    const detail = await world.holdfast.query.session(ADMIN, session_id);
    assertEquals([detail.wait?.on, detail.pending_approvals.length], ["approval", 1]);
    const approval_id = detail.pending_approvals[0]?.approval_id ?? "";
    await world.holdfast.resolveApproval(ADMIN, { approval_id, resolution: "approved" });
    await world.status(session_id, "completed");
    const events = await world.events(session_id);
    assert(events.length > 10);
    assertEquals(events.map((event) => event.seq), events.map((_, n) => n + 1));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
