import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "@/lib/config.ts";
import { decide } from "@/lib/engine/decide.ts";
import { engineSettings } from "@/lib/service/create.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, type World } from "./support/world.ts";

/** Everything that a run can do; `ran` holds what was really done, `done` what was acknowledged before. */
function everything(ran: string[]) {
  return workflow("everything", async (ctx) => {
    const first = await ctx.group("first", "First", async () => {
      ctx.emit("agent_message", { agent: "a", message: "begins" });
      return await ctx.step("compute", () => (ran.push("compute"), 41));
    });
    const turn = await ctx.model("think", { agent: "a", messages: [] });
    const block = await ctx.exec("block", { code: "block" });
    const answer = await ctx.approve("go", { type: "step_approval", title: "Go?", subject: first });
    const parts = await ctx.map(
      "parts",
      ["x", "y"],
      { key: (item) => item },
      (item) => ctx.step("part", () => (ran.push(`part ${item}`), item)),
    );
    ctx.emit("agent_message", { agent: "a", message: "ends" });
    return { first, text: turn.text, ok: block.ok, verb: answer.verb, parts };
  });
}

async function answerWhenAsked(world: World, session_id: string): Promise<void> {
  await world.until(async () => {
    const { run } = await world.state(session_id);
    if (run?.status === "completed" || run?.status === "failed") return true;
    const page = await world.holdfast.query.approvals(ADMIN, { status: "pending", session_id, limit: 10 });
    const approval_id = page.items[0]?.approval_id;
    if (approval_id === undefined) return false;
    await world.holdfast.resolveApproval(ADMIN, { approval_id, resolution: "approved" });
    return true;
  }, "an approval");
}

/** Runs to the end, killing the first process at its n-th commit; gives what was done and what was told. */
async function killedAt(n: number, when: "before" | "after") {
  const ran: string[] = [];
  const world = await openWorld({ workflows: [everything(ran)], env: { HOLDFAST_MAX_TAKEOVERS: "5" } });
  try {
    const { session_id, run_id } = await world.holdfast.startTask(ADMIN, {
      task: "T",
      config: { mode: "everything" },
      run_id: "the-run",
    });
    let dead = false;
    world.gate.cutAt(n, when, () => {
      dead = true;
      world.crash();
    });
    void answerWhenAsked(world, session_id).catch(() => {});
    await world.until(async () => dead || (await world.peek(session_id)).run?.status === "completed");
    world.gate.spare();
    if (!dead) return null;
    const finished = await finishedSteps(world, session_id);
    const before = { asked: world.models.asked.length, executed: world.sandboxes.executed.length, ran: [...ran] };
    const second = await world.next();
    await answerWhenAsked(second, session_id);
    await second.status(session_id, "completed");
    const run = await second.holdfast.query.run(ADMIN, run_id);
    const asked = before.asked + second.models.asked.length;
    const executed = before.executed + second.sandboxes.executed.length;
    return { run, events: await second.events(session_id), ran, asked, executed, finished };
  } finally {
    await world[Symbol.asyncDispose]();
  }
}

/** Keys of the leaves that were durable as finished when the process died, read past the gate. */
async function finishedSteps(world: World, session_id: string): Promise<string[]> {
  const second = await world.peek(session_id);
  return [...second.entries.values()].filter((entry) => entry.status !== "open").map((entry) => entry.key);
}

Deno.test("[CRASH1] killed between any commit and its answer, a run goes on and no finished leaf runs twice", async () => {
  let places = 0;
  for (const when of ["before", "after"] as const) {
    for (let n = 1;; n++) {
      const life = await killedAt(n, when);
      if (life === null) break;
      places++;
      const at = `${when} commit ${n}`;
      assertEquals(
        life.run.result,
        { first: 41, text: "answer of a", ok: true, verb: "approved", parts: ["x", "y"] },
        at,
      );
      const count = (name: string) => life.ran.filter((one) => one === name).length;
      const times: Record<string, number> = {
        "first/compute": count("compute"),
        think: life.asked,
        block: life.executed,
        "parts/x/part": count("part x"),
        "parts/y/part": count("part y"),
      };
      for (const [key, number] of Object.entries(times)) {
        assert(number >= 1, `${at}: ${key} never ran`);
        if (life.finished.includes(key)) assertEquals(number, 1, `${at}: ${key} was finished and ran again`);
        assert(number <= 2, `${at}: ${key} ran ${number} times`);
      }
      const said = life.events.filter((event) => event.event_type === "agent_message");
      assertEquals(said.map((event) => event.data["message"]).filter((text) => text !== "answer of a"), [
        "begins",
        "ends",
      ], at);
      assertEquals(life.events.map((event) => event.seq), life.events.map((_, i) => i + 1), at);
      const asked = life.events.filter((event) => event.event_type === "approval_requested");
      assertEquals(asked.length, 1, `${at}: asked once`);
      assertEquals(life.events.at(-1)?.event_type, "complete", at);
    }
  }
  assert(places > 20, `killed at ${places} places`);
});

