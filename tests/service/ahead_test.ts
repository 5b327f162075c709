// When the process of a block is started ahead: with the run, and with the answer that a held sandbox waited for.
import { assertEquals } from "@std/assert";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld } from "./support/world.ts";

const ASKS = "# A\n\n## One\n\n> approve: go on?\n\n```ts\nconsole.log(1);\n```\n";
const RUNS = "# A\n\n## One\n\n```ts\nconsole.log(1);\n```\n";

Deno.test("[AHEAD3] a run that begins with code has its process ahead, one that asks first has it when it is answered", async () => {
  const asking = workflow("asking", async (ctx) => {
    if (ctx.task === ASKS) {
      await ctx.approve("go", {
        type: "step_approval",
        title: "Go on?",
        subject: {},
        allowed: ["approved", "rejected"],
      });
    }
    await ctx.exec("block", { code: "console.log(1);" });
  });
  await using world = await openWorld({ workflows: [asking] });
  const runs = await world.holdfast.startTask(ADMIN, { task: RUNS, config: { mode: "asking" } });
  await world.status(runs.session_id, "completed");
  assertEquals(world.sandboxes.ahead.length, 1);
  const { session_id } = await world.holdfast.startTask(ADMIN, { task: ASKS, config: { mode: "asking" } });
  await world.status(session_id, "waiting");
  assertEquals(world.sandboxes.ahead.length, 1, "nobody has answered yet");
  const { items: [approval] } = await world.holdfast.query.approvals(ADMIN, {
    status: "pending",
    session_id,
    limit: 1,
  });
  await world.holdfast.resolveApproval(ADMIN, { approval_id: approval?.approval_id ?? "", resolution: "approved" });
  await world.status(session_id, "completed");
  assertEquals([world.sandboxes.ahead.length, world.sandboxes.started.length], [2, 2], "in the sandbox that was held");
});
