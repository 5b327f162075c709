// A report each night: tables are measured in sandboxes of their own, what has moved since the last report is shown to a
// person, who publishes, changes or skips it, and the report is written into the session.
//
// Between two nights it sleeps without a process. Messages change what it does next: "stop", or "add TABLE".
import { defineWorkflow, Failure, z } from "@holdfast/sdk";
import { changes, Measured, reportText } from "./nightly/compare.ts";

const DAY_S = 86_400;
const MEASURE = new URL("./nightly/measure.ts", import.meta.url);

export default defineWorkflow({
  id: "nightly-report",
  label: "Nightly report",
  description: "Measures tables each night and asks before it publishes what has moved.",
  config: z.strictObject({
    tables: z.array(z.string()).min(1).default(["seattle-weather.csv", "stocks.csv"]).describe("Tables to measure"),
    nights: z.int().min(1).max(365).default(1).describe("Reports in a row"),
    threshold: z.number().positive().default(0.1).describe("A mean that moved by more than this share is shown"),
    recipient: z.string().default("").describe("Who gets it; empty: it asks"),
  }),
  messages: true,
  asks: ["who gets the report, when the config does not say it", "before it publishes what has moved"],
  async run(ctx) {
    const { config } = ctx;
    const recipient = config.recipient || await ctx.ask("recipient", {
      question: "Who gets the report?",
      answer: z.string().min(1),
    });
    const tables = [...config.tables];
    const published: string[] = [];
    for (let night = 1; night <= config.nights; night++) {
      const path = await ctx.group(`night-${night}`, `Night ${night}`, () => report(night));
      if (path !== null) published.push(path);
      if (night === config.nights) break;
      await ctx.sleep("until the next night", DAY_S);
      // Whatever came during the sleep lies ready; a timeout of 0 looks and does not wait.
      for (const { content } of await ctx.waitForMessage("orders", { timeout_s: 0 })) {
        const [order, table] = content.trim().split(/\s+/);
        if (order === "stop") return { recipient, published, stopped_after: night };
        if (order === "add" && table !== undefined) tables.push(table);
      }
    }
    return { recipient, published };

    /** One night: measure, compare, ask, write. The path of the report, or null when nobody wants it. */
    async function report(night: number): Promise<string | null> {
      ctx.emit("phase_change", { phase: "measuring" });
      const outcomes = await ctx.map("measure", tables, {
        key: (table) => table,
        limit: 2,
        errors: "collect",
        title: "Measure the tables",
      }, async (table) => {
        const done = await ctx.exec("measure", { module: MEASURE, input: { table }, attempts: 2, timeout_s: 60 });
        if (!done.ok) throw new Failure("not_measured", `${table}: ${done.stderr.trim().split("\n").at(-1) ?? ""}`);
        return Measured.parse(done.value);
      });
      const measured = outcomes.flatMap((one) => one.ok ? [one.value] : []);
      const failed = outcomes.flatMap((one) => one.ok ? [] : [one.failure.message]);
      for (const message of failed) ctx.emit("warning", { code: "not_measured", message });
      const before = ctx.memory.get(z.array(Measured), "measured") ?? [];
      const moved = changes(before, measured, config.threshold);
      let text = reportText({ night, recipient, measured, moved, failed });
      if (moved.length > 0) {
        const answer = await ctx.approve("publish", {
          type: "step_approval",
          title: `${moved.length} means have moved: publish the report?`,
          subject: { text },
          edit: z.strictObject({ text: z.string().min(1) }),
          allowed: ["approved", "skip"],
        });
        if (answer.verb === "skip") return null;
        text = answer.value.text;
      }
      const path = `report-${night}.md`;
      await ctx.tool("files_write", { path, content: text });
      ctx.memory.set("measured", measured);
      return path;
    }
  },
});
