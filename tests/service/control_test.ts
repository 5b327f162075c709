import { assert, assertEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, OTHER, type World } from "./support/world.ts";

/** A step that ends when the test says so, then another. */
function gated() {
  const ran: string[] = [];
  let open: (() => void) | null = null;
  const it = workflow("gated", async (ctx) => {
    await ctx.step("first", ({ attempt }) => {
      ran.push(`first ${attempt}`);
      return new Promise<null>((resolve) => open = () => resolve(null));
    });
    await ctx.step("second", () => (ran.push("second"), null));
    return "done";
  });
  return { it, ran, open: () => open?.() };
}
const asking = workflow("asking", async (ctx) => {
  const { verb } = await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
  return verb;
});
const config = { mode: "gated" };

async function startGated(world: World, ran: string[]): Promise<{ session_id: string; run_id: string }> {
  const count = ran.length;
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config });
  await world.until(() => ran.length > count);
  await world.until(async () => (await world.state(session_id)).entries.get("first")?.status === "open");
  return { session_id, run_id };
}
const types = async (world: World, session_id: string) =>
  (await world.events(session_id)).map((event) => event.event_type);
const stages = async (world: World, session_id: string) =>
  (await world.events(session_id)).filter((event) => event.event_type === "cancel_progress")
    .map((event) => event.data["stage"]);

Deno.test("[CTL1] cancel of a running run: told, obeyed, confirmed by its end", async () => {
  const { it, ran } = gated();
  await using world = await openWorld({ workflows: [it] });
  const { session_id, run_id } = await startGated(world, ran);
  const asked = await world.holdfast.cancelRun(ADMIN, run_id);
  assertEquals(asked?.cancel?.stage, "asked");
  await world.status(session_id, "cancelled");
  assertEquals(await stages(world, session_id), ["asked", "told"]);
  assertEquals((await world.holdfast.query.session(ADMIN, session_id)).status, "active");
  assertEquals((await world.holdfast.cancelRun(ADMIN, run_id))?.status, "cancelled");
  assertEquals((await types(world, session_id)).at(-1), "complete");
});

Deno.test("[CTL2] a sandbox that does not obey is terminated after 2 s and killed after 5 s", async () => {
  const { it, ran } = gated();
  await using world = await openWorld({ workflows: [it] });
  const { session_id, run_id } = await startGated(world, ran);
  const sandbox = world.sandboxes.alive[0];
  assert(sandbox !== undefined);
  sandbox.stubborn = true;
  await world.holdfast.cancelRun(ADMIN, run_id);
  await world.pass(2_250);
  assertEquals([sandbox.terminated, sandbox.alive], [1, true]);
  await world.pass(3_000);
  await world.status(session_id, "cancelled");
  assertEquals(await stages(world, session_id), ["asked", "told", "terminated", "killed"]);
});

Deno.test("[CTL3] cancel kills the exec at work and nothing of it is said after", async () => {
  const coder = workflow("coder", (ctx) => ctx.exec("block", { code: "loop" }));
  await using world = await openWorld({ workflows: [coder] });
  let stopped = false;
  world.sandboxes.scripts.set(
    "loop",
    (_spec, _sink, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          stopped = true;
          reject(signal.reason);
        }, { once: true })
      ),
  );
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "coder" } });
  await world.until(() => world.sandboxes.executed.length === 1);
  await world.holdfast.cancelRun(ADMIN, run_id);
  await world.status(session_id, "cancelled");
  assert(stopped);
});