Deno.test("[CRASH2] a sandbox that dies in the middle of a leaf is replaced, and the leaf runs again with a higher attempt", async () => {
  const attempts: number[] = [];
  const fragile = workflow("fragile", async (ctx) => {
    await ctx.step("sure", () => null);
    return await ctx.step("shaky", ({ attempt }) => {
      attempts.push(attempt);
      return attempt === 1 ? new Promise<number>(() => {}) : attempt;
    });
  });
  await using world = await openWorld({ workflows: [fragile] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "fragile" } });
  await world.until(() => attempts.length === 1);
  world.sandboxes.alive[0]?.crash();
  await world.status(session_id, "completed");
  assertEquals([attempts, (await world.holdfast.query.run(ADMIN, run_id)).result], [[1, 2], 2]);
  const resumed = (await world.events(session_id)).find((event) => event.event_type === "workflow_resumed");
  assertEquals([resumed?.data["reason"], resumed?.data["reused_steps"]], ["takeover", 1]);
});

Deno.test("[CRASH3] a run that kills its sandbox each time fails with the reason, not the server", async () => {
  const poison = workflow("poison", (ctx) => ctx.step("die", () => new Promise<null>(() => {})));
  await using world = await openWorld({ workflows: [poison], env: { HOLDFAST_MAX_TAKEOVERS: "3" } });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "poison" } });
  for (let n = 1; n <= 3; n++) {
    await world.until(() => world.sandboxes.started.length === n && world.sandboxes.alive.length === 1);
    await world.until(async () => {
      const entry = (await world.state(session_id)).entries.get("die");
      return entry?.attempt === n;
    });
    world.sandboxes.alive[0]?.crash();
  }
  await world.status(session_id, "failed");
  const { error } = await world.holdfast.query.run(ADMIN, run_id);
  assertEquals(error?.type, "lost");
  assertEquals(world.sandboxes.started.length, 3);
});

Deno.test("[CRASH4] losses with progress between them do not add up", async () => {
  const slow = workflow("slow", async (ctx) => {
    for (let n = 0; n < 4; n++) {
      await ctx.step(`step${n}`, ({ attempt }) => attempt === 1 ? new Promise<null>(() => {}) : null);
    }
    return "done";
  });
  await using world = await openWorld({ workflows: [slow], env: { HOLDFAST_MAX_TAKEOVERS: "2" } });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "slow" } });
  for (let n = 0; n < 4; n++) {
    await world.until(async () => (await world.state(session_id)).entries.get(`step${n}`)?.attempt === 1);
    world.sandboxes.alive[0]?.crash();
    await world.until(() => world.sandboxes.started.length === n + 2);
  }
  await world.status(session_id, "completed");
});

Deno.test("[CRASH5] a limit of the sandbox ends the run at once with its name", async () => {
  const greedy = workflow("greedy", (ctx) => ctx.step("eat", () => new Promise<null>(() => {})));
  await using world = await openWorld({ workflows: [greedy] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "greedy" } });
  await world.until(async () => (await world.state(session_id)).entries.size === 1);
  world.sandboxes.alive[0]?.crash("memory");
  await world.status(session_id, "failed");
  assertEquals((await world.holdfast.query.run(ADMIN, run_id)).error?.type, "memory");
  assertEquals(world.sandboxes.started.length, 1);
});

