import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { EMPTY_VIEW, fold, type SessionView } from "@/lib/engine/view.ts";
import type { EventEnvelope } from "@/lib/model/event.ts";
import type { JsonObject } from "@/lib/model/json.ts";
import { stepOfLine, stepRows } from "@/lib/ui/session/step_rows.ts";
import { planOf, Story } from "../../engine/support/story.ts";

/** Events one after the other, of one run unless said otherwise. */
function viewOf(...said: [string, JsonObject, string?][]): SessionView {
  const events = said.map(([event_type, data, run_id = "run-1"], i): EventEnvelope => ({
    seq: i + 1,
    event_type,
    timestamp: new Date(Date.UTC(2026, 10, 24, 10, 0, i)).toISOString(),
    run_id,
    session_id: "s",
    data,
  }));
  return fold(EMPTY_VIEW, events);
}
const begin = (step_id: string, attempt = 1, run = "run-1"): [string, JsonObject, string] => [
  "step_started",
  { step_id, step_number: 1, name: `Name of ${step_id}`, attempt },
  run,
];
const end = (step_id: string, how = "completed", more: JsonObject = {}): [string, JsonObject] => [
  `step_${how}`,
  { step_id, step_number: 1, name: `Name of ${step_id}`, attempt: 1, duration_ms: 1500, ...more },
];
const started: [string, JsonObject] = ["status", { message: "accepted", session_id: "s", task: "t" }];
const plan = (
  ...ids: string[]
): [string, JsonObject] => ["plan_updated", { plan: planOf(...ids), revision: 1, by: "p" }];
const asks = (step_id: string): [string, JsonObject] => [
  "approval_requested",
  { approval_id: "a1", approval_type: "step_approval", step_id, action: "Go?", allowed: ["approved"], expires_at: "" },
];
const brief = (view: SessionView) => stepRows(view).map((row) => `${"  ".repeat(row.depth)}${row.key} ${row.look}`);

Deno.test("[TR1] steps are rows in their order, each with status, duration and error", () => {
  const view = viewOf(
    started,
    begin("plan"),
    end("plan"),
    begin("s1"),
    end("s1", "failed", { error: "out of memory" }),
    begin("s2"),
    end("s2", "skipped", { reason: "not needed" }),
    begin("s3"),
  );
  assertEquals(brief(view), ["plan completed", "s1 failed", "s2 skipped", "s3 running"]);
  const [first, second, third, last] = stepRows(view);
  assertEquals([first?.name, first?.duration_ms, first?.started_at], ["Name of plan", 1500, null]);
  assertEquals([second?.error, third?.sub], ["out of memory", "not needed"]);
  assertEquals([last?.duration_ms, last?.started_at], [null, "2026-11-24T10:00:07.000Z"]);
});

Deno.test("[TR1] branches that run side by side stand each below its own parent", () => {
  const view = viewOf(started, begin("m"), begin("m/a"), begin("m/b"), begin("m/a/x"), begin("m/b/y"), begin("m/a/z"));
  assertEquals(brief(view), [
    "m running",
    "  m/a running",
    "    m/a/x running",
    "    m/a/z running",
    "  m/b running",
    "    m/b/y running",
  ]);
});

Deno.test("[TR1] attempts of a step are one row that counts them", () => {
  const view = viewOf(started, begin("s1"), end("s1", "failed", { error: "no" }), begin("s1", 2), begin("s1#2/leaf"));
  assertEquals(brief(view), ["s1 running", "  s1#2/leaf running"]);
  assertEquals(stepRows(view).map((row) => [row.sub, row.error]), [["2 attempts", null], ["", null]]);
});

Deno.test("[TR1] a question stands at the step in which it is asked, and at those around it, but at no brother", () => {
  const steps = [started, begin("g"), begin("g/s1"), end("g/s1"), begin("g/s10"), begin("s1")] as const;
  assertEquals(brief(viewOf(...steps, asks("g/s10/ask"))), [
    "g needs",
    "  g/s1 completed",
    "  g/s10 needs",
    "s1 running",
  ]);
  assertEquals(brief(viewOf(...steps, asks("g/s1#2/ask")))[1], "  g/s1 needs");
  const answered: [string, JsonObject] = ["approval_received", { approval_id: "a1", resolution: "approved" }];
  assertEquals(brief(viewOf(...steps, asks("g/s10/ask"), answered))[2], "  g/s10 running");
});

