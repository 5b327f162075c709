// Branches at once: each is a step of its own that leaves a mark in the session's folder, and may run a block.
import { defineWorkflow, Failure, z } from "@holdfast/sdk";

const Item = z.strictObject({ name: z.string(), code: z.string().nullable() });

export default defineWorkflow({
  id: "chaos-branches",
  config: z.strictObject({ grants: z.unknown().optional(), limit: z.int(), items: z.array(Item).max(20) }),
  async run(ctx) {
    const { items, limit } = ctx.config;
    const tokens = await ctx.map(
      "items",
      items,
      { key: ({ name }) => name, limit },
      ({ name, code }) =>
        ctx.group(name, name, async () => {
          const token = await ctx.step("mark", async ({ files }) => {
            const token = crypto.randomUUID();
            await files.write(`marks/${name}step-${token}.txt`, name);
            return token;
          });
          const done = code === null ? null : await ctx.exec("run", { code, label: name });
          if (done?.ok === false) throw new Failure("step_failed", `${name} ended with exit code ${done.exit_code}`);
          ctx.emit("agent_message", { agent: "branch", message: `${name} is done` });
          return token;
        }),
    );
    const sides = await ctx.all("sides", {
      left: () => ctx.step("left", () => "l"),
      right: async () => {
        await ctx.sleep("nap", 0.2);
        return await ctx.step("right", () => "r");
      },
    });
    return { tokens, sides };
  },
});