Deno.test("[CTL4] cancel works in every status that is not final, and only there", async () => {
  const { it, ran, open } = gated();
  await using world = await openWorld({ workflows: [it, asking], env: { HOLDFAST_CONCURRENCY: "1" } });
  const running = await startGated(world, ran);
  const queued = await world.holdfast.startTask(ADMIN, { task: "Q", config: { mode: "asking" } });
  assertEquals((await world.holdfast.cancelRun(ADMIN, queued.run_id))?.status, "cancelled");
  await world.holdfast.execute(ADMIN, running.session_id, { type: "pause_run", run_id: running.run_id, now: true });
  await world.status(running.session_id, "paused");
  assertEquals((await world.holdfast.cancelRun(ADMIN, running.run_id))?.status, "cancelled");
  const waiting = await world.holdfast.startTask(ADMIN, { task: "W", config: { mode: "asking" } });
  await world.status(waiting.session_id, "waiting");
  const [approval] = (await world.holdfast.query.approvals(ADMIN, { session_id: waiting.session_id, limit: 1 })).items;
  assertEquals((await world.holdfast.cancelRun(ADMIN, waiting.run_id))?.status, "cancelled");
  assertEquals((await world.holdfast.query.approval(ADMIN, approval?.approval_id ?? "")).status, "cancelled");
  await world.until(() => world.sandboxes.alive.length === 0);
  const done = await startGated(world, ran);
  open();
  await world.status(done.session_id, "completed");
  const error = await assertRejects(() => world.holdfast.cancelRun(ADMIN, done.run_id), AppError);
  assertEquals(error.code, "wrong_state");
});

Deno.test("[CTL5] a cancel that comes before its run is kept for 60 s", async () => {
  await using world = await openWorld({ workflows: [asking] });
  assertEquals(await world.holdfast.cancelRun(ADMIN, "early"), null);
  const { run, session_id } = await world.holdfast.startTask(ADMIN, {
    task: "T",
    config: { mode: "asking" },
    run_id: "early",
  });
  assertEquals(run.status, "cancelled");
  assertEquals((await world.state(session_id)).run?.status, "cancelled");
  assertEquals(await world.holdfast.cancelRun(ADMIN, "late"), null);
  world.clock.advance(61_000);
  const late = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "asking" }, run_id: "late" });
  assertEquals(late.run.status, "queued");
});

Deno.test("[CTL6] pause waits for the step at work; no new one begins; resume goes on after it", async () => {
  const { it, ran, open } = gated();
  await using world = await openWorld({ workflows: [it] });
  const { session_id, run_id } = await startGated(world, ran);
  await world.holdfast.execute(ADMIN, session_id, { type: "pause_run", run_id, now: false });
  await world.pass(500);
  assertEquals((await world.state(session_id)).run?.status, "running");
  open();
  await world.status(session_id, "paused");
  await world.until(() => world.sandboxes.alive.length === 0);
  assertEquals(ran, ["first 1"]);
  await world.holdfast.execute(ADMIN, session_id, { type: "resume_run", run_id });
  await world.status(session_id, "completed");
  assertEquals(ran, ["first 1", "second"]);
});

Deno.test("[CTL7] pause now gives the attempt up; it runs again on resume", async () => {
  const { it, ran, open } = gated();
  await using world = await openWorld({ workflows: [it] });
  const { session_id, run_id } = await startGated(world, ran);
  await world.holdfast.execute(ADMIN, session_id, { type: "pause_run", run_id, now: true });
  await world.status(session_id, "paused");
  await world.until(() => world.sandboxes.alive.length === 0);
  await world.holdfast.execute(ADMIN, session_id, { type: "resume_run", run_id });
  await world.until(() => ran.length === 2);
  open();
  await world.status(session_id, "completed");
  assertEquals(ran, ["first 1", "first 2", "second"]);
});

Deno.test("[CTL8] a pause that is taken back before its boundary changes nothing", async () => {
  const { it, ran, open } = gated();
  await using world = await openWorld({ workflows: [it] });
  const { session_id, run_id } = await startGated(world, ran);
  await world.holdfast.execute(ADMIN, session_id, { type: "pause_run", run_id, now: false });
  await world.holdfast.execute(ADMIN, session_id, { type: "resume_run", run_id });
  open();
  await world.status(session_id, "completed");
  assertEquals([ran, world.sandboxes.started.length], [["first 1", "second"], 1]);
});

