import { assert, assertEquals } from "@std/assert";
import type { Flush } from "@/lib/live/flush.ts";
import { LiveHub } from "@/lib/live/hub.ts";
import { Subscription } from "@/lib/live/subscription.ts";
import { systemClock } from "@/lib/service/system.ts";
import { keys } from "@/lib/store/keys.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, OTHER, type World } from "./support/world.ts";

const steps = workflow("steps", async (ctx) => {
  for (let n = 0; n < 5; n++) await ctx.step(`step ${n}`, () => n);
  await ctx.model("think", { agent: "a", messages: [] });
  return "done";
});
const asking = workflow("asking", async (ctx) => {
  const { verb } = await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
  return verb;
});
const endless = workflow("endless", (ctx) => ctx.step("wait", () => new Promise<null>(() => {})));

/** Two instances that know each other: each has committed and been found. */
async function pair(): Promise<[World, World]> {
  const workflows = [steps, asking, endless];
  const first = await openWorld({ workflows, shared: true });
  const second = await first.next();
  for (const world of [first, second]) {
    await world.holdfast.createSession(OTHER, { mode: "steps", config: {} });
  }
  for (let n = 0; n < 4; n++) {
    first.clock.advance(500);
    await first.pass(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await first.until(
    () => first.store.summaries.size === 2 && second.store.summaries.size === 2,
    "they know each other",
  );
  return [first, second];
}
const start = (world: World, mode: string) => world.holdfast.startTask(ADMIN, { task: "T", config: { mode } });

Deno.test("[NB1] lists, counts and pulse of one instance follow what another commits, without a second passing", async () => {
  const [first, second] = await pair();
  await using _ends = first;
  first.models.answer = () =>
    Promise.resolve({ text: "x", usage: { ...usage, cost_usd: 0.25, input_tokens: 10, output_tokens: 5 } });
  const { session_id } = await start(first, "steps");
  await first.status(session_id, "completed");
  await second.until(() => second.store.summaries.get(session_id)?.status === "completed", "the list follows");
  const page = await second.holdfast.query.sessions(ADMIN, { limit: 10 });
  assertEquals([page.total, page.items[0]?.session_id, page.items[0]?.status], [3, session_id, "completed"]);
  await second.until(async () => (await second.holdfast.query.pulse(ADMIN)).cost_today_usd > 0, "its cost came");
  const pulse = await second.holdfast.query.pulse(ADMIN);
  assertEquals([pulse.by_status["completed"], pulse.running, pulse.cost_today_usd], [1, 0, 0.25]);

  const asked = await start(first, "asking");
  await first.status(asked.session_id, "waiting");
  await second.until(async () => (await second.holdfast.query.pulse(ADMIN)).needs_you === 1, "it needs somebody");
  await second.holdfast.execute(ADMIN, session_id, { type: "delete_session" });
  await first.until(() => first.store.summaries.get(session_id) === null, "it is gone here too");
});
const usage = {
  input_tokens: 0,
  output_tokens: 0,
  cached_input_tokens: 0,
  cost_usd: 0,
  limit_tokens: null,
  model: "m",
};

Deno.test("[NB2] who follows a session on another instance gets its lines as they are committed, byte for byte", async () => {
  const [first, second] = await pair();
  await using _ends = first;
  const hub = new LiveHub(systemClock);
  second.hub.also = hub;
  const asked = await start(first, "asking");
  await first.status(asked.session_id, "waiting");
  const got: string[] = [];
  let caught_up = 0;
  const subscription = new Subscription({
    session_id: asked.session_id,
    after: 0,
    log: second.holdfast.log,
    hub,
    clock: systemClock,
    sink: {
      flush: (flush: Flush) => void got.push(...flush.lines),
      caughtUp: () => void caught_up++,
      reset: () => got.push("reset"),
      gone: () => got.push("gone"),
      failed: (error) => got.push(String(error)),
      room: () => Promise.resolve(),
    },
  });
  await second.until(() => caught_up === 1, "it has caught up");
  const before = got.length;
  const [approval] = (await first.holdfast.query.approvals(ADMIN, { session_id: asked.session_id, limit: 1 })).items;
  await first.holdfast.resolveApproval(ADMIN, { approval_id: approval?.approval_id ?? "", resolution: "approved" });
  await first.status(asked.session_id, "completed");
  await second.until(() => got.at(-1)?.includes(`"event_type":"complete"`) === true, "the last line came");
  assert(got.length > before, "lines came live");
  const { lines } = await first.holdfast.query.eventLines(ADMIN, asked.session_id, { limit: 1000 });
  assertEquals(got, lines);
  await first.holdfast.execute(ADMIN, asked.session_id, { type: "delete_session" });
  await second.until(() => got.at(-1) === "gone", "the deletion came");
  subscription.close();
});

Deno.test("[NB3] topics of lists hear which approvals a commit elsewhere asked and closed", async () => {
  const [first, second] = await pair();
  await using _ends = first;
  const { session_id, run_id } = await start(first, "asking");
  await first.status(session_id, "waiting");
  const [approval] = (await first.holdfast.query.approvals(ADMIN, { session_id, limit: 1 })).items;
  const told = () =>
    second.hub.published.filter((one) => one.session_id === session_id).flatMap((one) => [...one.approvals]);
  await second.until(() => told().length === 1, "the question came");
  await first.holdfast.cancelRun(ADMIN, run_id);
  await second.until(() => told().length === 2, "its end came");
  assertEquals(told(), [approval?.approval_id, approval?.approval_id]);
});

Deno.test("[NB4] a cancel elsewhere reaches the sandbox without a second passing", async () => {
  const [first, second] = await pair();
  await using _ends = first;
  const { session_id, run_id } = await start(first, "endless");
  await first.until(async () => (await first.state(session_id)).entries.size === 1);
  await second.until(() => second.store.summaries.get(session_id)?.run_status === "running");
  await second.holdfast.cancelRun(ADMIN, run_id);
  await first.status(session_id, "cancelled");
  assertEquals(first.sandboxes.alive, []);
});

Deno.test("[NB5] after commits went by unheard, lists are read anew and everybody who follows looks again", async () => {
  const [first, second] = await pair();
  await using _ends = first;
  const gap = await first.holdfast.createSession(ADMIN, { mode: "steps", config: {} });
  await second.until(() => second.store.summaries.get(gap.session_id) !== null);
  // Rows that went before they were read.
  const heads = async () => {
    const { value } = await first.gate.connection.kv.get(keys.feedHead(first.instance));
    return JSON.parse(new TextDecoder().decode(value as Uint8Array)).n as number;
  };
  // A read that was on its way when the store stood still may have it yet: then there was nothing to miss.
  for (let tries = 0; tries < 20 && second.hub.misses === 0; tries++) {
    second.gate.stall();
    const lost = await first.holdfast.createSession(ADMIN, { mode: "steps", config: {} });
    await first.gate.connection.kv.atomic().delete(keys.feedItem(first.instance, await heads())).commit();
    second.gate.go();
    await second.until(() => second.store.summaries.get(lost.session_id) !== null, "the list has it");
  }
  await second.until(() => second.hub.misses >= 1, "it has noticed");
});