Deno.test("[CRASH6] no process to be had is a loss: tried again, then failed with the reason", async () => {
  const plain = workflow("plain", () => "done");
  await using world = await openWorld({ workflows: [plain], env: { HOLDFAST_MAX_TAKEOVERS: "3" } });
  world.sandboxes.failStarts = 2;
  const first = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "plain" } });
  await world.status(first.session_id, "completed");
  world.sandboxes.failStarts = 3;
  const second = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "plain" } });
  await world.status(second.session_id, "failed");
  assert((await world.holdfast.query.run(ADMIN, second.run_id)).error?.message.includes("no process to be had"));
});

Deno.test("[CRASH7] a run in the queue survives a restart; a run in the middle is taken over at once", async () => {
  const ran: string[] = [];
  const hold = workflow("hold", async (ctx) => {
    await ctx.step("mark", () => (ran.push(ctx.task), null));
    return await ctx.step(
      "end",
      ({ attempt }) => attempt === 1 && ctx.task === "a" ? new Promise<string>(() => {}) : "x",
    );
  });
  await using world = await openWorld({ workflows: [hold], env: { HOLDFAST_CONCURRENCY: "1" } });
  const a = await world.holdfast.startTask(ADMIN, { task: "a", config: { mode: "hold" } });
  await world.until(async () => (await world.state(a.session_id)).entries.get("end")?.status === "open");
  const b = await world.holdfast.startTask(ADMIN, { task: "b", config: { mode: "hold" } });
  world.crash();
  const second = await world.next();
  await second.status(a.session_id, "completed");
  await second.status(b.session_id, "completed");
  assertEquals(ran, ["a", "b"]);
});

Deno.test("[CRASH8] drain puts what executes back into the queue without a loss, and leaves no sandbox", async () => {
  const attempts: number[] = [];
  const hold = workflow("hold", (ctx) =>
    ctx.step("end", ({ attempt }) => {
      attempts.push(attempt);
      return attempt === 1 ? new Promise<string>(() => {}) : "done";
    }));
  await using world = await openWorld({ workflows: [hold] });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "hold" } });
  await world.until(() => attempts.length === 1);
  const drained = world.holdfast.drain();
  await world.pass(24_000, 1_000);
  assertEquals(world.sandboxes.alive.length, 1, "the step may end");
  await world.pass(2_000, 1_000);
  await drained;
  assertEquals(world.sandboxes.alive, []);
  const { run } = await world.state(session_id);
  assert(run?.status === "queued");
  assertEquals([run.reason, run.takeovers], ["drain", 0]);
  assertEquals(await world.store.leases.list(), []);
  world.crash();
  const second = await world.next();
  await second.status(session_id, "completed");
  assertEquals(attempts, [1, 2]);
});

Deno.test("[CRASH10] in a drain a step at work ends and is kept, no other begins, and nothing runs twice", async () => {
  const ran: string[] = [];
  let finish = () => {};
  const two = workflow("two", async (ctx) => {
    await ctx.step("first", () => new Promise<null>((resolve) => (ran.push("first"), finish = () => resolve(null))));
    return await ctx.step("second", () => (ran.push("second"), "done"));
  });
  await using world = await openWorld({ workflows: [two] });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "two" } });
  await world.until(() => ran.length === 1);
  const drained = world.holdfast.drain();
  await world.pass(1_000);
  finish();
  await drained;
  const { run, entries } = await world.state(session_id);
  assert(run?.status === "queued");
  assertEquals([run.reason, run.takeovers, [...entries.keys()]], ["drain", 0, ["first"]]);
  assertEquals([entries.get("first")?.status, world.sandboxes.alive.length], ["done", 0]);
  world.crash();
  const second = await world.next();
  await second.status(session_id, "completed");
  assertEquals(ran, ["first", "second"]);
});

