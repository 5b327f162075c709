import { z } from "zod";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { commonConfig } from "@/lib/model/config.ts";
import { AppError } from "@/lib/model/error.ts";
import { type Ctx, defineWorkflow } from "@/workers/sdk/mod.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, OTHER } from "./support/world.ts";

const quick = workflow("quick", (ctx) => ctx.task);
const asking = workflow("asking", async (ctx) => {
  const { verb } = await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
  return verb;
});
const tuned = defineWorkflow({
  id: "tuned",
  config: z.strictObject({ rounds: z.int().min(1).max(9).default(3), ...commonConfig }),
  run: (ctx) => ctx.config.rounds,
});
const key = (key: string, body_digest = "d") => ({ idempotency: { key, scope: "POST /api/tasks", body_digest } });
const code = async (work: () => Promise<unknown>) => (await assertRejects(work, AppError)).code;

Deno.test("[STA1] the same run_id twice at once is one run", async () => {
  await using world = await openWorld({ workflows: [quick] });
  const start = () => world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "quick" }, run_id: "mine" });
  const [first, second] = await Promise.all([start(), start()]);
  assertEquals(first?.session_id, second?.session_id);
  await world.status(first?.session_id ?? "", "completed");
  const again = await start();
  assertEquals([again.session_id, again.run.status], [first?.session_id, "completed"]);
  assertEquals((await world.holdfast.query.sessions(ADMIN, { limit: 10 })).total, 1);
});

Deno.test("[STA2] a run_id belongs to its start: another task, config or person is refused", async () => {
  await using world = await openWorld({ workflows: [quick] });
  const config = { mode: "quick" };
  await world.holdfast.startTask(ADMIN, { task: "T", config, run_id: "mine" });
  for (
    const [who, input] of [
      [ADMIN, { task: "U", config, run_id: "mine" }],
      [ADMIN, { task: "T", config: { ...config, runTimeout: 5 }, run_id: "mine" }],
      [OTHER, { task: "T", config, run_id: "mine" }],
    ] as const
  ) {
    assertEquals(await code(() => world.holdfast.startTask(who, input)), "run_id_taken");
  }
});

Deno.test("[STA3] one answer for a key: twins at once and repeats get the first one, another body is refused", async () => {
  await using world = await openWorld({ workflows: [quick] });
  const start = (body = "d", task = "T") =>
    world.holdfast.startTask(ADMIN, { task, config: { mode: "quick" } }, key("k1", body));
  const [first, twin] = await Promise.all([start(), start()]);
  assertEquals(first?.run_id, twin?.run_id);
  await world.status(first?.session_id ?? "", "completed");
  assertEquals((await start()).run, first?.run);
  assertEquals(await code(() => start("other", "U")), "idempotency_mismatch");
  assertEquals((await world.holdfast.query.runs(ADMIN, { limit: 10 })).items.length, 1);
});

Deno.test("[STA4] a key is forgotten after 24 h, and is worth nothing for others", async () => {
  await using world = await openWorld({ workflows: [quick] });
  const start = (who = ADMIN) => world.holdfast.startTask(who, { task: "T", config: { mode: "quick" } }, key("k1"));
  const first = await start();
  assert((await start(OTHER)).run_id !== first.run_id);
  world.clock.advance(24 * 3_600_000 + 1);
  const later = await start();
  assert(later.run_id !== first.run_id);
});

Deno.test("[STA5] refusals are not kept for a key: the same request may succeed later", async () => {
  await using world = await openWorld({ workflows: [asking] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "asking" } });
  await world.status(session_id, "waiting");
  const again = () => world.holdfast.startTask(ADMIN, { task: "U", config: {}, session_id }, key("k2"));
  assertEquals(await code(again), "session_busy");
  await world.holdfast.cancelRun(ADMIN, run_id);
  assertEquals((await again()).run.status, "queued");
});

Deno.test("[STA6] keys work for every command, also for one that changes nothing", async () => {
  await using world = await openWorld({ workflows: [asking] });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "asking" } });
  const options = { idempotency: { key: "k", scope: "PATCH", body_digest: "d" } };
  const detail = await world.holdfast.query.session(ADMIN, session_id);
  const command = { type: "update_session", name: "New", version: detail.version } as const;
  const first = await world.holdfast.execute(ADMIN, session_id, command, options);
  assertEquals(await world.holdfast.execute(ADMIN, session_id, command, options), first);
  assertEquals(await code(() => world.holdfast.execute(ADMIN, session_id, command)), "version_conflict");
});