Deno.test("[TR2] what the plan still holds follows as planned, what has begun is not shown twice", () => {
  const view = viewOf(started, plan("s1", "s2", "s3"), begin("s1"), end("s1"), begin("group"), begin("group/s3"));
  assertEquals(brief(view), ["s1 completed", "group running", "  group/s3 running", "plan-s2 planned"]);
  assertEquals(stepRows(view).at(-1)?.name, "Step s2");
});

Deno.test("[TR2] a plan that is none adds nothing", () => {
  for (const odd of [null, "text", { steps: [] }, { steps: [{ id: "a" }] }, []]) {
    assertEquals(brief(viewOf(started, ["plan_updated", { plan: odd, revision: 1, by: "p" }])), []);
  }
});

Deno.test("[TR1] only the last run is shown, and an empty view has no rows", () => {
  const second: [string, JsonObject, string] = ["status", { message: "accepted", session_id: "s" }, "run-2"];
  const view = viewOf(started, plan("a", "c"), begin("a"), asks("a/ask"), second, begin("a", 1, "run-2"));
  assertEquals(brief(view), ["a running"]);
  assertEquals(stepRows(EMPTY_VIEW), []);
});

Deno.test("[TR1] a run of the engine, with groups, attempts and a question, is shown as it stands", () => {
  const story = new Story().running();
  story.group("g");
  story.begin("g/a", { scope: "g" });
  story.end("g/a");
  story.ask("g/ask", { scope: "g" });
  assertEquals(brief(story.view), ["g needs"]);
});

Deno.test("[TR1] every step is one row, behind its parent and one deeper", () => {
  const id = fc.array(fc.constantFrom("a", "b", "a#2", "c"), { minLength: 1, maxLength: 4 }).map((path) =>
    path.join("/")
  );
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 20 }), (ids) => {
      const view = viewOf(started, ...ids.map((one) => begin(one)));
      const rows = stepRows(view);
      assertEquals(rows.map((row) => row.key).sort(), view.steps.map((step) => step.step_id).sort());
      for (const [i, row] of rows.entries()) {
        const parent = view.steps.find((step) => step.step_id === row.key)?.parent ?? null;
        const above = rows.slice(0, i).findLast((one) => one.depth < row.depth);
        assertEquals(above?.key ?? null, parent);
        if (above !== undefined) assertEquals(row.depth, above.depth + 1);
      }
    }),
    { seed: 7 },
  );
});

Deno.test("[TR3] a line of output stands in the innermost step of its own run whose key begins its own", () => {
  const view = viewOf(started, begin("g"), begin("g/s1"), begin("g/s10"));
  const run_id = view.runs[0]?.run_id ?? "";
  const of = (step_id: string | null) => stepOfLine(view, { run_id, step_id })?.step_id ?? null;
  assertEquals([of("g/s1/exec"), of("g/s10"), of("g/s1#3/exec"), of("g/x"), of("other"), of(null)], [
    "g/s1",
    "g/s10",
    "g/s1",
    "g",
    null,
    null,
  ]);
  assert(stepOfLine(view, { run_id, step_id: "g/s1" })?.name === "Name of g/s1");
  assertEquals(stepOfLine(view, { run_id: "an-earlier-run", step_id: "g/s1" }), null);
});

Deno.test("[TR4] while a run is paused its step is paused and no time goes on; resumed, it runs again", () => {
  const state = (status: string, previous: string): [string, JsonObject] => [
    "workflow_state_changed",
    { subject: "run", status, previous },
  ];
  const at = (view: SessionView) => stepRows(view).map((row) => `${row.look} ${row.started_at !== null}`);
  const runs = [started, state("running", "queued"), begin("a")] as const;
  assertEquals(at(viewOf(...runs)), ["running true"]);
  assertEquals(at(viewOf(...runs, state("paused", "running"))), ["paused false"]);
  assertEquals(at(viewOf(...runs, state("paused", "running"), state("running", "paused"))), ["running true"]);
});
