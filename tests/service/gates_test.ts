import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import type { Approval } from "@/lib/protocol/rest.ts";
import type { Ctx, Workflow } from "@/workers/sdk/types.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, type World } from "./support/world.ts";

const SITE = "https://api.example.com/data";

/** A workflow of one call; what it throws is its result. */
const trying = (id: string, fn: (ctx: Ctx) => unknown): Workflow =>
  workflow(id, async (ctx) => {
    try {
      return await fn(ctx);
    } catch (error) {
      return `${(error as { code?: string }).code}: ${(error as Error).message}`;
    }
  });
const writing = trying("writing", async (ctx) => {
  await ctx.tool("files_write", { path: "a.txt", content: "one" }, { gate: true });
  return "written";
});
const fetching = trying("fetching", async (ctx) => (await ctx.tool("fetch", { url: ctx.task })).body);
const coding = trying("coding", async (ctx) => {
  const done = await ctx.exec("run", { code: "net" });
  return `${done.ended} ${done.message ?? ""}`.trim();
});

async function pending(world: World, session_id: string): Promise<Approval[]> {
  return (await world.holdfast.query.approvals(ADMIN, { status: "pending", session_id, limit: 100 })).items;
}
async function asked(world: World, task: string, mode: string, config = {}) {
  const started = await world.holdfast.startTask(ADMIN, { task, config: { mode, ...config } });
  await world.status(started.session_id, "waiting");
  const [approval] = await pending(world, started.session_id);
  assert(approval !== undefined);
  return { ...started, approval };
}
const answer = (world: World, approval: Approval, resolution: string, modifications?: unknown) =>
  world.holdfast.resolveApproval(
    ADMIN,
    {
      approval_id: approval.approval_id,
      resolution,
      ...(modifications === undefined ? {} : { modifications }),
    } as Parameters<World["holdfast"]["resolveApproval"]>[1],
  );
const result = async (world: World, of: { session_id: string; run_id: string }) => {
  await world.status(of.session_id, "completed");
  return (await world.holdfast.query.run(ADMIN, of.run_id)).result;
};

Deno.test("[GATE1] a gated tool is asked about before it begins, gives its slot up, and runs once after the yes", async () => {
  await using world = await openWorld({ workflows: [writing], env: { HOLDFAST_CONCURRENCY: "1" } });
  const run = await asked(world, "T", "writing");
  assertEquals([run.approval.approval_type, run.approval.action], ["tool_call", "Write the file a.txt"]);
  assertEquals(run.approval.context, { tool: "files_write", args: { path: "a.txt", content: "one" } });
  assertEquals(await world.folders.scan(run.session_id), []);
  const other = await asked(world, "T", "writing");
  await answer(world, run.approval, "approved");
  assertEquals(await result(world, run), "written");
  assertEquals((await world.folders.scan(run.session_id)).map((file) => file.path), ["a.txt"]);
  assertEquals((await pending(world, other.session_id)).length, 1);
});

Deno.test("[GATE2] modified changes the arguments; callTool gives them back; a schema that they break is refused", async () => {
  const calling = trying(
    "calling",
    (ctx) => ctx.callTool("files_write", { path: "a.txt", content: "one" }, { gate: true }),
  );
  await using world = await openWorld({ workflows: [calling] });
  const run = await asked(world, "T", "calling");
  await assertRejects(() => answer(world, run.approval, "modified", { path: 5, content: "x" }), AppError);
  await assertRejects(
    () => answer(world, run.approval, "modified", { path: "b", content: "x", tool: "fetch" }),
    AppError,
  );
  await answer(world, run.approval, "modified", { path: "b.txt", content: "two" });
  assertEquals(await result(world, run), {
    value: { path: "b.txt", size_bytes: 3 },
    args: { path: "b.txt", content: "two" },
  });
  const entry = (await world.store.journal.entries(run.session_id, run.run_id)).find((one) => one.kind === "tool");
  assert(entry?.args_digest !== undefined);
});

Deno.test("[GATE3] rejected and expired are thrown into the workflow, in words", async () => {
  await using world = await openWorld({ workflows: [writing] });
  const no = await asked(world, "T", "writing");
  await world.holdfast.resolveApproval(ADMIN, {
    approval_id: no.approval.approval_id,
    resolution: "rejected",
    feedback: "not here",
  });
  assertEquals(await result(world, no), 'rejected: Administrator said no to "Write the file a.txt": not here');
  const late = await asked(world, "T", "writing", { approvalTimeout: 60 });
  await world.pass(63_000, 1_000);
  assertEquals(await result(world, late), 'expired: Nobody answered "Write the file a.txt" in time');
});

