// Turns of a model that speaks word by word, and blocks between them.
import { defineWorkflow, Failure, z } from "@holdfast/sdk";

const Block = z.strictObject({ name: z.string(), code: z.string() });

export default defineWorkflow({
  id: "chaos-speaks",
  config: z.strictObject({ grants: z.unknown().optional(), says: z.array(z.string()), blocks: z.array(Block) }),
  async run(ctx) {
    const said: string[] = [];
    for (const say of ctx.config.says) {
      const turn = await ctx.group(
        say,
        say,
        () => ctx.model("say", { agent: "speaker", messages: [{ role: "user", content: say }], show: true }),
      );
      said.push(turn.text);
    }
    for (const { name, code } of ctx.config.blocks) {
      await ctx.group(name, name, async () => {
        const { ok, exit_code } = await ctx.exec("run", { code, label: name });
        if (!ok) throw new Failure("step_failed", `${name} ended with exit code ${exit_code}`);
      });
    }
    return { said };
  },
});