Deno.test("[STA7] mode and config are checked before anything is made, and every fault is named", async () => {
  await using world = await openWorld({ workflows: [tuned] });
  const start = (config: Record<string, string | number>, lenient = false) =>
    world.holdfast.startTask(ADMIN, { task: "T", config, lenient });
  const faults = async (config: Record<string, string | number>) =>
    (await assertRejects(() => start(config), AppError)).details.errors?.map((one) => one.path);
  assertEquals(await faults({}), ["config.mode"]);
  assertEquals(await faults({ mode: "none" }), ["mode"]);
  assertEquals(await faults({ mode: "tuned", rounds: 10, more: 1 }), ["config.rounds", "config.more"]);
  assertEquals((await world.holdfast.query.sessions(ADMIN, { limit: 10 })).total, 0);
  const { session_id } = await start({ mode: "tuned", rounds: 5, more: 1 }, true);
  await world.status(session_id, "completed");
  const [status] = await world.events(session_id);
  assertEquals(status?.data["ignored_config"], ["more"]);
});

Deno.test("[STA8] a run's config is the session's with its own keys over it; its mode cannot be another", async () => {
  await using world = await openWorld({ workflows: [tuned, quick] });
  const session = await world.holdfast.createSession(ADMIN, { mode: "tuned", config: { rounds: 5 }, name: "Mine" });
  assertEquals([session.name, session.status, session.wait?.on], ["Mine", "active", "task"]);
  const { session_id } = session;
  const result = async (config: Record<string, string | number>) => {
    const { run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config, session_id });
    await world.until(async () => (await world.holdfast.query.run(ADMIN, run_id)).status === "completed");
    return (await world.holdfast.query.run(ADMIN, run_id)).result;
  };
  assertEquals([await result({}), await result({ rounds: 7 }), await result({ mode: "tuned" })], [5, 7, 5]);
  assertEquals(await code(() => result({ mode: "quick" })), "invalid");
  assertEquals(await code(() => result({ rounds: 0 })), "invalid");
});

Deno.test("[STA9] a later run knows what earlier ones said and set, the same in every replay", async () => {
  const seen: string[] = [];
  const remembering = workflow("remembering", async (ctx) => {
    const before = ctx.memory.get(z.number(), "count") ?? 0;
    seen.push(`${ctx.task}: ${before}, ${ctx.history.map((message) => message.content).join("|")}`);
    ctx.memory.set("count", before + 1);
    ctx.emit("agent_message", { agent: "a", message: `said in ${ctx.task}` });
    await ctx.step("mark", () => null);
    await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
    return before;
  });
  await using world = await openWorld({ workflows: [remembering], env: { HOLDFAST_WAIT_HOLD: "0" } });
  const config = { mode: "remembering" };
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "one", config });
  const answer = async () => {
    await world.status(session_id, "waiting");
    await world.pass(250);
    await world.until(() => world.sandboxes.alive.length === 0);
    const page = await world.holdfast.query.approvals(ADMIN, { session_id, status: "pending", limit: 1 });
    await world.holdfast.resolveApproval(ADMIN, {
      approval_id: page.items[0]?.approval_id ?? "",
      resolution: "approved",
    });
    await world.status(session_id, "completed");
  };
  await answer();
  await world.holdfast.startTask(ADMIN, { task: "two", config: {}, session_id });
  await answer();
  assertEquals(seen, ["one: 0, ", "one: 0, ", "two: 1, one|said in one", "two: 1, one|said in one"]);
  const detail = await world.holdfast.query.session(ADMIN, session_id);
  assertEquals(detail.context_variables, { count: 2 });
});

Deno.test("[STA10] a retry keeps what was finished before its step, and a retry of it too", async () => {
  const ran: string[] = [];
  let broken = true;
  const long = workflow("long", async (ctx) => {
    const results: string[] = [];
    for (const id of ["a", "b", "c"]) {
      results.push(
        await ctx.group(id, id, () =>
          ctx.step("do", () => {
            ran.push(id);
            if (id === "c" && broken) throw new Error("no");
            return id;
          })),
      );
    }
    return results;
  });
  await using world = await openWorld({ workflows: [long] });
  const first = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "long" } });
  await world.status(first.session_id, "failed");
  const ended = async (run_id: string) => {
    await world.until(async () =>
      ["completed", "failed"].includes((await world.holdfast.query.run(ADMIN, run_id)).status)
    );
    return await world.holdfast.query.run(ADMIN, run_id);
  };
  const second = await world.holdfast.retryRun(ADMIN, { run_id: first.run_id, from_step: "b" });
  assertEquals(second.retry_of, first.run_id);
  await ended(second.run_id);
  assertEquals(ran, ["a", "b", "c", "b", "c"]);
  broken = false;
  const third = await world.holdfast.retryRun(ADMIN, { run_id: second.run_id });
  assertEquals((await ended(third.run_id)).result, ["a", "b", "c"]);
  assertEquals(ran, ["a", "b", "c", "b", "c", "c"]);
  assertEquals(await code(() => world.holdfast.retryRun(ADMIN, { run_id: first.run_id, from_step: "z" })), "invalid");
});