Deno.test("[CRASH9] a lease of this instance that has no sandbox, seen twice in 10 s, is a loss", async () => {
  let begun = false;
  const { promise, resolve: open } = Promise.withResolvers<null>();
  const hold = workflow(
    "hold",
    (ctx) => ctx.task === "first" ? ctx.step("hold", () => (begun = true) && promise) : null,
  );
  await using world = await openWorld({ workflows: [hold], env: { HOLDFAST_CONCURRENCY: "1" } });
  const first = await world.holdfast.startTask(ADMIN, { task: "first", config: { mode: "hold" } });
  await world.until(() => begun);
  const lost = await world.holdfast.startTask(ADMIN, { task: "lost", config: { mode: "hold" } });
  // As if the claim had been committed and its answer never heard.
  const system = { kind: "system", instance: world.instance } as const;
  await world.store.writer.submit({
    session_id: lost.session_id,
    outside: [],
    urgent: true,
    owner: "run",
    decide: ({ state, now }) => {
      const context = { now, settings: engineSettings(parseConfig({})), outside: {} };
      const decision = decide(state, system, { type: "claim_run", run_id: lost.run_id }, context);
      if (!decision.ok || "same" in decision) throw new Error("not claimed");
      return { commit: true, state: decision.state, events: decision.events, reply: null };
    },
  });
  assertEquals((await world.state(lost.session_id)).run?.status, "running");
  open(null);
  await world.status(first.session_id, "completed");
  await world.pass(9_000, 1_000);
  assertEquals((await world.state(lost.session_id)).run?.status, "running");
  await world.pass(3_000, 1_000);
  assertEquals((await world.state(lost.session_id)).run?.status, "running", "seen once: it may be on its way");
  await world.pass(10_000, 1_000);
  // Seen again: how many turns of the loops it takes from here to its end is not the rule.
  await world.until(async () => {
    await world.pass(1_000);
    return (await world.state(lost.session_id)).run?.status === "completed";
  });
  const resumed = (await world.events(lost.session_id)).filter((event) => event.event_type === "workflow_started");
  assertEquals(resumed.map((event) => event.data["attempt"]), [2]);
});

Deno.test("[CRASH11] a start touches runs with a lease or in the queue; those that wait are not even read", async () => {
  const asks = workflow("asks", async (ctx) => {
    await ctx.approve("go", { type: "step_approval", title: "Go?", subject: "it" });
    return "done";
  });
  await using world = await openWorld({ workflows: [asks] });
  const waiting: string[] = [];
  for (let n = 0; n < 3; n++) {
    const { session_id } = await world.holdfast.startTask(ADMIN, { task: `${n}`, config: { mode: "asks" } });
    await world.status(session_id, "waiting");
    waiting.push(session_id);
  }
  world.crash();
  const read: string[] = [];
  const second = await world.next({ heard: (key) => read.push(key.join("/")) });
  const { session_id } = await second.holdfast.startTask(ADMIN, { task: "new", config: { mode: "asks" } });
  await second.status(session_id, "waiting");
  await second.pass(3_000, 1_000);
  assert(read.some((key) => key.includes(session_id)));
  // What today's runs have cost is summed up from their records; of their sessions nothing is loaded.
  const touched = read.filter((key) => !key.startsWith("run/") && waiting.some((one) => key.includes(one)));
  assertEquals(touched, []);
});

Deno.test("[CRASH12] an exit for a source that moved is no loss, but only when it did move", async () => {
  const never = () => new Promise<null>(() => {});
  // Two sources of one workflow.
  const sources = [
    workflow("made", (ctx) => ctx.step("s", never)),
    workflow("made", async (ctx) => await ctx.step("s", never)),
  ];
  const env = { HOLDFAST_MAX_TAKEOVERS: "2", HOLDFAST_WORKFLOWS: "/tmp" };
  await using world = await openWorld({ workflows: sources.slice(0, 1), env });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "made" } });
  const started = (n: number) =>
    world.until(() => world.sandboxes.started.length === n && world.sandboxes.alive.length === 1);
  for (let n = 1; n <= 4; n++) {
    await started(n);
    world.sandboxes.workflows = sources.slice(n % 2, n % 2 + 1);
    world.sandboxes.alive[0]?.crash("exit", 75);
  }
  await started(5);
  assertEquals((await world.state(session_id)).run?.takeovers, 0);
  world.sandboxes.alive[0]?.crash("exit", 75);
  await started(6);
  world.sandboxes.alive[0]?.crash("exit", 75);
  await world.status(session_id, "failed");
  assertEquals((await world.holdfast.query.run(ADMIN, run_id)).error?.type, "lost");
});
