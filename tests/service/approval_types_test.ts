import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { type ApprovalType, type OnTimeout, type Verb, VERBS } from "@/lib/model/approval.ts";
import type { Approval } from "@/lib/protocol/rest.ts";
import { z } from "@/workers/sdk/mod.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, type World } from "./support/world.ts";

const TYPES = Object.keys(VERBS) as ApprovalType[];
const Subject = z.strictObject({ path: z.string() });
const said = (error: unknown) => ({ code: (error as { code?: string }).code, message: (error as Error).message });

/** Asks once, as the task says: `TYPE ON_TIMEOUT`; what comes of it is the result. */
const asking = workflow("asking", async (ctx) => {
  const [type, on_timeout] = ctx.task.split(" ") as [ApprovalType, OnTimeout];
  try {
    if (type === "input") {
      const answer = await ctx.ask("q", { question: "Which?", answer: z.string(), timeout_s: 60, on_timeout });
      return { verb: "answered", value: answer };
    }
    const verbs: Verb[] = VERBS[type].filter((verb) => verb !== "modified");
    const { verb, value, edited } = await ctx.approve("q", {
      type,
      title: "Shall it?",
      subject: { path: "a.txt" },
      timeout_s: 60,
      on_timeout,
      allowed: verbs,
      ...(VERBS[type].includes("modified") ? { edit: Subject } : {}),
    });
    return { verb, value, edited };
  } catch (error) {
    return said(error);
  }
});

async function asked(world: World, type: ApprovalType, on_timeout: OnTimeout = "reject") {
  const started = await world.holdfast.startTask(ADMIN, {
    task: `${type} ${on_timeout}`,
    config: { mode: "asking" },
  });
  await world.status(started.session_id, "waiting");
  const page = await world.holdfast.query.approvals(ADMIN, {
    status: "pending",
    session_id: started.session_id,
    limit: 10,
  });
  const [approval] = page.items;
  assert(approval !== undefined);
  return { ...started, approval };
}
const answer = (world: World, { approval_id }: Approval, resolution: Verb, modifications?: unknown) =>
  world.holdfast.resolveApproval(
    ADMIN,
    {
      approval_id,
      resolution,
      ...(modifications === undefined ? {} : { modifications }),
    } as Parameters<World["holdfast"]["resolveApproval"]>[1],
  );
const codeOf = (promise: Promise<unknown>) =>
  promise.then(() => "taken", (error) => error instanceof AppError ? error.code : String(error));
const resultOf = async (world: World, of: { session_id: string; run_id: string }) => {
  await world.status(of.session_id, "completed");
  return (await world.holdfast.query.run(ADMIN, of.run_id)).result;
};

/** What comes with a verb. */
function withVerb(verb: Verb): unknown {
  if (verb === "modified") return { path: "b.txt" };
  return verb === "answered" ? { answer: "the second" } : undefined;
}
/** What the workflow gets for a verb that it takes. */
function got(verb: Verb, type: ApprovalType): Record<string, unknown> {
  if (verb === "answered") return { verb, value: "the second" };
  // `modified` comes back as the verb that stands for yes.
  if (verb === "modified") {
    return { verb: type === "error_recovery" ? "retry" : "approved", value: { path: "b.txt" }, edited: true };
  }
  if (verb === "rejected" && type === "input") return { code: "rejected" };
  return { verb, value: { path: "a.txt" }, edited: false };
}

Deno.test("[APT1] every type with every verb of its table: taken once, told, and given to the workflow", async () => {
  await using world = await openWorld({ workflows: [asking] });
  for (const type of TYPES) {
    for (const verb of VERBS[type]) {
      const run = await asked(world, type);
      assertEquals(run.approval.approval_type, type);
      assertEquals(run.approval.allowed.toSorted(), VERBS[type].toSorted());
      const done = await answer(world, run.approval, verb, withVerb(verb));
      assertObjectMatch(done, { status: "resolved", resolution: verb, resolved_by: { name: "Administrator" } });
      assertObjectMatch(await resultOf(world, run) as object, got(verb, type), `${type} ${verb}`);
      const received = (await world.events(run.session_id)).find((event) => event.event_type === "approval_received");
      const yes = ["approved", "approved_session", "modified", "answered", "retry", "skip"].includes(verb);
      assertObjectMatch(received?.data ?? {}, { resolution: verb, approved: yes });
    }
  }
});

Deno.test("[APT2] every type refuses each verb that its table does not name, and stays answerable", async () => {
  await using world = await openWorld({ workflows: [asking] });
  const all = new Set(Object.values(VERBS).flat());
  for (const type of TYPES) {
    const run = await asked(world, type);
    for (const verb of all) {
      if (VERBS[type].includes(verb)) continue;
      assertEquals(
        await codeOf(answer(world, run.approval, verb, withVerb(verb))),
        "not_allowed_verb",
        `${type} ${verb}`,
      );
    }
    assertEquals((await world.holdfast.query.approval(ADMIN, run.approval.approval_id)).status, "pending");
    await world.holdfast.cancelRun(ADMIN, run.run_id);
    await world.status(run.session_id, "cancelled");
    assertEquals(
      await codeOf(answer(world, run.approval, VERBS[type][0] ?? "approved", withVerb(VERBS[type][0] ?? "approved"))),
      "wrong_state",
    );
  }
});