Deno.test("[GATE4] a gate outlives restarts of the server: the same question, nothing done twice", async () => {
  await using world = await openWorld({ workflows: [writing] });
  const run = await asked(world, "T", "writing");
  let now = world;
  for (let restart = 0; restart < 3; restart++) {
    now.crash();
    now = await now.next();
  }
  assertEquals((await pending(now, run.session_id)).map((one) => one.approval_id), [run.approval.approval_id]);
  await answer(now, run.approval, "approved");
  assertEquals(await result(now, run), "written");
  const asks = (await now.events(run.session_id)).filter((event) => event.event_type === "approval_requested");
  assertEquals(asks.length, 1);
});

Deno.test("[GATE5] a fetch from a host that is not granted asks for it; what nobody may be asked for is refused at once", async () => {
  await using world = await openWorld({ workflows: [fetching] });
  world.reach.pages.set(SITE, "the page");
  const run = await asked(world, SITE, "fetching");
  assertEquals([run.approval.approval_type, run.approval.action], ["permission", "Reach api.example.com"]);
  assertEquals(world.reach.sent, []);
  await answer(world, run.approval, "approved");
  assertEquals(await result(world, run), "the page");
  const granted = await world.holdfast.startTask(ADMIN, {
    task: SITE,
    config: { mode: "fetching", grants: { read: [], net: ["api.example.com"] } },
  });
  assertEquals(await result(world, granted), "the page");
  for (
    const url of [
      "http://127.0.0.1:8000/",
      "http://localhost/",
      "http://metadata.google.internal/",
      "http://x.example.com:6379/",
      "file:///etc/passwd",
      "https://a@b.example.com/",
    ]
  ) {
    const refused = await world.holdfast.startTask(ADMIN, { task: url, config: { mode: "fetching" } });
    assertStringIncludes(
      String(await result(world, refused)),
      url.startsWith("http") && !url.includes("@") ? "refused: Cannot fetch from" : ":",
    );
    assertEquals(await pending(world, refused.session_id), []);
  }
});

Deno.test("[GATE6] a redirect to another host is asked for as well, and is not followed before the yes", async () => {
  await using world = await openWorld({ workflows: [fetching] });
  world.reach.moved.set(SITE, "https://cdn.example.net/x");
  world.reach.pages.set("https://cdn.example.net/x", "moved");
  const run = await asked(world, SITE, "fetching");
  await answer(world, run.approval, "approved");
  await world.until(async () => (await pending(world, run.session_id)).length === 1);
  const [second] = await pending(world, run.session_id);
  assertEquals(second?.action, "Reach cdn.example.net");
  assertStringIncludes(second?.description ?? "", "leads on to cdn.example.net");
  assert(second !== undefined);
  await world.status(run.session_id, "waiting");
  await answer(world, second, "approved");
  assertEquals(await result(world, run), "moved");
});

Deno.test("[GATE7] for this session: no question again, in later runs and after a restart; never: no without a question", async () => {
  await using world = await openWorld({ workflows: [fetching] });
  world.reach.pages.set(SITE, "the page");
  const run = await asked(world, SITE, "fetching");
  await answer(world, run.approval, "approved_session");
  assertEquals(await result(world, run), "the page");
  world.crash();
  const next = await world.next();
  next.reach.pages.set(SITE, "again");
  const { session_id } = run;
  const more = await next.holdfast.startTask(ADMIN, { task: SITE, session_id, config: { mode: "fetching" } });
  assertEquals(await result(next, more), "again");
  assertEquals((await next.holdfast.query.session(ADMIN, session_id)).grants.map((one) => one.text), [
    "Reach api.example.com",
  ]);
  const no = await asked(next, "https://other.example.com/", "fetching");
  await answer(next, no.approval, "rejected_always");
  await result(next, no);
  const again = await next.holdfast.startTask(ADMIN, {
    task: "https://other.example.com/",
    session_id: no.session_id,
    config: { mode: "fetching" },
  });
  assertStringIncludes(
    String(await result(next, again)),
    "rejected: Administrator said no to this for the whole session",
  );
});

