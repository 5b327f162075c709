import { assert, assertEquals, assertObjectMatch, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { apply, EMPTY_VIEW, fold, type SessionView } from "../../lib/engine/view.ts";
import { BOUNDS, LINE_CHARS, STREAM_CHARS } from "../../lib/engine/view/types.ts";
import type { EventEnvelope } from "../../lib/model/event.ts";
import type { JsonObject } from "../../lib/model/json.ts";
import { OWNER, planOf, RUN, SESSION, Story, SYSTEM } from "./support/story.ts";

const event = (seq: number, event_type: string, data: JsonObject = {}): EventEnvelope => ({
  seq,
  event_type,
  timestamp: new Date(Date.UTC(2026, 0, 5) + seq * 1000).toISOString(),
  run_id: RUN,
  session_id: SESSION,
  data,
});
const told = (...events: [string, JsonObject][]): SessionView =>
  fold(EMPTY_VIEW, events.map(([type, data], at) => event(at + 1, type, data)));
const started = (step_id: string, more: JsonObject = {}): [string, JsonObject] => [
  "step_started",
  { step_id, step_number: 1, name: step_id, attempt: 1, ...more },
];
const line = (message: string): JsonObject => ({ message, stream: "stdout", source: "block" });

Deno.test("[ENG-Z1] fold of many events equals apply of each in turn, and survives JSON", () => {
  const arbitrary = fc.array(fc.oneof(
    fc.record({
      event_type: fc.constant("output"),
      data: fc.record({ message: fc.string(), source: fc.constant("s") }),
    }),
    fc.record({
      event_type: fc.constant("file_created"),
      data: fc.record({ file_path: fc.string(), size_bytes: fc.nat() }),
    }),
    fc.record({
      event_type: fc.constantFrom("step_started", "step_restarted", "step_completed", "step_failed", "step_skipped"),
      data: fc.record({ step_id: fc.constantFrom("a", "a/b", "a#2/c"), attempt: fc.nat(3), name: fc.string() }),
    }),
    fc.record({
      event_type: fc.constantFrom("agent_delta", "agent_message", "warning", "error", "phase_change", "nobody_knows"),
      data: fc.record({ agent: fc.constantFrom("x", "y"), message_id: fc.constantFrom("1", "2"), text: fc.string() }),
    }),
    fc.record({
      event_type: fc.constantFrom("workflow_state_changed", "status", "complete", "workflow_resumed", "wait_started"),
      data: fc.record({
        subject: fc.constantFrom("run", "session"),
        status: fc.constantFrom("queued", "running", "waiting", "active", "failed", "odd"),
        on: fc.constantFrom("message", "timer"),
        id: fc.constantFrom("1", "2"),
      }),
    }),
  ));
  fc.assert(
    fc.property(arbitrary, fc.nat(10), (drafts, cut) => {
      const events = drafts.map(({ event_type, data }, at) => event(at + 1, event_type, { ...data }));
      const whole = fold(EMPTY_VIEW, events);
      assertEquals(events.reduce(apply, EMPTY_VIEW), whole);
      const snapshot: SessionView = JSON.parse(JSON.stringify(fold(EMPTY_VIEW, events.slice(0, cut))));
      assertEquals(fold(snapshot, events), whole);
    }),
    { seed: 20260105, numRuns: 300 },
  );
});

Deno.test("[ENG-Z2] a view is never changed: what was folded before stays as it is", () => {
  const freeze = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  };
  const story = new Story();
  story.create().start().claim().begun();
  story.group("s1");
  story.ask("s1/ok", { scope: "s1" });
  let view = EMPTY_VIEW;
  for (const one of story.events) {
    freeze(view);
    view = apply(view, one);
  }
  assertEquals(view, story.view);
});

Deno.test("[ENG-Z3] a repeat is harmless, and an unknown type moves only the seq", () => {
  const view = told(["output", line("a")], ["from_the_future", { any: 1 }]);
  assertEquals([view.seq, view.console.length], [2, 1]);
  assertStrictEquals(apply(view, event(2, "output", line("b"))), view);
});

