// Everything that one can be asked and told: an answer, a plan to change, the use of a tool, a right, a message, a time,
// what to do after a failure.
import { defineWorkflow, Failure, z } from "@holdfast/sdk";

const Plan = z.strictObject({ steps: z.array(z.string()) });

export default defineWorkflow({
  id: "chaos-talks",
  config: z.strictObject({ grants: z.unknown().optional(), nap_s: z.number(), outside: z.string() }),
  messages: true,
  async run(ctx) {
    ctx.emit("phase_change", { phase: "greeting" });
    const name = await ctx.ask("name", { question: "Who is it?", answer: z.string() });
    const plan = await ctx.group(
      "planning",
      "Planning",
      () => ctx.approve("plan", { type: "plan_approval", title: "The plan", subject: { steps: ["one"] }, edit: Plan }),
    );
    await ctx.tool("files_write", { path: "gated.txt", content: name }, { gate: true });
    const code = `console.log("read", (await Deno.readTextFile(${JSON.stringify(ctx.config.outside)})).length > 0);`;
    const look = await ctx.group("outside", "Outside", () => ctx.exec("look", { code }));
    if (!look.ok) throw new Failure("step_failed", `${look.ended}, exit code ${look.exit_code}`);
    ctx.emit("phase_change", { phase: "listening" });
    const heard = await ctx.waitForMessage("word");
    await ctx.sleep("nap", ctx.config.nap_s);
    const attempt = await ctx.step("flaky", ({ attempt }) => {
      if (attempt === 1) throw new Failure("flaky", "not at the first try");
      return attempt;
    }, { attempts: 3, backoff_s: 0.05 });
    for (let tries = 1;; tries++) {
      try {
        await ctx.group("fragile", "Fragile", async () => {
          await ctx.step("look", () => tries);
          if (tries === 1) throw new Failure("fragile", "it broke");
        });
        break;
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== "fragile") throw error;
        const answer = await ctx.approve(`broken ${tries}`, {
          type: "error_recovery",
          title: "It broke",
          subject: { tries },
          allowed: ["retry", "abort"],
        });
        if (answer.verb === "abort") throw new Failure("aborted", "not tried again");
      }
    }
    ctx.memory.set("talked", { name });
    return { name, plan: plan.value, heard: heard.map(({ content }) => content), attempt, printed: look.stdout };
  },
});