Deno.test("[CTL9] a leaf between two attempts does not hold a pause up", async () => {
  let tries = 0;
  const flaky = workflow("flaky", (ctx) =>
    ctx.step("call", () => {
      if (++tries === 1) throw new Error("no");
      return tries;
    }, { attempts: 3, backoff_s: 600 }));
  await using world = await openWorld({ workflows: [flaky] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "flaky" } });
  await world.until(async () => (await types(world, session_id)).includes("step_retry_backoff"));
  await world.holdfast.execute(ADMIN, session_id, { type: "pause_run", run_id, now: false });
  await world.status(session_id, "paused");
  await world.holdfast.execute(ADMIN, session_id, { type: "resume_run", run_id });
  await world.status(session_id, "completed");
  assertEquals(tries, 2);
});

Deno.test("[CTL10] an answer while paused is used on resume", async () => {
  await using world = await openWorld({ workflows: [asking] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "asking" } });
  await world.status(session_id, "waiting");
  await world.holdfast.execute(ADMIN, session_id, { type: "pause_run", run_id, now: false });
  await world.status(session_id, "paused");
  await world.until(() => world.sandboxes.alive.length === 0);
  const [approval] = (await world.holdfast.query.approvals(ADMIN, { session_id, limit: 1 })).items;
  await world.holdfast.resolveApproval(ADMIN, { approval_id: approval?.approval_id ?? "", resolution: "approved" });
  assertEquals((await world.state(session_id)).run?.status, "paused");
  await world.holdfast.execute(ADMIN, session_id, { type: "resume_run", run_id });
  await world.status(session_id, "completed");
});

Deno.test("[CTL11] suspending pauses the run and refuses new ones; resuming goes on with exactly that run", async () => {
  const { it, ran, open } = gated();
  await using world = await openWorld({ workflows: [it] });
  const { session_id, run_id } = await startGated(world, ran);
  await world.holdfast.execute(ADMIN, session_id, { type: "suspend_session", now: false });
  const refused = await assertRejects(
    () => world.holdfast.startTask(ADMIN, { task: "T2", config: {}, session_id }),
    AppError,
  );
  assertEquals(refused.code, "wrong_state");
  open();
  await world.status(session_id, "paused");
  assertEquals((await world.holdfast.query.session(ADMIN, session_id)).wait?.on, "resume");
  await world.holdfast.execute(ADMIN, session_id, { type: "resume_session" });
  await world.status(session_id, "completed");
  assertEquals((await world.state(session_id)).run?.run_id, run_id);
});

Deno.test("[CTL12] a deleted session is gone at once: its sandbox is killed, its rows and folder are swept", async () => {
  const { it, ran } = gated();
  await using world = await openWorld({ workflows: [it] });
  const { session_id, run_id } = await startGated(world, ran);
  world.folders.put(session_id, "a.txt", "x");
  await world.holdfast.execute(ADMIN, session_id, { type: "delete_session" });
  for (
    const question of [
      () => world.holdfast.query.session(ADMIN, session_id),
      () => world.holdfast.query.run(ADMIN, run_id),
      () => world.holdfast.query.events(ADMIN, session_id, { limit: 10 }),
      () => world.holdfast.execute(ADMIN, session_id, { type: "resume_session" }),
    ]
  ) {
    assertEquals((await assertRejects(question, AppError)).code, "not_found");
  }
  assertEquals((await world.holdfast.query.sessions(ADMIN, { limit: 10 })).items, []);
  await world.until(() => world.sandboxes.alive.length === 0);
  await world.until(() => !world.folders.files.has(session_id), "the folder was removed");
  assertEquals(world.hub.published.some((commit) => commit.deleted && commit.session_id === session_id), true);
  const again = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "gated" } });
  await world.status(again.session_id, "running");
});