Deno.test("[ENG-Z4] the console keeps the last 2,000 lines however they come, cut at their length", () => {
  const events = Array.from({ length: 9_500 }, (_, n) => event(n + 1, "output", line(`line ${n}`)));
  const whole = fold(EMPTY_VIEW, events);
  assertEquals([whole.console.length, whole.console_total], [BOUNDS.console, 9_500]);
  assertEquals(whole.console.at(0)?.message, "line 7500");
  let parts = EMPTY_VIEW;
  for (let from = 0; from < events.length; from += 777) parts = fold(parts, events.slice(from, from + 777));
  assertEquals(parts, whole);
  assertEquals(told(["output", line("x".repeat(16_000))]).console[0]?.message.length, LINE_CHARS);
});

Deno.test("[ENG-Z5] steps make a tree; a later attempt of a group is the same step", () => {
  const view = told(
    started("s1"),
    started("s1/inner"),
    ["step_failed", { step_id: "s1", step_number: 1, name: "s1", attempt: 1, error: "no", duration_ms: 5 }],
    ["step_restarted", { step_id: "s1", step_number: 1, name: "s1", attempt: 2 }],
    started("s1#2/other"),
  );
  assertEquals(view.steps.map((step) => [step.step_id, step.parent, step.status]), [
    ["s1", null, "running"],
    ["s1/inner", "s1", "running"],
    ["s1#2/other", "s1", "running"],
  ]);
  assertEquals(view.steps[0]?.attempts.map((one) => [one.attempt, one.status, one.error, one.duration_ms]), [
    [1, "failed", "no", 5],
    [2, "running", null, null],
  ]);
});

Deno.test("[ENG-Z6] repeats show attempt, time and reason, and are over when the leaf has ended", () => {
  const retry = { step_id: "a", step_number: 1, attempt_number: 1, max_attempts: 3, backoff_seconds: 8 };
  const view = told(started("a"), ["error", { message: "429", error_type: "http", step_id: "a", attempt: 1 }], [
    "step_retry_backoff",
    retry,
  ]);
  const until = new Date(Date.UTC(2026, 0, 5) + 11_000).toISOString();
  assertObjectMatch(view.steps[0] ?? {}, {
    status: "retrying",
    retry: { attempt_number: 1, max_attempts: 3, until, error: "429" },
    attempts: [{ error: "429" }],
  });
  const next = apply(view, event(4, "step_retry_started", { step_id: "a", step_number: 1, attempt_number: 2 }));
  assertObjectMatch(next.steps[0] ?? {}, { retry: { attempt_number: 2, max_attempts: 3, until: null } });
  const over = apply(next, event(5, "step_retry_succeeded", { step_id: "a", step_number: 1, attempt_number: 2 }));
  assertObjectMatch(over.steps[0] ?? {}, { status: "running", retry: null });
});

Deno.test("[ENG-Z7] after workflow_resumed what had finished is reused, what runs again is not", () => {
  const story = new Story().running();
  story.begin("a");
  story.end("a");
  story.begin("b");
  story.ok(SYSTEM, { type: "requeue_run", run_id: RUN, fence: 1, reason: "takeover", loss: true });
  story.claim().begun({ reused_steps: 1 });
  story.begin("b");
  assertEquals(story.view.steps.map((step) => [step.step_id, step.reused, step.status]), [
    ["a", true, "completed"],
    ["b", false, "running"],
  ]);
  assertObjectMatch(story.view.runs[0] ?? {}, { attempt: 2, resumed: { reason: "takeover", reused_steps: 1 } });
});