Deno.test("[APT3] an edit must fit its schema, an answer must be one; nothing else takes an edit", async () => {
  await using world = await openWorld({ workflows: [asking] });
  for (const type of TYPES.filter((one) => VERBS[one].includes("modified") && one !== "tool_call")) {
    const run = await asked(world, type);
    for (const wrong of [undefined, {}, { path: 5 }, { path: "b", more: 1 }, "text", null]) {
      assertEquals(
        await codeOf(answer(world, run.approval, "modified", wrong)),
        "invalid",
        `${type} ${JSON.stringify(wrong)}`,
      );
    }
    const plain = VERBS[type].find((verb) => verb !== "modified" && verb !== "rejected");
    assertEquals(await codeOf(answer(world, run.approval, plain ?? "approved", { path: "b" })), "invalid");
  }
  const question = await asked(world, "input");
  for (const wrong of [undefined, {}, { answer: 5 }, { reply: "x" }]) {
    assertEquals(await codeOf(answer(world, question.approval, "answered", wrong)), "invalid");
  }
});

Deno.test("[APT4] every type at its deadline does what on_timeout says: status, what it chose, by whom, and what is thrown", async () => {
  await using world = await openWorld({ workflows: [asking] });
  for (const type of TYPES) {
    for (const on_timeout of ["reject", "approve", "fail"] as const) {
      const run = await asked(world, type, on_timeout);
      await world.pass(63_000, 1_000);
      const result = await resultOf(world, run) as Record<string, unknown>;
      const row = await world.holdfast.query.approval(ADMIN, run.approval.approval_id);
      const first = (...verbs: Verb[]) => verbs.find((verb) => VERBS[type].includes(verb)) ?? null;
      const no = first("rejected", "abort");
      const chosen = on_timeout === "fail"
        ? null
        : on_timeout === "reject"
        ? no
        : first("approved", "retry", "skip") ?? no;
      assertEquals(
        [row.status, row.resolution, row.resolved_by],
        ["expired", chosen, "timeout"],
        `${type} ${on_timeout}`,
      );
      if (chosen === null || type === "input") assertEquals(result["code"], "expired", `${type} ${on_timeout}`);
      else assertEquals(result["verb"], chosen, `${type} ${on_timeout}`);
      assertEquals(
        await codeOf(answer(world, run.approval, VERBS[type][0] ?? "approved", withVerb(VERBS[type][0] ?? "approved"))),
        "wrong_state",
      );
    }
  }
});

Deno.test("[APT5] the digest is of type, subject and verbs: the texts and the deadline do not move it", async () => {
  const twice = workflow("twice", async (ctx) => {
    const subject = { n: 1 };
    await ctx.approve("a", { type: "step_approval", title: "One", subject, timeout_s: 60 });
    await ctx.approve("b", { type: "step_approval", title: "Other words", description: "more", subject });
    await ctx.approve("c", { type: "step_approval", title: "One", subject: { n: 2 } });
    await ctx.approve("d", { type: "plan_approval", title: "One", subject });
    await ctx.approve("e", { type: "step_approval", title: "One", subject, allowed: ["approved", "skip"] });
  });
  await using world = await openWorld({ workflows: [twice] });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "twice" } });
  const digests: string[] = [];
  for (let n = 0; n < 5; n++) {
    await world.status(session_id, "waiting");
    const [one] = (await world.holdfast.query.approvals(ADMIN, { status: "pending", session_id, limit: 5 })).items;
    assert(one !== undefined);
    digests.push(one.digest);
    await answer(world, one, "approved");
    if (n < 4) {
      await world.until(async () =>
        (await world.holdfast.query.approvals(ADMIN, { status: "pending", session_id, limit: 5 })).items.length === 1
      );
    }
  }
  assertEquals(digests[0], digests[1]);
  assertEquals(new Set(digests).size, 4);
});

Deno.test("[APT6] a question that is opened can be answered before anybody waits for it; a twin device's same answer is the first's", async () => {
  const opening = workflow("opening", async (ctx) => {
    const opened = ctx.open("q", { question: "Which?", answer: z.string() });
    await ctx.approve("gate", { type: "step_approval", title: "Go on?", subject: null });
    return await ctx.answer(opened);
  });
  await using world = await openWorld({ workflows: [opening] });
  const run = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "opening" } });
  await world.status(run.session_id, "waiting");
  const open =
    (await world.holdfast.query.approvals(ADMIN, { status: "pending", session_id: run.session_id, limit: 5 })).items;
  const [question, gate] = ["input", "step_approval"].map((type) => open.find((one) => one.approval_type === type));
  assert(question !== undefined && gate !== undefined);
  const both = await Promise.all([1, 2].map(() => answer(world, question, "answered", { answer: "early" })));
  assertEquals(both.map((one) => one.resolution), ["answered", "answered"]);
  assertEquals(await codeOf(answer(world, question, "answered", { answer: "late" })), "already_resolved");
  await world.until(async () => (await world.state(run.session_id)).run?.status === "waiting");
  await answer(world, gate, "approved");
  assertEquals(await resultOf(world, run), "early");
});

Deno.test("[APT7] an answer during a takeover counts once, whichever instance takes it", async () => {
  await using world = await openWorld({ workflows: [asking] });
  const run = await asked(world, "step_approval");
  world.crash();
  const next = await world.next();
  const both = await Promise.allSettled([
    answer(next, run.approval, "approved"),
    answer(next, run.approval, "rejected"),
  ]);
  assertEquals(both.filter((one) => one.status === "fulfilled").length, 1);
  await next.status(run.session_id, "completed");
  const received = (await next.events(run.session_id)).filter((event) => event.event_type === "approval_received");
  assertEquals(received.length, 1);
});