Deno.test("[STA11] a large task and a large result go through blobs and come back whole", async () => {
  const echo = workflow("echo", async (ctx) => {
    const text = await ctx.step("copy", () => ctx.task.toUpperCase());
    return await ctx.step("measure", () => [ctx.task.length, text.length]);
  });
  await using world = await openWorld({ workflows: [echo], env: { HOLDFAST_WAIT_HOLD: "0" } });
  const task = "x".repeat(300_000);
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task, config: { mode: "echo" } });
  await world.status(session_id, "completed");
  assertEquals((await world.holdfast.query.run(ADMIN, run_id)).result, [300_000, 300_000]);
});

Deno.test("[STA12] when the source has changed a mismatch pauses the run; a roll-back lets it go on", async () => {
  const made = (name: string) =>
    workflow("made", async (ctx) => {
      await ctx.step(name, () => null);
      await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
      return name;
    });
  await using world = await openWorld({ workflows: [made("old")], env: { HOLDFAST_WAIT_HOLD: "0" } });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "made" } });
  await world.status(session_id, "waiting");
  const [approval] = (await world.holdfast.query.approvals(ADMIN, { session_id, limit: 1 })).items;
  world.crash();
  const changed = workflow("made", async (ctx) => {
    await ctx.step("other", () => null);
    return "changed";
  });
  const second = await world.next({ workflows: [changed] });
  await second.holdfast.resolveApproval(ADMIN, { approval_id: approval?.approval_id ?? "", resolution: "approved" });
  await second.status(session_id, "paused");
  second.crash();
  const third = await world.next({ workflows: [made("old")] });
  await third.holdfast.execute(ADMIN, session_id, { type: "resume_run", run_id });
  await third.status(session_id, "completed");
});

Deno.test("[STA13] code that is not deterministic ends its run, naming both", async () => {
  let lives = 0;
  const moody = workflow("moody", async (ctx) => {
    await ctx.step(`step ${++lives}`, () => null);
    await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
  });
  await using world = await openWorld({ workflows: [moody], env: { HOLDFAST_WAIT_HOLD: "0" } });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "moody" } });
  await world.status(session_id, "waiting");
  await world.pass(250);
  await world.until(() => world.sandboxes.alive.length === 0);
  const [approval] = (await world.holdfast.query.approvals(ADMIN, { session_id, limit: 1 })).items;
  await world.holdfast.resolveApproval(ADMIN, { approval_id: approval?.approval_id ?? "", resolution: "approved" });
  await world.status(session_id, "failed");
  const { error } = await world.holdfast.query.run(ADMIN, run_id);
  assertEquals(error?.type, "nondeterministic");
  assert(error?.message.includes("step 1") && error.message.includes("step 2"));
});

Deno.test("[STA14] a run whose mode is gone is paused with that said, and goes on when it is back", async () => {
  await using world = await openWorld({ workflows: [quick, asking], env: { HOLDFAST_WAIT_HOLD: "0" } });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "asking" } });
  await world.status(session_id, "waiting");
  const [approval] = (await world.holdfast.query.approvals(ADMIN, { session_id, limit: 1 })).items;
  world.crash();
  const second = await world.next({ workflows: [quick] });
  await second.holdfast.resolveApproval(ADMIN, { approval_id: approval?.approval_id ?? "", resolution: "approved" });
  await second.status(session_id, "paused");
  const paused = (await second.events(session_id)).findLast(({ event_type }) => event_type === "workflow_paused");
  assert(`${paused?.data["message"]}`.includes('There is no mode "asking"'), `${paused?.data["message"]}`);
  second.crash();
  const third = await second.next({ workflows: [quick, asking] });
  await third.holdfast.execute(ADMIN, session_id, { type: "resume_run", run_id });
  await third.status(session_id, "completed");
});