Deno.test("[ENG-Z8] what was at work when its run ended is at work no more", () => {
  const story = new Story().running();
  const say = {
    what: "event",
    draft: { event_type: "plan_updated", run_id: null, data: { plan: planOf("p1"), revision: 1, by: "x" } },
  } as const;
  story.ok(story.sandbox, { type: "say", items: [{ scope: "", place: { leaves: 0, counter: 1 }, say }] });
  story.group("p1");
  story.listen("next");
  story.ok(OWNER, { type: "cancel_run", run_id: RUN });
  story.ok(SYSTEM, { type: "settle_run", run_id: RUN, fence: 1 });
  assertObjectMatch(story.view, {
    steps: [{ status: "cancelled", attempts: [{ status: "cancelled" }] }],
    dag: { nodes: [{ status: "cancelled" }] },
    waits: [],
    wait: { on: "task" },
  });
  assertObjectMatch(story.view.runs[0] ?? {}, { cancel: "asked", status: "cancelled" });
});

Deno.test("[ENG-Z9] approvals stand with everything that was asked, then with who answered what; the last 50 stay", () => {
  const story = new Story().running();
  for (let n = 0; n < 55; n++) {
    const id = story.ask(`q${n}`);
    assertObjectMatch(story.view.pending[0] ?? {}, { approval_id: id, action: "Do it", context: { path: "a.txt" } });
    story.answer(id, n % 2 === 0 ? "approved" : "rejected");
  }
  assertEquals([story.view.pending.length, story.view.resolved.length], [0, BOUNDS.resolved]);
  assertObjectMatch(story.view.resolved.at(-1) ?? {}, {
    status: "resolved",
    resolution: "approved",
    resolved_by: { id: OWNER.id, name: "Ada" },
  });
});

Deno.test("[ENG-Z17] an approval that expired stands with what its deadline chose, as in its row", () => {
  const asked = (id: string, on_timeout: string, allowed: string[]): [string, JsonObject] => ["approval_requested", {
    approval_id: id,
    approval_type: "step_approval",
    step_id: "s1",
    action: "Do it",
    context: null,
    allowed,
    on_timeout,
  }];
  const cases = [
    ["reject", ["approved", "rejected"], "rejected"],
    ["approve", ["approved", "rejected"], "approved"],
    ["approve", ["answered", "rejected"], "rejected"],
    ["reject", ["retry", "abort"], "abort"],
    ["fail", ["approved", "rejected"], null],
  ] as const;
  for (const [on_timeout, allowed, chosen] of cases) {
    const view = told(asked("a1", on_timeout, [...allowed]), ["approval_expired", { approval_id: "a1" }]);
    assertObjectMatch(view.resolved[0] ?? {}, { status: "expired", resolution: chosen, resolved_by: "timeout" });
  }
});

Deno.test("[ENG-Z10] the conversation holds task, people and agents; a message ends what streamed of it", () => {
  const view = told(
    ["status", { message: "Queued", task: "Count" }],
    ["agent_delta", { agent: "engineer", message_id: "m1", text: "Hel", step_id: "s1" }],
    ["agent_delta", { agent: "engineer", message_id: "m1", text: "lo", step_id: "s1" }],
    ["user_message", { message_id: "u1", content: "Faster", by: "Ada" }],
  );
  assertEquals(view.streams.map((stream) => stream.text), ["Hello"]);
  const said = apply(
    view,
    event(5, "agent_message", { agent: "engineer", role: "assistant", message: "Hello", step_id: "s1" }),
  );
  assertEquals(said.streams, []);
  assertEquals(said.conversation.map((one) => [one.kind, one.role, one.agent, one.content]), [
    ["task", "user", "user", "Count"],
    ["user", "user", "Ada", "Faster"],
    ["agent", "assistant", "engineer", "Hello"],
  ]);
  const flood = Array.from(
    { length: 300 },
    (_, n) => event(n + 10, "agent_delta", { agent: "a", message_id: "m", text: "x".repeat(500) }),
  );
  assertEquals(fold(said, flood).streams[0]?.text.length, STREAM_CHARS);
});

Deno.test("[ENG-Z11] a field that lies in a blob shows its preview and names its blob", () => {
  const message = { $blob: { digest: "d1", size_bytes: 9_000, media_type: "text/plain" }, preview: "It begins" };
  const view = told(["agent_message", { agent: "a", role: "assistant", message }]);
  assertObjectMatch(view.conversation[0] ?? {}, { content: "It begins", blob: "d1" });
});

