import { assertEquals } from "@std/assert";
import type { JournalEntry } from "@/lib/model/journal.ts";
import type { Json } from "@/lib/model/json.ts";
import { expectsCode } from "@/lib/service/driver/expects_code.ts";

const RUNS = "# A\n\n## One\n\n```ts\nconsole.log(1);\n```\n";
const ASKS = "# A\n\n## One\n\n> approve: go on?\n\n```ts\nconsole.log(1);\n```\n";
const PLANS = { properties: { approvalMode: { type: "string", default: "after_planning" } } };
const expects = (task: string, entries: JournalEntry[], config: Record<string, Json> = {}, config_schema = {}) =>
  expectsCode({ config, config_schema, task, entries });
const entry = (kind: string, status: string) => ({ kind, status }) as unknown as JournalEntry;

Deno.test("[AHEAD1] code is expected where a block comes before the next question", () => {
  assertEquals(expects(RUNS, []), true);
  assertEquals(expects(ASKS, []), false);
  assertEquals(expects(ASKS, [entry("approve", "open")]), false, "nobody has answered yet");
  assertEquals(expects(ASKS, [entry("approve", "done")]), true);
  assertEquals(expects("Write a poem about rivers", []), false);
  assertEquals(expects("Write a poem about rivers", [entry("model", "done"), entry("exec", "open")]), true);
});

Deno.test("[AHEAD2] a mode that asks about its plan first does not expect code before the answer", () => {
  for (const approvalMode of ["after_planning", "before_each_step", "before_step", "both"]) {
    assertEquals(expects(RUNS, [], { approvalMode }), false, approvalMode);
    assertEquals(expects(RUNS, [entry("approve", "done")], { approvalMode }), true, approvalMode);
  }
  assertEquals(expects(RUNS, [], {}, PLANS), false, "the default of its mode counts");
  for (const approvalMode of ["none", "on_error", "after_step"]) {
    assertEquals(expects(RUNS, [], { approvalMode }), true, approvalMode);
  }
});
