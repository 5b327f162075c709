import { assert, assertEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, type World } from "./support/world.ts";

/** Steps before and after a question; `ran` holds what was really done. */
function asking(ran: string[]) {
  return workflow("asking", async (ctx) => {
    await ctx.step("before", () => (ran.push("before"), null));
    const answer = await ctx.approve("go", {
      type: "step_approval",
      title: "Go on?",
      subject: { step: 1 },
      allowed: ["approved", "rejected"],
    });
    await ctx.step("after", () => (ran.push("after"), null));
    return `${answer.verb} by ${answer.by}`;
  });
}

async function startAsking(world: World): Promise<{ session_id: string; run_id: string; approval_id: string }> {
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "asking" } });
  await world.status(session_id, "waiting");
  const [approval] = (await world.holdfast.query.approvals(ADMIN, { status: "pending", session_id, limit: 10 })).items;
  return { session_id, run_id, approval_id: approval?.approval_id ?? "" };
}
const yes = (approval_id: string) => ({ approval_id, resolution: "approved" });

Deno.test("[WAIT1] an answer while the sandbox is held goes on in the same sandbox", async () => {
  const ran: string[] = [];
  await using world = await openWorld({ workflows: [asking(ran)] });
  const { session_id, run_id, approval_id } = await startAsking(world);
  assertEquals(world.sandboxes.alive.length, 1);
  const approval = await world.holdfast.resolveApproval(ADMIN, yes(approval_id));
  assertEquals(approval.status, "resolved");
  await world.status(session_id, "completed");
  assertEquals([ran, world.sandboxes.started.length], [["before", "after"], 1]);
  assertEquals((await world.holdfast.query.run(ADMIN, run_id)).result, "approved by Administrator");
  const types = (await world.events(session_id)).map((event) => event.event_type);
  assertEquals(types.includes("workflow_resumed"), false);
});

Deno.test("[WAIT2] an answer after the process was given up starts a new one, and nothing runs twice", async () => {
  const ran: string[] = [];
  await using world = await openWorld({ workflows: [asking(ran)], env: { HOLDFAST_WAIT_HOLD: "30" } });
  const { session_id, approval_id } = await startAsking(world);
  await world.pass(29_000);
  assertEquals(world.sandboxes.alive.length, 1);
  await world.pass(1_500);
  await world.until(() => world.sandboxes.alive.length === 0);
  assertEquals((await world.state(session_id)).run?.status, "waiting");
  await world.holdfast.resolveApproval(ADMIN, yes(approval_id));
  await world.status(session_id, "completed");
  assertEquals([ran, world.sandboxes.started.length], [["before", "after"], 2]);
  const resumed = (await world.events(session_id)).filter((event) => event.event_type === "workflow_resumed");
  assertEquals(resumed.map((event) => [event.data["reason"], event.data["reused_steps"]]), [["wake", 1]]);
});

Deno.test("[WAIT3] an answer after a restart is used, and nothing runs twice", async () => {
  const ran: string[] = [];
  await using world = await openWorld({ workflows: [asking(ran)] });
  const { session_id, approval_id } = await startAsking(world);
  world.crash();
  const second = await world.next();
  assertEquals((await second.state(session_id)).run?.status, "waiting");
  assertEquals(second.sandboxes.started.length, 0);
  await second.holdfast.resolveApproval(ADMIN, yes(approval_id));
  await second.status(session_id, "completed");
  assertEquals(ran, ["before", "after"]);
});

Deno.test("[WAIT4] two answers at once have one winner; the same answer again is the first one's", async () => {
  const ran: string[] = [];
  await using world = await openWorld({ workflows: [asking(ran)] });
  const { session_id, approval_id } = await startAsking(world);
  const both = [yes(approval_id), { approval_id, resolution: "rejected" as const }];
  const answers = await Promise.allSettled(both.map((answer) => world.holdfast.resolveApproval(ADMIN, answer)));
  // Which of the two is first is for the store to say.
  const [losing] = answers.filter((answer) => answer.status === "rejected");
  assertEquals(answers.filter((answer) => answer.status === "rejected").length, 1);
  assert(losing?.reason instanceof AppError && losing.reason.code === "already_resolved");
  const won = both[answers.findIndex((answer) => answer.status === "fulfilled")]!;
  assertEquals((await world.holdfast.resolveApproval(ADMIN, won)).resolution, won.resolution);
  // Both verbs are listed by its question: either lets it go on.
  await world.status(session_id, "completed");
  assertEquals((await world.holdfast.resolveApproval(ADMIN, won)).resolution, won.resolution);
  const received = (await world.events(session_id)).filter((event) => event.event_type === "approval_received");
  assertEquals(received.length, 1);
});

Deno.test("[WAIT5] a verb that is not allowed is refused, and the question stays open", async () => {
  await using world = await openWorld({ workflows: [asking([])] });
  const { approval_id } = await startAsking(world);
  const error = await assertRejects(
    () => world.holdfast.resolveApproval(ADMIN, { approval_id, resolution: "skip" }),
    AppError,
  );
  assertEquals(error.code, "not_allowed_verb");
  await assertRejects(() => world.holdfast.resolveApproval(ADMIN, { approval_id, resolution: "perhaps" }), AppError);
  assertEquals((await world.holdfast.query.approval(ADMIN, approval_id)).status, "pending");
});