Deno.test("[CTL13] what is not yours is hidden, every question and every command", async () => {
  await using world = await openWorld({ workflows: [asking] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "asking" } });
  await world.status(session_id, "waiting");
  const [approval] = (await world.holdfast.query.approvals(ADMIN, { session_id, limit: 1 })).items;
  const approval_id = approval?.approval_id ?? "";
  for (
    const attempt of [
      () => world.holdfast.query.session(OTHER, session_id),
      () => world.holdfast.query.view(OTHER, session_id),
      () => world.holdfast.query.run(OTHER, run_id),
      () => world.holdfast.query.approval(OTHER, approval_id),
      () => world.holdfast.query.files(OTHER, session_id),
      () => world.holdfast.query.exportSession(OTHER, session_id),
      () => world.holdfast.execute(OTHER, session_id, { type: "suspend_session", now: true }),
      () => world.holdfast.cancelRun(OTHER, run_id),
      () => world.holdfast.resolveApproval(OTHER, { approval_id, resolution: "approved" }),
      () => world.holdfast.retryRun(OTHER, { run_id }),
      () => world.holdfast.startTask(OTHER, { task: "T", config: {}, session_id }),
    ]
  ) {
    assertEquals((await assertRejects(attempt, AppError)).code, "not_found");
  }
  assertEquals((await world.holdfast.query.sessions(OTHER, { limit: 10 })).total, 0);
  assertEquals((await world.holdfast.query.approvals(OTHER, { limit: 10 })).items, []);
  assertEquals((await world.holdfast.query.runs(OTHER, { limit: 10 })).items, []);
});

Deno.test("[CTL14] an idle session expires, is put away, and comes back", async () => {
  const quick = workflow("quick", () => "done");
  await using world = await openWorld({ workflows: [quick], env: { SESSION_TTL: "60" } });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "quick" } });
  await world.status(session_id, "completed");
  await world.pass(63_000, 3_000);
  await world.until(async () => (await world.state(session_id)).session?.status === "expired");
  await world.holdfast.execute(ADMIN, session_id, { type: "resume_session" });
  assertEquals((await world.holdfast.query.session(ADMIN, session_id)).status, "active");
});

Deno.test("[CTL15] behind bwrap the ladder has no SIGTERM: told, then killed after 5 s", async () => {
  const { it, ran } = gated();
  await using world = await openWorld({ workflows: [it] });
  world.sandboxes.isolation = "bwrap";
  const { session_id, run_id } = await startGated(world, ran);
  const sandbox = world.sandboxes.alive[0];
  assert(sandbox !== undefined);
  sandbox.stubborn = true;
  await world.holdfast.cancelRun(ADMIN, run_id);
  await world.pass(5_250);
  await world.status(session_id, "cancelled");
  assertEquals(sandbox.terminated, 0);
  assertEquals(await stages(world, session_id), ["asked", "told", "killed"]);
});

Deno.test("[CTL16] a cancel that comes before its run is of one person: nobody else takes it away", async () => {
  await using world = await openWorld({ workflows: [asking] });
  for (const who of [ADMIN, OTHER, OTHER]) assertEquals(await world.holdfast.cancelRun(who, "early"), null);
  const start = (run_id: string) =>
    world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "asking" }, run_id }).then(({ run }) => run.status);
  assertEquals(await start("early"), "cancelled");
  assertEquals(await world.holdfast.cancelRun(OTHER, "mine"), null);
  assertEquals(await start("mine"), "queued");
});

Deno.test("[CTL17] a file whose upload ends after its session was deleted leaves nothing", async () => {
  await using world = await openWorld({ workflows: [asking] });
  const { holdfast, folders } = world;
  const { session_id } = await holdfast.createSession(ADMIN, { mode: "asking", config: {} });
  const to = { session_id, path: "late.txt" };
  assertEquals((await holdfast.upload(ADMIN, to, new TextEncoder().encode("early"))).size_bytes, 5);
  await assertRejects(() => holdfast.upload(OTHER, to, new Uint8Array(1)), AppError, "Cannot find");
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const late = assertRejects(() => holdfast.upload(ADMIN, to, body.readable), AppError, "the session is gone");
  const writer = body.writable.getWriter();
  await writer.write(new TextEncoder().encode("late"));
  await holdfast.execute(ADMIN, session_id, { type: "delete_session" });
  await world.pass(1_000);
  await world.until(() => !folders.files.has(session_id), "the folder is swept");
  await writer.close();
  await late;
  assertEquals(folders.files.has(session_id), false);
});
