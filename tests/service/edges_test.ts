import { assert, assertEquals } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { BACKLOG_LIMIT } from "@/lib/store/writer/sizes.ts";
import { DeltaLog } from "@/lib/service/driver/deltas.ts";
import { createRedactor } from "@/lib/service/redact.ts";
import { FakeClock } from "./support/fake_clock.ts";
import { z } from "@/workers/sdk/mod.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld } from "./support/world.ts";

const quiet = workflow("quiet", (ctx) => ctx.step("wait", () => new Promise<null>(() => {})));

Deno.test("[EDG1] while the store stands still a flood is not read; nothing of it is lost when it answers again", async () => {
  await using world = await openWorld({ workflows: [quiet] });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "quiet" } });
  await world.until(async () => (await world.state(session_id)).entries.size === 1);
  const sandbox = world.sandboxes.alive[0];
  world.gate.stall();
  const text = "x".repeat(16_000);
  const lines = 1_200;
  for (let n = 0; n < lines; n++) sandbox?.print("stdout", `${n} ${text}`);
  await world.until(() => world.store.writer.backlog_bytes > BACKLOG_LIMIT);
  await world.pass(500);
  const backlog = world.store.writer.backlog_bytes;
  assert(backlog < BACKLOG_LIMIT + 100_000, `the backlog is ${backlog} bytes`);
  world.gate.go();
  const heard = async () => {
    let found = 0;
    for await (const chunk of world.holdfast.log.chunks(session_id, 0)) {
      found += new TextDecoder().decode(chunk.lines).split('"event_type":"output"').length - 1;
    }
    return found;
  };
  // The log holds more than these lines: its head says only when looking is worth it.
  await world.until(async () => (await world.holdfast.log.headSeq(session_id) ?? 0) > lines && await heard() >= lines);
  assertEquals(await heard(), lines);
});

Deno.test("[EDG2] the first failure of branches calls off what the host does for the others", async () => {
  const branchy = workflow("branchy", async (ctx) => {
    try {
      await ctx.all("both", {
        slow: () => ctx.exec("slow", { code: "slow" }),
        broken: () => ctx.step("broken", () => Promise.reject(new Error("no"))),
      });
      return "never";
    } catch {
      return "caught";
    }
  });
  await using world = await openWorld({ workflows: [branchy] });
  let called_off = false;
  world.sandboxes.scripts.set(
    "slow",
    (_spec, _sink, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          called_off = true;
          reject(signal.reason);
        }, { once: true })
      ),
  );
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "branchy" } });
  await world.status(session_id, "completed");
  assertEquals([called_off, (await world.holdfast.query.run(ADMIN, run_id)).result], [true, "caught"]);
});

Deno.test("[EDG3] the 51st question of a run is asked when one of the others is answered", async () => {
  const many = workflow("many", (ctx) => {
    const items = Array.from({ length: 52 }, (_, n) => `q${n}`);
    return ctx.map("all", items, { key: (item) => item, limit: 60 }, async (item) => {
      const { verb } = await ctx.approve("go", { type: "step_approval", title: item, subject: item });
      return verb;
    });
  });
  await using world = await openWorld({ workflows: [many] });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "many" } });
  const pending = async () =>
    (await world.holdfast.query.approvals(ADMIN, { session_id, status: "pending", limit: 200 })).items;
  await world.until(async () => (await pending()).length === 50);
  await world.pass(500);
  assertEquals((await pending()).length, 50);
  for (let answered = 0; answered < 52; answered++) {
    await world.until(async () => (await pending()).length > 0);
    const [next] = await pending();
    await world.holdfast.resolveApproval(ADMIN, { approval_id: next?.approval_id ?? "", resolution: "approved" });
  }
  await world.status(session_id, "completed");
});

Deno.test("[EDG4] ready tells that every part was really used, and which one fails", async () => {
  await using world = await openWorld({ workflows: [quiet] });
  const ready = await world.holdfast.health.ready();
  assertEquals([ready.ok, Object.values(ready.checks).map((check) => check.ok)], [true, [true, true, true, true]]);
  world.clock.advance(6_000);
  world.gate.stall();
  const stalled = world.holdfast.health.ready();
  world.clock.advance(4_000);
  assertEquals((await stalled).checks.kv.ok, false);
  world.gate.go();
  world.clock.advance(6_000);
  const again = await world.holdfast.health.ready();
  assertEquals([again.ok, again.checks.disk.detail], [true, "written and read"]);
  assert(world.holdfast.health.metrics().includes("holdfast_commits_total"));
});