Deno.test("[STA15] a retry knows what its parent knew: time, random numbers, history and variables; its kept groups are reused", async () => {
  let broken = true;
  const knows = workflow("knows", async (ctx) => {
    const count = ctx.memory.get(z.int(), "count") ?? 0;
    const before = [ctx.now(), ctx.random(), ctx.uuid(), ctx.history.length, count];
    ctx.memory.set("count", count + 1);
    const kept = await ctx.group("a", "A", () => ctx.step(`keep ${ctx.uuid()} ${count}`, () => before));
    const inner = await ctx.group("b", "B", () => {
      const known = [ctx.now(), ctx.random()];
      return ctx.step("break", () => {
        if (broken) throw new Error("no");
        return known;
      });
    });
    return { before, kept, inner };
  });
  await using world = await openWorld({ workflows: [knows] });
  const first = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "knows" } });
  await world.status(first.session_id, "failed");
  world.clock.advance(60_000);
  broken = false;
  const ended = async (retry: { run_id: string }) => {
    await world.until(async () => (await world.holdfast.query.run(ADMIN, retry.run_id)).status !== "queued");
    await world.status(first.session_id, "completed");
    return (await world.holdfast.query.run(ADMIN, retry.run_id)).result as { before: unknown; kept: unknown };
  };
  const second = await world.holdfast.retryRun(ADMIN, { run_id: first.run_id });
  const result = await ended(second);
  assertEquals(result.before, result.kept);
  const events = (await world.events(first.session_id)).filter(({ run_id }) => run_id === second.run_id);
  const steps = events.filter(({ event_type }) => event_type === "step_completed");
  assertEquals(steps.map(({ data }) => [data["name"], data["reused"]]), [["A", true], ["B", undefined]]);
  assertEquals(events.find(({ event_type }) => event_type === "workflow_started")?.data["reused_steps"], 1);
  const { view } = await world.holdfast.query.view(ADMIN, first.session_id);
  const seen = view.steps.filter(({ run_id }) => run_id === second.run_id);
  assertEquals(seen.map(({ name, reused }) => [name, reused]), [["A", true], ["B", false]]);
  const anew = await ended(await world.holdfast.retryRun(ADMIN, { run_id: first.run_id, from_step: "a" }));
  assertNotEquals(anew.before, result.before, "a retry that keeps nothing begins anew");
});

Deno.test("[STA16] a retry begins with the version and the source of the run whose entries it keeps", async () => {
  let broken = true;
  const made = (version: number) =>
    defineWorkflow({
      id: "versioned",
      version,
      config: z.strictObject({}),
      async run(ctx) {
        if (ctx.version >= 2) await ctx.step("new", () => 1);
        await ctx.step("old", () => 1);
        await ctx.step("break", () => {
          if (broken) throw new Error("no");
          return 1;
        });
        return ctx.version;
      },
    });
  await using world = await openWorld({ workflows: [made(1)] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "versioned" } });
  await world.status(session_id, "failed");
  world.crash();
  broken = false;
  const next = await world.next({ workflows: [made(2)] });
  const retried = await next.holdfast.retryRun(ADMIN, { run_id });
  await next.status(session_id, "completed");
  assertEquals((await next.holdfast.query.run(ADMIN, retried.run_id)).result, 1);
  next.crash();
  const run = (ctx: Ctx) => ctx.step("other", () => 1);
  const other = defineWorkflow({ id: "versioned", config: z.strictObject({}), run });
  const last = await next.next({ workflows: [other] });
  await last.holdfast.retryRun(ADMIN, { run_id });
  await last.status(session_id, "paused");
});

Deno.test("[STA17] the config is parsed once: a default that changes while the run waits is not its default", async () => {
  const made = (n: number) =>
    defineWorkflow({
      id: "defaults",
      config: z.strictObject({ n: z.int().default(n) }),
      async run(ctx) {
        await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
        return ctx.config.n;
      },
    });
  await using world = await openWorld({ workflows: [made(1)], env: { HOLDFAST_WAIT_HOLD: "0" } });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "defaults" } });
  await world.status(session_id, "waiting");
  world.crash();
  const next = await world.next({ workflows: [made(2)] });
  const [approval] = (await next.holdfast.query.approvals(ADMIN, { session_id, limit: 1 })).items;
  await next.holdfast.resolveApproval(ADMIN, { approval_id: approval?.approval_id ?? "", resolution: "approved" });
  await next.status(session_id, "completed");
  assertEquals((await next.holdfast.query.run(ADMIN, run_id)).result, 1);
});

Deno.test("[STA20] the same start again, under another key, is kept with the session that it made, and goes with it", async () => {
  await using world = await openWorld({ workflows: [quick] });
  const start = (key: string) => {
    const idempotency = { scope: "POST /api/tasks", key, body_digest: "one" };
    return world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "quick" }, run_id: "same" }, { idempotency });
  };
  const first = await start("key-1");
  await world.status(first.session_id, "completed");
  const [second, third] = await Promise.all([start("key-2"), start("key-3")]);
  assertEquals([second.session_id, third.session_id], [first.session_id, first.session_id]);
  const outside = async () => {
    const left: string[] = [];
    for await (const { key } of world.store.connection.kv.list({ start: [], end: [true] })) {
      if (key[0] === "head" || key[0] === "gate" || key[0] === "idempotency") left.push(key.join(" "));
    }
    return left.filter((key) => !key.endsWith(first.session_id));
  };
  assertEquals((await outside()).length, 3);
  await world.holdfast.execute(ADMIN, first.session_id, { type: "delete_session" });
  await world.until(async () => (await outside()).length === 0, "everything of the session is gone");
});