Deno.test("[GATE14] a standing answer is listed, taken back by who may write, and the next run is asked again", async () => {
  await using world = await openWorld({ workflows: [fetching] });
  world.reach.pages.set(SITE, "the page");
  const run = await asked(world, SITE, "fetching");
  const { session_id, approval: { approval_id } } = run;
  await answer(world, run.approval, "approved_session");
  await result(world, run);
  const { query, execute } = world.holdfast;
  assertEquals((await query.grants(ADMIN, session_id)).map((one) => [one.approval_id, one.allowed, one.by]), [
    [approval_id, true, "Administrator"],
  ]);
  const other = { ...ADMIN, id: "u-bob", name: "Bob", admin: false };
  const take = { type: "take_back_answer" as const, approval_id };
  await assertRejects(() => query.grants(other, session_id), AppError, "not visible to you");
  await assertRejects(() => execute(other, session_id, take), AppError, "not visible to you");
  const twice = await Promise.all([execute(ADMIN, session_id, take), execute(ADMIN, session_id, take)]);
  // Which of two at once comes first is nobody's promise; that one does it is.
  assertEquals(new Set(twice), new Set([{ taken_back: true }, { taken_back: false }]));
  assertEquals((await query.view(ADMIN, session_id)).view.grants, []);
  world.crash();
  const next = await world.next();
  assertEquals(await next.holdfast.execute(ADMIN, session_id, take), { taken_back: false });
  await next.holdfast.startTask(ADMIN, { task: SITE, session_id, config: { mode: "fetching" } });
  await next.status(session_id, "waiting");
  assertEquals((await pending(next, session_id)).map((one) => one.action), ["Reach api.example.com"]);
});

Deno.test("[GATE15] code at work keeps the host that was open when it began, also when its answer is taken back meanwhile", async () => {
  await using world = await openWorld({ workflows: [coding] });
  world.reach.pages.set(SITE, "the page");
  const at = { begun: Promise.withResolvers<void>(), back: Promise.withResolvers<void>() };
  const got: unknown[] = [];
  let begun = 0;
  world.sandboxes.scripts.set("net", async (spec, _sink, signal) => {
    if (spec.bridge === undefined) {
      return { ok: false, ended: "denied", exit_code: 77, wants: { kind: "net" as const, what: "api.example.com" } };
    }
    // The first run asked for itself; only the second one rests on the standing answer.
    if (++begun === 1) return {};
    at.begun.resolve();
    await at.back.promise;
    got.push(await spec.bridge({ url: SITE, method: "GET", headers: {} }, signal));
    return {};
  });
  const run = await asked(world, "T", "coding");
  const { session_id, approval: { approval_id } } = run;
  await answer(world, run.approval, "approved_session");
  await result(world, run);
  const more = await world.holdfast.startTask(ADMIN, { task: "T", session_id, config: { mode: "coding" } });
  await at.begun.promise;
  await world.holdfast.execute(ADMIN, session_id, { type: "take_back_answer", approval_id });
  at.back.resolve();
  await result(world, more);
  assertEquals(got.map((one) => (one as { status?: number }).status), [200]);
});

Deno.test("[GATE8] code that wants a host ends uncounted, asks, and begins again at its top with the host open", async () => {
  await using world = await openWorld({ workflows: [coding] });
  const bridged: boolean[] = [];
  world.sandboxes.scripts.set("net", (spec) => {
    bridged.push(spec.bridge !== undefined);
    if (spec.bridge !== undefined) return Promise.resolve({});
    const wants = { kind: "net" as const, what: "api.example.com" };
    return Promise.resolve({ ok: false, ended: "denied", exit_code: 77, wants });
  });
  const run = await asked(world, "T", "coding");
  assertStringIncludes(run.approval.description, "begins again at its top");
  await answer(world, run.approval, "approved");
  assertEquals(await result(world, run), "exit");
  assertEquals(bridged, [false, true]);
  const types = (await world.events(run.session_id)).map((event) => event.event_type);
  assertEquals(types.filter((type) => type.startsWith("step_retry")), []);
});

Deno.test("[GATE9] rights that nobody may be asked for stay denied without a question, and a flood of them ends", async () => {
  await using world = await openWorld({ workflows: [coding] });
  const wish = { kind: "net" as "net" | "read", what: "127.0.0.1:8000" };
  world.sandboxes.scripts.set(
    "net",
    () => Promise.resolve({ ok: false, ended: "denied", exit_code: 77, wants: { ...wish } }),
  );
  for (const [kind, what] of [["net", "127.0.0.1:8000"], ["net", "intranet"], ["read", "/etc/passwd"]] as const) {
    Object.assign(wish, { kind, what });
    const run = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "coding" } });
    assertStringIncludes(String(await result(world, run)), "denied");
  }
  let n = 0;
  world.sandboxes.scripts.set("net", () => {
    const wants = { kind: "net" as const, what: `h${n++}.example.com` };
    return Promise.resolve({ ok: false, ended: "denied", exit_code: 77, wants });
  });
  const flood = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "coding" } });
  for (let asks = 1; asks <= 8; asks++) {
    await world.until(async () => (await pending(world, flood.session_id)).length === 1);
    const [one] = await pending(world, flood.session_id);
    assert(one !== undefined);
    await answer(world, one, "approved");
  }
  assertStringIncludes(String(await result(world, flood)), "denied");
  assertEquals(n, 9);
});

