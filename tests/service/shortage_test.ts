// A machine that has nothing to start a sandbox with: that is nobody's fault, and no run is lost for it.
import { assertEquals } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld } from "./support/world.ts";

const FULL = new AppError("full", "Cannot start a sandbox: the disk of the server is full");
const it = workflow("it", (ctx) => ctx.step("s", () => "done"));

Deno.test("[SHORT1] sandboxes that cannot be started for want of room are no losses: the run stands in the queue until one can be", async () => {
  await using world = await openWorld({ workflows: [it] });
  world.sandboxes.startError = FULL;
  world.sandboxes.failStarts = 5;
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "it" } });
  const left: number[] = [];
  // Tried at once and after 1, 2, 4 and 8 seconds more; the timers look once a second.
  for (let second = 0; second < 17; second++) {
    await world.pass(1_000, 250);
    left.push(world.sandboxes.failStarts);
  }
  assertEquals(left.at(-1), 0);
  const pauses = [4, 3, 2, 1].map((count) => left.filter((n) => n === count).length);
  assertEquals(pauses.every((seconds, at) => seconds >= 2 ** at && seconds <= 2 ** at + 2), true, pauses.join());
  const { run } = await world.state(session_id);
  assertEquals(run?.status === "queued" && [run.reason, run.takeovers], ["start", 0]);
  await world.pass(18_000, 1_000);
  await world.status(session_id, "completed");
  const types = (await world.events(session_id)).map(({ event_type }) => event_type);
  assertEquals([types.filter((t) => t === "workflow_started").length, types.includes("workflow_resumed")], [1, false]);
});

Deno.test("[SHORT2] while none can be started others of the queue are let be, and a held sandbox goes on", async () => {
  const listens = workflow("listens", async (ctx) => (await ctx.waitForMessage("m")).length, { messages: true });
  await using world = await openWorld({ workflows: [it, listens] });
  const held = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "listens" } });
  await world.status(held.session_id, "waiting");
  world.sandboxes.startError = FULL;
  world.sandboxes.failStarts = 100;
  const others = [];
  for (let i = 0; i < 4; i++) others.push(await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "it" } }));
  await world.pass(40_000, 1_000);
  const tries = 100 - world.sandboxes.failStarts;
  assertEquals(tries <= 4 * 6, true, `${tries} starts in 40 s`);
  const said = { type: "send_message", run_id: held.run_id, message_id: "m1", content: "hello" } as const;
  await world.holdfast.execute(ADMIN, held.session_id, said);
  await world.status(held.session_id, "completed");
  world.sandboxes.failStarts = 0;
  await world.pass(32_000, 1_000);
  for (const { session_id } of others) await world.status(session_id, "completed");
});

Deno.test("[SHORT3] a run that goes on says why it was queued, not that its sandbox was lost, and is cancelled at once", async () => {
  const waits = workflow("waits", async (ctx) => {
    await ctx.sleep("nap", 3_600);
    return await ctx.step("s", () => "done");
  });
  await using world = await openWorld({ workflows: [waits] });
  const ends = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "waits" } });
  const stops = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "waits" } });
  await world.status(ends.session_id, "waiting");
  await world.status(stops.session_id, "waiting");
  world.sandboxes.startError = new AppError("busy", "Cannot start a sandbox: the server is short of something");
  world.sandboxes.failStarts = 4;
  await world.pass(3_600_000 + 3_000, 600_000);
  await world.holdfast.cancelRun(ADMIN, stops.run_id);
  await world.status(stops.session_id, "cancelled");
  await world.pass(30_000, 1_000);
  await world.status(ends.session_id, "completed");
  const resumed = (await world.events(ends.session_id)).filter(({ event_type }) => event_type === "workflow_resumed");
  assertEquals(resumed.map(({ data }) => data["reason"]), ["wake"]);
});
