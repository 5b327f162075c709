import { assert, assertEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { z } from "@/workers/sdk/mod.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld } from "./support/world.ts";

const answer = z.string();
/** The longest run_id there is: it stands in each row. */
const RUN = "r".repeat(100);

// Everything of a run that is closed in the commit of its end, as much as there can be of each.
const full = workflow("full", async (ctx) => {
  const asked = Array.from({ length: 50 }, (_, n) => ctx.open(`question ${n}`, { question: `Question ${n}`, answer }));
  for (const one of asked.slice(0, 1)) if (await ctx.answer(one) === "failed") throw new Error("no");
  return "done";
}, { messages: true });

for (const how of ["cancelled", "completed", "failed"] as const) {
  Deno.test(`[BND1] a run with 50 open questions and a full mailbox can be ended: ${how}`, async () => {
    await using world = await openWorld({ workflows: [full] });
    const { session_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "full" }, run_id: RUN });
    await world.status(session_id, "waiting");
    const { items } = await world.holdfast.query.approvals(ADMIN, { session_id, status: "pending", limit: 200 });
    assertEquals(items.length, 50);
    for (let n = 0; n < 100; n++) {
      const said = { run_id: RUN, message_id: `m${n}`, content: "y".repeat(9_000) };
      await world.holdfast.execute(ADMIN, session_id, { type: "send_message", ...said });
    }
    if (how === "cancelled") await world.holdfast.cancelRun(ADMIN, RUN);
    else {
      const approval_id = items.find(({ action }) => action === "Question 0")?.approval_id ?? "";
      const modifications = { answer: how };
      await world.holdfast.resolveApproval(ADMIN, { approval_id, resolution: "answered", modifications });
    }
    await world.status(session_id, how);
    const left = await world.holdfast.query.approvals(ADMIN, { session_id, status: "pending", limit: 200 });
    assertEquals([left.items.length, (await world.state(session_id)).mailbox.length], [0, 0]);
  });
}

Deno.test("[BND2] a run with a thousand open timers can be cancelled, and nobody is shown a wait of it", async () => {
  const sleepers = workflow("sleepers", async (ctx) => {
    const items = Array.from({ length: 1000 }, (_, n) => n);
    await ctx.map("all", items, { key: String, limit: 1000 }, () => ctx.sleep("nap", 3600));
  });
  await using world = await openWorld({ workflows: [sleepers] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "sleepers" } });
  await world.status(session_id, "waiting");
  const run = await world.holdfast.cancelRun(ADMIN, run_id);
  assertEquals(run?.status, "cancelled");
  assertEquals((await world.holdfast.query.session(ADMIN, session_id)).wait?.on, "task");
});

Deno.test("[BND3] a mailbox holds 100 messages and a million characters; who sends more is told, and nothing is lost", async () => {
  let listen = (_: null) => {};
  let begun = false;
  const busy = workflow("busy", async (ctx) => {
    await ctx.step("work", () => (begun = true) && new Promise<null>((resolve) => listen = resolve));
    return (await ctx.waitForMessage("next")).length;
  }, { messages: true });
  for (const [count, size] of [[100, 10], [5, 200_000]] as const) {
    begun = false;
    await using world = await openWorld({ workflows: [busy] });
    const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "busy" } });
    await world.until(() => begun);
    const send = (n: number) =>
      world.holdfast.execute(ADMIN, session_id, {
        type: "send_message",
        run_id,
        message_id: `m${n}`,
        content: "x".repeat(size),
      });
    for (let n = 0; n < count; n++) await send(n);
    const error = await assertRejects(() => send(count), AppError);
    assertEquals(error.code, "wrong_state");
    assert(error.message.includes(`${count} messages`));
    assertEquals(await send(0), { queued: true, message_id: "m0" });
    listen(null);
    await world.status(session_id, "completed");
    assertEquals((await world.holdfast.query.run(ADMIN, run_id)).result, count);
  }
});

Deno.test("[BND4] a burst of lines ends no run, however long the names that stand with each, whatever they hold", async () => {
  const label = "漢".repeat(200);
  const bursts: [string, string][] = [[label, ""], [label, "漢".repeat(30)], ["Block 1", "\u0001".repeat(90)]];
  for (const [label, message] of bursts) {
    const prints = workflow("prints", async (ctx) => {
      return await ctx.group("g".repeat(200), "G", () => ctx.exec("e".repeat(40), { code: "print", label })).then(() =>
        1
      );
    });
    await using world = await openWorld({ workflows: [prints] });
    world.sandboxes.scripts.set("print", (_spec, sink) => {
      void sink(Array.from({ length: 2000 }, () => ({ stream: "stdout" as const, message, partial: false })));
      return Promise.resolve({});
    });
    const { session_id } = await world.holdfast.startTask(ADMIN, {
      task: "T",
      config: { mode: "prints" },
      run_id: RUN,
    });
    await world.status(session_id, "completed");
    let lines = 0;
    for await (const chunk of world.holdfast.log.chunks(session_id, 0)) {
      lines += new TextDecoder().decode(chunk.lines).split('"event_type":"output"').length - 1;
    }
    assertEquals(lines, 2000);
  }
});