Deno.test("[GATE10] cancel, suspend and resume, and delete while a gate waits", async () => {
  await using world = await openWorld({ workflows: [writing] });
  const cancelled = await asked(world, "T", "writing");
  await world.holdfast.cancelRun(ADMIN, cancelled.run_id);
  await world.status(cancelled.session_id, "cancelled");
  await assertRejects(() => answer(world, cancelled.approval, "approved"), AppError);
  const suspended = await asked(world, "T", "writing");
  await world.holdfast.execute(ADMIN, suspended.session_id, { type: "suspend_session", now: false });
  await answer(world, suspended.approval, "approved");
  assertEquals((await world.state(suspended.session_id)).run?.status, "paused");
  await world.holdfast.execute(ADMIN, suspended.session_id, { type: "resume_session" });
  assertEquals(await result(world, suspended), "written");
  const deleted = await asked(world, "T", "writing");
  await world.holdfast.execute(ADMIN, deleted.session_id, { type: "delete_session" });
  const gone = await assertRejects(() => answer(world, deleted.approval, "approved"), AppError);
  assertEquals(gone.code, "not_found");
});

Deno.test("[GATE11] several gates of one run at once, answered in any order, twice, and against each other", async () => {
  const many = trying(
    "many",
    (ctx) =>
      ctx.map("pages", ["a", "b", "c"], {
        key: (name) => name,
      }, async (name) => (await ctx.tool("fetch", { url: `https://${name}.example.com/` })).body),
  );
  await using world = await openWorld({ workflows: [many] });
  for (const name of ["a", "b", "c"]) world.reach.pages.set(`https://${name}.example.com/`, name);
  const run = await asked(world, "T", "many");
  const open = (await pending(world, run.session_id)).sort((x, y) => x.action < y.action ? 1 : -1);
  assertEquals(open.map((one) => one.action), ["Reach c.example.com", "Reach b.example.com", "Reach a.example.com"]);
  const [first, second, third] = open as [Approval, Approval, Approval];
  // Which of two at once is first is for the store to say: what follows rests on neither.
  const both = await Promise.allSettled([
    answer(world, first, "approved"),
    answer(world, first, "approved").then(() => answer(world, first, "rejected")),
  ]);
  assertEquals(both.map((one) => one.status), ["fulfilled", "rejected"]);
  const twice = await Promise.all([answer(world, second, "approved"), answer(world, second, "approved")]);
  assertEquals(twice.map((one) => one.resolution), ["approved", "approved"]);
  await answer(world, third, "approved");
  assertEquals(await result(world, run), ["a", "b", "c"]);
  assertEquals(world.reach.sent.map((one) => one.url).sort(), [
    "https://a.example.com/",
    "https://b.example.com/",
    "https://c.example.com/",
  ]);
});

Deno.test("[GATE12] the process may go while a gate waits; the answer wakes the run in a new one", async () => {
  await using world = await openWorld({ workflows: [fetching], env: { HOLDFAST_WAIT_HOLD: "10" } });
  world.reach.pages.set(SITE, "the page");
  const run = await asked(world, SITE, "fetching");
  await world.pass(11_000);
  await world.until(() => world.sandboxes.alive.length === 0);
  await answer(world, run.approval, "approved");
  assertEquals(await result(world, run), "the page");
  assertEquals(world.sandboxes.started.length, 2);
});

Deno.test("[GATE13] a large answer, or one that is no text, lies in a file; the result names it", async () => {
  const saving = trying("saving", async (ctx) => {
    const { body, file, size_bytes } = await ctx.tool("fetch", { url: SITE });
    return { body, file, size_bytes };
  });
  await using world = await openWorld({ workflows: [saving] });
  world.reach.pages.set(SITE, "x".repeat(300_000));
  const config = { mode: "saving", grants: { read: [], net: ["api.example.com"] } };
  const run = await world.holdfast.startTask(ADMIN, { task: "T", config });
  const { body, file, size_bytes } = await result(world, run) as { body: null; file: string; size_bytes: number };
  assertEquals([body, size_bytes], [null, 300_000]);
  assertEquals((await world.folders.scan(run.session_id)).map(({ path, size_bytes }) => [path, size_bytes]), [
    [file, 300_000],
  ]);
  const types = (await world.events(run.session_id)).map((event) => event.event_type);
  assert(types.includes("file_created"));
});
