// When a sandbox is over: only then is the journal read for the next one.
import { assertEquals } from "@std/assert";
import { parseConfig } from "@/lib/config.ts";
import { decide } from "@/lib/engine/decide.ts";
import type { Command } from "@/lib/model/command.ts";
import type { Principal } from "@/lib/model/principal.ts";
import { engineSettings } from "@/lib/service/create.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, type World } from "./support/world.ts";

/** Says a command through the writer of another instance: this one does not hear of it. */
async function sayElsewhere(world: World, session_id: string, said: { by: Principal; command: Command }) {
  await world.store.writer.submit({
    session_id,
    outside: [],
    urgent: true,
    owner: "run",
    decide: ({ state, now }) => {
      const context = { now, settings: engineSettings(parseConfig({})), outside: {} };
      const decision = decide(state, said.by, said.command, context);
      if (!decision.ok || "same" in decision) throw new Error(`${said.command.type} changed nothing`);
      return { commit: true, state: decision.state, events: decision.events, reply: null };
    },
  });
}

Deno.test("[OVER1] the next sandbox starts when no process of an exec of the one before is left", async () => {
  const it = workflow("it", (ctx) => ctx.step("s", ({ attempt }) => attempt === 1 ? new Promise(() => {}) : "done"));
  await using world = await openWorld({ workflows: [it] });
  const left = Promise.withResolvers<void>();
  world.sandboxes.closing = left.promise;
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "it" } });
  await world.until(async () => (await world.state(session_id)).entries.get("s")?.status === "open");
  world.sandboxes.alive[0]!.crash();
  await world.pass(3_000, 1_000);
  assertEquals((await world.state(session_id)).run?.status, "running", "it is not over yet");
  assertEquals(world.sandboxes.started.length, 1);
  left.resolve();
  await world.status(session_id, "completed");
  assertEquals(world.sandboxes.started.length, 2);
});

Deno.test("[OVER2] the next sandbox starts when nothing that the host does for the one before is at work", async () => {
  const it = workflow("it", async (ctx) => (await ctx.model("think", { agent: "a", messages: [] })).text);
  await using world = await openWorld({ workflows: [it] });
  const first = Promise.withResolvers<{ text: string }>();
  world.models.answer = () => world.models.asked.length === 1 ? first.promise : Promise.resolve({ text: "second" });
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "it" } });
  await world.until(() => world.models.asked.length === 1);
  world.sandboxes.alive[0]!.crash();
  await world.pass(3_000, 1_000);
  assertEquals([world.models.asked.length, world.sandboxes.started.length], [1, 1]);
  first.resolve({ text: "first" });
  await world.status(session_id, "completed");
  const { run } = await world.state(session_id);
  assertEquals(run?.status === "completed" && run.result, "second", "what came too late is not heard");
});

/** A run that waits in a sandbox which does not die yet, was woken and executed elsewhere, and is in the queue again. */
async function heldElsewhere(first: World) {
  const { session_id, run_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "it" } });
  await first.status(session_id, "waiting");
  const [held] = first.sandboxes.alive;
  held!.undying = true;
  const second = await first.next();
  // It only writes.
  await second.holdfast.drain();
  const elsewhere = { kind: "system", instance: "elsewhere" } as const;
  const say = (by: Principal, command: Command) => sayElsewhere(second, session_id, { by, command });
  await say(ADMIN, { type: "send_message", run_id, message_id: "m1", content: "hello" });
  await say(elsewhere, { type: "claim_run", run_id });
  const { head: { fence } } = await first.state(session_id);
  await say(elsewhere, { type: "requeue_run", run_id, fence, reason: "drain", loss: false });
  // Claimed here, under a fence of its own, when this instance has looked into the store again.
  await first.until(async () => {
    await first.pass(500);
    return (await first.state(session_id)).run?.status === "running";
  });
  assertEquals(first.sandboxes.started.length, 1, "the held one is not over");
  const dies = async () => {
    held!.undying = false;
    held!.kill();
    await first.pass(2_000, 500);
  };
  return { session_id, run_id, dies };
}
const listening = workflow("it", async (ctx) => (await ctx.waitForMessage("m")).length, { messages: true });

Deno.test("[OVER3] a held sandbox whose fence is gone is over before the next one starts", async () => {
  await using first = await openWorld({ workflows: [listening], shared: true });
  const { session_id, dies } = await heldElsewhere(first);
  await dies();
  await first.status(session_id, "completed");
  assertEquals(first.sandboxes.started.length, 2);
});

Deno.test("[OVER5] a cancel that comes while the next sandbox waits for its turn is not missed: none starts", async () => {
  await using first = await openWorld({ workflows: [listening], shared: true });
  const { session_id, run_id, dies } = await heldElsewhere(first);
  await first.holdfast.cancelRun(ADMIN, run_id);
  await dies();
  await first.status(session_id, "cancelled");
  assertEquals(first.sandboxes.started.length, 1);
});

Deno.test("[OVER4] a run that another instance woke goes on in the sandbox held here within two seconds, though nobody there has room", async () => {
  const it = workflow("it", async (ctx) => (await ctx.waitForMessage("m")).length, { messages: true });
  await using first = await openWorld({ workflows: [it], shared: true });
  const { session_id, run_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "it" } });
  await first.status(session_id, "waiting");
  const second = await first.next();
  await second.holdfast.drain();
  const command = { type: "send_message", run_id, message_id: "m1", content: "hello" } as const;
  await sayElsewhere(second, session_id, { by: ADMIN, command });
  await first.pass(2_000, 250);
  await first.status(session_id, "completed");
  assertEquals(first.sandboxes.started.length, 1, "the held sandbox went on");
});
