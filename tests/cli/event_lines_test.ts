import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { eventLine } from "@/lib/cli/event_lines.ts";
import { painter } from "@/lib/cli/terminal.ts";
import { EVENT_DATA, type EventEnvelope } from "@/lib/model/event.ts";
import type { JsonObject } from "@/lib/model/json.ts";

const line = (event_type: string, data: JsonObject = {}) => {
  const event: EventEnvelope = {
    seq: 1,
    event_type,
    timestamp: "2026-11-24T10:00:00.000Z",
    run_id: "r",
    session_id: "s",
    data,
  };
  return eventLine(event, painter(false));
};

Deno.test("[EL1] the events that people read are lines", () => {
  const said: [string, JsonObject, string][] = [
    ["workflow_started", { model: "runbook" }, "started, model runbook"],
    ["workflow_resumed", { reason: "takeover", reused_steps: 2 }, "goes on (takeover), 2 steps kept"],
    ["phase_change", { phase: "control" }, "── control"],
    ["step_started", { name: "Fit" }, "○ Fit"],
    ["step_completed", { name: "Fit", duration_ms: 1234 }, "✓ Fit 1.2 s"],
    ["step_failed", { name: "Fit", error: "no memory" }, "✗ Fit  no memory"],
    ["step_skipped", { name: "Fit", reason: "not needed" }, "– Fit  not needed"],
    ["step_retry_backoff", { attempt_number: 2, backoff_seconds: 4 }, "attempt 2 failed, next in 4 s"],
    ["output", { stream: "stdout", message: "hello" }, "│ hello"],
    ["agent_message", { agent: "engineer", message: "Done" }, "engineer  Done"],
    ["user_message", { by: "Ada", content: "Go" }, "Ada  Go"],
    ["approval_requested", { action: "Run it?" }, "? Run it?"],
    [
      "approval_received",
      { resolution: "approved", resolved_by: { id: "a", name: "Ada" }, feedback: "ok" },
      "approved by Ada: ok",
    ],
    ["approval_received", { resolution: "rejected", resolved_by: null, feedback: null }, "rejected"],
    ["approval_expired", {}, "nobody answered in time"],
    ["file_created", { file_path: "a.md", size_bytes: 1500 }, "+ a.md 1.5 kB"],
    ["file_updated", { file_path: "a.md", size_bytes: 12 }, "~ a.md 12 B"],
    ["warning", { message: "slow" }, "warning: slow"],
    ["error", { error_type: "Failure", message: "no" }, "Failure: no"],
    ["cancel_progress", { stage: "told" }, "cancel: told"],
    ["complete", { status: "success", duration_ms: 61_000 }, "success 61.0 s"],
  ];
  for (const [type, data, text] of said) assertEquals(line(type, data), text, type);
});

Deno.test("[EL1] a plan is its steps with their agents, numbered", () => {
  const plan = { steps: [{ title: "Load", agent: "engineer" }, { title: "Write", agent: "researcher" }, null] };
  assertEquals(
    line("plan_updated", { plan, revision: 2 }),
    "Plan, revision 2\n  1 Load engineer\n  2 Write researcher\n  3  ",
  );
  assertEquals(line("plan_updated", { plan: "none", revision: 1 }), null);
});

Deno.test("[EL1] a text that lies in a blob is shown by its beginning", () => {
  const message = { $blob: { digest: "d", size_bytes: 99, media_type: "text/plain" }, preview: "The beginning" };
  assertEquals(line("output", { stream: "stdout", message }), "│ The beginning …");
});

Deno.test("[EL2] events that say nothing to a person, and names of objects' own things, are no lines", () => {
  for (const type of ["status", "cost_update", "heartbeat", "of_tomorrow", "constructor", "toString", "__proto__"]) {
    assertEquals(line(type, { message: "x" }), null, type);
  }
});

Deno.test("[EL3] whatever stands in an event, its line can do nothing to a terminal", () => {
  const evil = "\x1b[2J\x1b]0;x\x07\r\u202e";
  const text = fc.constantFrom(evil, "plain");
  const value: fc.Arbitrary<JsonObject[string]> = fc.oneof(
    text,
    fc.constant(null),
    fc.nat(),
    fc.record({ preview: text }),
    fc.record({ name: text }),
    fc.record({ steps: fc.array(fc.record({ title: text, agent: text })) }),
    fc.array(text),
  );
  const keys = [
    ..."message agent name error reason model phase content by action resolution feedback resolved_by".split(" "),
    ..."file_path size_bytes error_type stage status stream plan revision duration_ms reused_steps".split(" "),
  ];
  const data = fc.dictionary(fc.constantFrom(...keys), value, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(EVENT_DATA)), data, (type, given) => {
      const said = line(type, given) ?? "";
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/.test(said), JSON.stringify(said));
    }),
    { seed: 7, numRuns: 500 },
  );
});
