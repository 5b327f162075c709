// The nightly report against a script of answers; each run is also replayed from the top after each of its entries.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { testWorkflow } from "@holdfast/sdk/testing";
import nightly from "./nightly_report.ts";

const measured = (table: string, mean: number) => ({ value: { table, rows: 2, means: { price: mean } } });

Deno.test("[NIGHT1] the first night asks who gets it and publishes; a mean that moved is shown to a person first", async () => {
  const prices = [10, 12];
  const run = await testWorkflow(nightly, {
    config: { tables: ["a.csv"], nights: 2 },
    script: {
      ask: { recipient: "Ada" },
      exec: () => measured("a.csv", prices.shift() ?? 0),
      approve: { publish: { verb: "modified", value: { text: "# Mine\n" } } },
      message: { orders: [[]] },
    },
  });
  assertEquals(run.result, { ok: true, value: { recipient: "Ada", published: ["report-1.md", "report-2.md"] } });
  assertStringIncludes(run.files["report-1.md"] ?? "", "For Ada.");
  assertEquals(run.files["report-2.md"], "# Mine\n");
  assertEquals(run.memory["measured"], [measured("a.csv", 12).value]);
});

Deno.test("[NIGHT1] a table that cannot be measured is a warning, a skipped report is not written, an order ends the nights", async () => {
  const run = await testWorkflow(nightly, {
    config: { tables: ["a.csv", "none.csv"], nights: 9, recipient: "Bob" },
    memory: { measured: [measured("a.csv", 5).value] },
    script: {
      exec: ({ args }) =>
        JSON.stringify(args.input).includes("none")
          ? { ok: false, exit_code: 1, stderr: "no such table\n" }
          : measured("a.csv", 50),
      approve: { publish: "skip" },
      message: { orders: [["stop"]] },
    },
  });
  assertEquals(run.result, { ok: true, value: { recipient: "Bob", published: [], stopped_after: 1 } });
  assertEquals(run.events("warning").length, 1);
  assertEquals(run.files, {});
});