Deno.test("[WAIT6] a question that nobody answers expires at its deadline, also when the process is long gone", async () => {
  const ran: string[] = [];
  await using world = await openWorld({
    workflows: [asking(ran)],
    env: { APPROVAL_TIMEOUT: "120", HOLDFAST_WAIT_HOLD: "1" },
  });
  const { session_id, approval_id } = await startAsking(world);
  await world.pass(110_000, 5_000);
  assertEquals((await world.holdfast.query.approval(ADMIN, approval_id)).status, "pending");
  await world.pass(13_000);
  await world.status(session_id, "completed");
  const approval = await world.holdfast.query.approval(ADMIN, approval_id);
  assertEquals([approval.status, approval.resolution, approval.resolved_by], ["expired", "rejected", "timeout"]);
  assertEquals((await world.holdfast.query.run(ADMIN, approval.run_id)).result, "rejected by timeout");
});

Deno.test("[WAIT7] a waiting run gives its slot up at once", async () => {
  const ran: string[] = [];
  const quick = workflow("quick", () => "done");
  await using world = await openWorld({ workflows: [asking(ran), quick], env: { HOLDFAST_CONCURRENCY: "1" } });
  await startAsking(world);
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "quick" } });
  await world.status(session_id, "completed");
});

Deno.test("[WAIT8] a timer fires over a restart", async () => {
  const sleeper = workflow("sleeper", async (ctx) => {
    await ctx.sleep("night", 3600);
    return "morning";
  });
  await using world = await openWorld({ workflows: [sleeper] });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "sleeper" } });
  await world.status(session_id, "waiting");
  world.crash();
  const second = await world.next();
  await second.pass(5_000);
  assertEquals((await second.state(session_id)).run?.status, "waiting");
  second.clock.advance(3_600_000);
  await second.pass(1_500);
  await second.status(session_id, "completed");
});

Deno.test("[WAIT9] a short sleep keeps its process and its slot and is never told", async () => {
  const nap = workflow("nap", async (ctx) => {
    await ctx.sleep("nap", 5);
    return "awake";
  });
  await using world = await openWorld({ workflows: [nap] });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "nap" } });
  await world.until(async () => (await world.state(session_id)).entries.size === 1);
  await world.pass(2_500);
  assertEquals((await world.state(session_id)).run?.status, "running");
  await world.pass(3_000);
  await world.status(session_id, "completed");
  const types = (await world.events(session_id)).map((event) => event.event_type);
  assertEquals(types.filter((type) => type.startsWith("wait_")), []);
});

Deno.test("[WAIT10] a message before its wait lies ready; one during the wait wakes the run", async () => {
  const listener = workflow("listener", async (ctx) => {
    const first = await ctx.waitForMessage("first");
    const second = await ctx.waitForMessage("second");
    return [...first, ...second].map((message) => message.content);
  }, { messages: true });
  await using world = await openWorld({ workflows: [listener], env: { HOLDFAST_WAIT_HOLD: "0" } });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "listener" } });
  const send = (content: string) =>
    world.holdfast.execute(ADMIN, session_id, { type: "send_message", run_id, message_id: content, content });
  await send("one");
  await world.status(session_id, "waiting");
  await world.pass(250);
  await send("two");
  await world.status(session_id, "completed");
  assertEquals((await world.holdfast.query.run(ADMIN, run_id)).result, ["one", "two"]);
});

Deno.test("[WAIT11] a mode that takes no messages refuses them", async () => {
  await using world = await openWorld({ workflows: [asking([])] });
  const { session_id, run_id } = await startAsking(world);
  const error = await assertRejects(
    () => world.holdfast.execute(ADMIN, session_id, { type: "send_message", run_id, message_id: "m", content: "x" }),
    AppError,
  );
  assertEquals(error.code, "takes_no_messages");
});

Deno.test("[WAIT12] branches that wait together let the process go; each answer is used once", async () => {
  const ran: string[] = [];
  const both = workflow("both", async (ctx) =>
    await ctx.all("both", {
      a: async () => {
        const { verb } = await ctx.approve("a", { type: "step_approval", title: "A?", subject: "a" });
        return await ctx.step("do a", () => (ran.push("a"), verb));
      },
      b: async () => {
        const { verb } = await ctx.approve("b", { type: "step_approval", title: "B?", subject: "b" });
        return await ctx.step("do b", () => (ran.push("b"), verb));
      },
    }));
  await using world = await openWorld({ workflows: [both], env: { HOLDFAST_WAIT_HOLD: "0" } });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "both" } });
  await world.status(session_id, "waiting");
  const { items } = await world.holdfast.query.approvals(ADMIN, { status: "pending", session_id, limit: 10 });
  assertEquals(items.length, 2);
  for (const { approval_id } of items) {
    await world.pass(250);
    await world.holdfast.resolveApproval(ADMIN, yes(approval_id));
  }
  await world.status(session_id, "completed");
  assertEquals(ran.toSorted(), ["a", "b"]);
  assertEquals((await world.holdfast.query.run(ADMIN, run_id)).result, { a: "approved", b: "approved" });
});