Deno.test("[EDG5] deltas come at most each 250 ms or 2,000 characters, and the rest at the end", () => {
  const clock = new FakeClock();
  const told: string[] = [];
  const log = new DeltaLog({
    clock,
    redactor: createRedactor(new Map([["KEY", "hunter2000"]])),
    run_id: "r",
    data: { agent: "a", message_id: "m", step_id: "s", attempt: 1 },
    tell: (event) => told.push(event.event_type === "agent_delta" ? event.data.text : ""),
  });
  log.push("a");
  log.push("b");
  clock.advance(249);
  assertEquals(told, []);
  clock.advance(1);
  assertEquals(told, ["ab"]);
  log.push("c".repeat(2_000));
  log.push("say hunt");
  log.push("er2000");
  log.end();
  clock.advance(1_000);
  assertEquals(told, ["ab", "c".repeat(2_000), "say [redacted:KEY]"]);
});

Deno.test("[EDG6] held processes are as many as slots at most: the one that waits longest goes first", async () => {
  const asking = workflow("asking", async (ctx) => {
    await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
  });
  await using world = await openWorld({ workflows: [asking], env: { HOLDFAST_CONCURRENCY: "2" } });
  for (let n = 0; n < 4; n++) {
    const { session_id } = await world.holdfast.startTask(ADMIN, { task: `T${n}`, config: { mode: "asking" } });
    await world.status(session_id, "waiting");
  }
  await world.until(() => world.sandboxes.alive.length === 2);
  assertEquals(world.sandboxes.started.map((sandbox) => sandbox.alive), [false, false, true, true]);
});

Deno.test("[EDG7] a drain that comes while runs are being claimed leaves none of them executing", async () => {
  await using world = await openWorld({ workflows: [quiet] });
  const started = await Promise.all(
    Array.from({ length: 5 }, (_, n) => world.holdfast.startTask(ADMIN, { task: `T${n}`, config: { mode: "quiet" } })),
  );
  await world.holdfast.drain();
  assertEquals([world.sandboxes.alive, await world.store.leases.list()], [[], []]);
  for (const { session_id } of started) assertEquals((await world.state(session_id)).run?.status, "queued");
});

Deno.test("[EDG8] many messages at once to a run that waits lose none", async () => {
  const listener = workflow("listener", async (ctx) => {
    const heard: string[] = [];
    while (heard.length < 20) heard.push(...(await ctx.waitForMessage("next")).map((message) => message.content));
    return heard;
  }, { messages: true });
  await using world = await openWorld({ workflows: [listener] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "listener" } });
  await world.status(session_id, "waiting");
  const contents = Array.from({ length: 20 }, (_, n) => `m${n}`);
  await Promise.all(
    contents.map((content) =>
      world.holdfast.execute(ADMIN, session_id, { type: "send_message", run_id, message_id: content, content })
    ),
  );
  await world.status(session_id, "completed");
  const { result } = await world.holdfast.query.run(ADMIN, run_id);
  assertEquals(Array.isArray(result) && result.toSorted(), contents.toSorted());
});

for (const [code, status] of [["internal", "failed"], ["store_away", "completed"]] as const) {
  Deno.test(`[EDG9] a sandbox that cannot be told its journal (${code}) is ended; its run is ${status}`, async () => {
    const large = workflow("large", async (ctx) => {
      await ctx.step("large", () => "x".repeat(100_000));
      return (await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 })).verb;
    });
    await using world = await openWorld({ workflows: [large], env: { HOLDFAST_WAIT_HOLD: "0" } });
    const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "large" } });
    await world.status(session_id, "waiting");
    await world.pass(500);
    await world.until(() => world.sandboxes.alive.length === 0);
    const { resolve } = world.store.blobs;
    let failures = 1;
    const failing: typeof resolve = (id, value) =>
      typeof value === "object" && value !== null && failures-- > 0
        ? Promise.reject(new AppError(code, "no answer"))
        : resolve(id, value);
    Object.assign(world.store.blobs, { resolve: failing });
    const [approval] = (await world.state(session_id)).approvals.values();
    await world.holdfast.resolveApproval(ADMIN, { approval_id: approval?.approval_id ?? "", resolution: "approved" });
    await world.status(session_id, status);
    await world.until(() => world.sandboxes.alive.length === 0);
    assertEquals((await world.state(session_id)).run?.takeovers, 0);
  });
}

Deno.test("[EDG10] questions that wait to be asked in branches that are dropped are no fault of their run", async () => {
  let after = false;
  const { promise, resolve } = Promise.withResolvers<null>();
  const many = workflow("many", async (ctx) => {
    const items = Array.from({ length: 55 }, (_, n) => `q${n}`);
    try {
      await ctx.map("all", items, { key: (item) => item, limit: 60 }, async (item) => {
        await ctx.approve("go", { type: "step_approval", title: item, subject: item });
      });
    } catch {
      await ctx.step("after", () => (after = true) && promise);
    }
    return "went on";
  });
  await using world = await openWorld({ workflows: [many] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "many" } });
  const pending = async () =>
    (await world.holdfast.query.approvals(ADMIN, { session_id, status: "pending", limit: 200 })).items;
  await world.until(async () => (await pending()).length === 50);
  await world.pass(500);
  const [first] = await pending();
  await world.holdfast.resolveApproval(ADMIN, { approval_id: first?.approval_id ?? "", resolution: "rejected" });
  await world.until(() => after);
  await world.pass(500);
  assertEquals(await pending(), []);
  resolve(null);
  await world.status(session_id, "completed");
  const run = await world.holdfast.query.run(ADMIN, run_id);
  assertEquals([run.result, run.attempt], ["went on", 1]);
});