Deno.test("[ENG-Z12] files stand by path with when they came and last changed", () => {
  const file = (file_path: string, size_bytes: number) => ({ file_path, file_type: "text/plain", size_bytes });
  const view = told(
    ["file_created", file("b.txt", 1)],
    ["file_created", file("__proto__", 2)],
    ["file_updated", file("b.txt", 3)],
    ["file_created", file("a.txt", 4)],
  );
  assertEquals(view.files.map((one) => [one.file_path, one.size_bytes]), [["__proto__", 2], ["a.txt", 4], [
    "b.txt",
    3,
  ]]);
  const changed = view.files.at(-1);
  assert(changed !== undefined && changed.created_at < changed.updated_at);
});

Deno.test("[ENG-Z13] cost is summed by model, and for the run", () => {
  const cost = (model: string, cost_usd: number) => ({
    model,
    agent: "a",
    cost_usd,
    input_tokens: 10,
    output_tokens: 2,
    cached_input_tokens: 1,
  });
  const view = told(["status", {}], ["cost_update", cost("m1", 0.5)], ["cost_update", cost("m2", 0.25)], [
    "cost_update",
    cost("m1", 0.25),
  ], [
    "budget_warning",
    { used: 0.8, limit: 1, unit: "usd" },
  ]);
  assertObjectMatch(view.cost, {
    usd: 1,
    models: [{ model: "m2", calls: 1 }, { model: "m1", calls: 2, usd: 0.75, input_tokens: 20 }],
    last: { model: "m1", input_tokens: 10 },
    warnings: [{ used: 0.8, unit: "usd" }],
  });
  assertEquals(view.runs[0]?.cost_usd, 1);
});

Deno.test("[ENG-Z14] plan, graph, progress and phase begin anew with a run; the last 20 runs stay, with their steps", () => {
  let view = EMPTY_VIEW;
  let seq = 0;
  for (let n = 0; n < 25; n++) {
    const of = (type: string, data: JsonObject): EventEnvelope => ({ ...event(++seq, type, data), run_id: `run-${n}` });
    view = fold(view, [
      of("status", { task: `Task ${n}` }),
      of("phase_change", { phase: "planning" }),
      of("dag_created", {
        nodes: [{ id: "p1", label: "P", type: "engineer", status: "completed" }],
        edges: [],
        levels: 1,
      }),
      of(...started("a")),
    ]);
  }
  assertEquals([view.runs.length, view.steps.length], [BOUNDS.runs, BOUNDS.runs]);
  assertEquals([view.runs[0]?.run_id, view.steps[0]?.run_id], ["run-5", "run-5"]);
  assertEquals(view.progress, { done: 1, total: 1, unit: "steps" });
  const next = apply(view, { ...event(++seq, "status", {}), run_id: "run-25" });
  assertEquals([next.plan, next.dag, next.progress, next.current_phase], [null, null, null, null]);
});

Deno.test("[ENG-Z15] how long a run waited is added up", () => {
  const state = (status: string) => ["workflow_state_changed", { subject: "run", status }] as [string, JsonObject];
  const view = told(["status", {}], state("waiting"), ["output", line("x")], state("queued"), state("waiting"));
  assertObjectMatch(view.runs[0] ?? {}, {
    waited_ms: 2000,
    waiting_since: new Date(Date.UTC(2026, 0, 5) + 5000).toISOString(),
  });
});

Deno.test("[ENG-Z16] what has fallen out of a bounded list is gone for the rest of a fold too", () => {
  const events = Array.from({ length: BOUNDS.steps + 5 }, (_, n) => event(n + 1, ...started(`s${n}`)));
  const late = { step_id: "s0", step_number: 1, name: "s0", attempt: 1, duration_ms: 1 };
  events.push(event(events.length + 1, "step_completed", late));
  const parts = fold(fold(EMPTY_VIEW, events.slice(0, -1)), events.slice(-1));
  assertEquals(fold(EMPTY_VIEW, events), parts);
});