Deno.test("[EDG11] the 51st question is asked when there is room, though the group that opened it has ended", async () => {
  const answer = z.string();
  const opens = workflow("opens", async (ctx) => {
    const first = Array.from({ length: 50 }, (_, n) => ctx.open(`q${n}`, { question: `Q${n}`, answer }));
    const { last } = await ctx.group("g", "G", () => ({ last: ctx.open("last", { question: "Last", answer }) }));
    for (const one of first.slice(0, 1)) await ctx.answer(one);
    return await ctx.answer(last);
  });
  for (const crash of [false, true]) {
    await using before = await openWorld({ workflows: [opens] });
    const { session_id, run_id } = await before.holdfast.startTask(ADMIN, { task: "T", config: { mode: "opens" } });
    await before.status(session_id, "waiting");
    if (crash) before.crash();
    const world = crash ? await before.next() : before;
    const asked = async (action: string) =>
      (await world.holdfast.query.approvals(ADMIN, { session_id, status: "pending", limit: 200 })).items
        .find((one) => one.action === action);
    for (const question of ["Q0", "Last"]) {
      await world.until(async () => await asked(question) !== undefined, `${question} is asked`);
      const approval_id = (await asked(question))?.approval_id ?? "";
      const modifications = { answer: `to ${question}` };
      await world.holdfast.resolveApproval(ADMIN, { approval_id, resolution: "answered", modifications });
    }
    await world.status(session_id, "completed");
    const run = await world.holdfast.query.run(ADMIN, run_id);
    assertEquals([run.result, run.attempt], ["to Last", crash ? 2 : 1]);
  }
});

Deno.test("[EDG12] a clock that is set back an hour holds up no short sleep, before or after a crash", async () => {
  const naps = workflow("naps", async (ctx) => {
    await ctx.sleep("nap", 5);
    return "awake";
  });
  const skew = { ms: 0 };
  await using first = await openWorld({ workflows: [naps], skew });
  for (const crash of [false, true]) {
    skew.ms = 0;
    const { session_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "naps" } });
    await first.until(async () => (await first.state(session_id)).entries.has("nap"));
    skew.ms = -3_600_000;
    if (crash) first.crash();
    const world = crash ? await first.next() : first;
    if (crash) await world.until(() => world.sandboxes.alive.length === 1);
    await world.until(async () => {
      await world.pass(1_000);
      return (await world.state(session_id)).run?.status === "completed";
    });
    assert(world.clock.monotonic() < 60_000, "it took its time");
  }
});

Deno.test("[EDG13] a pause is in force though code stands in front of a question that waits to be asked", async () => {
  const many = workflow("many", async (ctx) => {
    const asked = Array.from({ length: 50 }, (_, n) => ctx.open(`q${n}`, { question: `Q${n}`, answer: z.string() }));
    await ctx.exec("reach", { code: "reach" });
    return asked.length;
  });
  await using world = await openWorld({ workflows: [many] });
  let tried = 0;
  world.sandboxes.scripts.set("reach", () => {
    tried++;
    const wants = { kind: "net" as const, what: "api.example.com" };
    return Promise.resolve(tried === 1 ? { ok: false, ended: "denied", exit_code: 77, wants } : {});
  });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "many" } });
  await world.until(() => tried === 1);
  await world.pass(500);
  await world.holdfast.execute(ADMIN, session_id, { type: "pause_run", run_id, now: false });
  await world.status(session_id, "paused");
  await world.holdfast.execute(ADMIN, session_id, { type: "resume_run", run_id });
  await world.status(session_id, "completed");
  assertEquals(tried, 2);
});

Deno.test("[EDG14] a leaf that a sandbox begins twice runs once", async () => {
  const { promise, resolve } = Promise.withResolvers<Record<string, never>>();
  const once = workflow("once", (ctx) => ctx.exec("effect", { code: "effect" }).then(({ ok }) => ok));
  await using world = await openWorld({ workflows: [once] });
  world.sandboxes.scripts.set("effect", () => promise);
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "once" } });
  await world.until(() => world.sandboxes.executed.length === 1);
  const begin = { type: "begin", kind: "exec", key: "effect", scope: "", name: "effect", pos: 0 } as const;
  for (let n = 0; n < 3; n++) {
    world.sandboxes.alive[0]?.forge({ ...begin, digest: "d", policy: {}, args: { code: "effect" } });
  }
  await world.pass(500);
  resolve({});
  await world.status(session_id, "completed");
  assertEquals(world.sandboxes.executed, ["effect"]);
});
