import { assertEquals, assertGreater, assertObjectMatch } from "@std/assert";
import { Story } from "./support/story.ts";
import type { SaidItem } from "../../lib/model/command.ts";
import { LINE_BYTES } from "../../lib/engine/limits.ts";
import { draft, type EventDraft } from "../../lib/model/event.ts";

const message = (text: string): EventDraft => ({
  event_type: "agent_message",
  run_id: null,
  data: { agent: "engineer", role: "assistant", message: text },
});
const item = (draft: EventDraft, place: [number, number], scope = ""): SaidItem => ({
  scope,
  place: { leaves: place[0], counter: place[1] },
  say: { what: "event", draft },
});
const output = (text: string, step_id?: string): EventDraft => ({
  event_type: "output",
  run_id: null,
  data: { message: text, stream: "stdout", source: "block", ...(step_id === undefined ? {} : { step_id }) },
});

Deno.test("[ENG-M1] what is said at or below the mark of its scope was said before", () => {
  const story = new Story().running();
  story.ok(story.sandbox, { type: "say", items: [item(message("one"), [0, 1]), item(message("two"), [0, 2])] });
  const again = story.heard(() =>
    story.ok(story.sandbox, {
      type: "say",
      items: [item(message("one"), [0, 1]), item(message("two"), [0, 2]), item(message("three"), [1, 1])],
    })
  );
  assertEquals(again, ["agent_message"]);
  assertObjectMatch(story.last("agent_message"), { message: "three" });
  assertEquals(story.state.scopes.get("")?.mark, { leaves: 1, counter: 1 });
  story.same(story.sandbox, { type: "say", items: [item(message("two"), [0, 9])] });
});

Deno.test("[ENG-M2] each scope has a mark of its own, and what is said in a group stands under its step", () => {
  const story = new Story().running();
  story.group("s1");
  story.ok(story.sandbox, { type: "say", items: [item(message("in"), [0, 1], "s1"), item(message("out"), [0, 1])] });
  const said = story.events.filter((event) => event.event_type === "agent_message").map((event) =>
    event.data["step_id"]
  );
  assertEquals(said, ["s1", undefined]);
});

Deno.test("[ENG-M3] status, steps and approvals cannot be said or reported", () => {
  const story = new Story().running();
  const forged: EventDraft = {
    event_type: "workflow_state_changed",
    run_id: null,
    data: { subject: "run", status: "completed", previous: null },
  };
  assertEquals(story.refused(story.sandbox, { type: "say", items: [item(forged, [0, 1])] }), "invalid");
  assertEquals(story.refused(story.sandbox, { type: "report", events: [forged], output_bytes: 0 }), "invalid");
  assertEquals(
    story.refused(story.sandbox, { type: "say", items: [item(message("x"), [0, 1], "nowhere")] }),
    "conflict",
  );
});

Deno.test("[ENG-M4] memory is set in the session and told", () => {
  const story = new Story().running();
  const say = { what: "memory", key: "__proto__", value: { a: 1 } } as const;
  const heard = story.heard(() =>
    story.ok(story.sandbox, { type: "say", items: [{ scope: "", place: { leaves: 0, counter: 1 }, say }] })
  );
  assertEquals(heard, ["context_updated"]);
  assertEquals(JSON.stringify(story.state.session?.memory), '{"__proto__":{"a":1}}');
  assertEquals(JSON.stringify(story.view.context), '{"__proto__":{"a":1}}');
});

Deno.test("[ENG-M5] a phase is shown in the session", () => {
  const story = new Story().running();
  const draft: EventDraft = { event_type: "phase_change", run_id: null, data: { phase: "control", step: "Step 1" } };
  story.ok(story.sandbox, { type: "say", items: [item(draft, [0, 1])] });
  assertEquals([story.state.session?.current_phase, story.state.session?.current_step], ["control", "Step 1"]);
});

Deno.test("[ENG-M6] reported output of a leaf stands under the step that people see", () => {
  const story = new Story().running();
  story.group("s1");
  story.begin("s1/run", { scope: "s1", kind: "exec" });
  story.ok(story.sandbox, { type: "report", events: [output("hi", "s1/run"), output("there")], output_bytes: 7 });
  const said = story.events.filter((event) => event.event_type === "output").map((event) => event.data["step_id"]);
  assertEquals(said, ["s1", undefined]);
  assertEquals(story.state.run?.output_bytes, 7);
});

Deno.test("[ENG-M7] over its output limit the run fails, with what it said until then", () => {
  const story = new Story().running();
  story.settings = { ...story.settings, output_bytes: 42 };
  story.ok(story.sandbox, { type: "say", items: [item(output("żółć"), [0, 1])] });
  assertEquals(story.state.run?.output_bytes, 8 + LINE_BYTES);
  const heard = story.heard(() => {
    const reply = story.ok(story.sandbox, { type: "report", events: [output("abc")], output_bytes: 3 });
    assertEquals(reply, { ended: "failed" });
  });
  assertEquals(heard, ["output", "error", "run:failed", "session:failed", "complete"]);
  assertObjectMatch(story.last("error"), { error_type: "output" });
});

Deno.test("[ENG-M9] all that is said counts as output: messages, variables, skipped steps, and each line for its place", () => {
  const story = new Story().running();
  const counted: number[] = [];
  const says: SaidItem["say"][] = [
    { what: "event", draft: output("") },
    { what: "event", draft: draft("warning", null, { code: "c", message: "m".repeat(1000) }) },
    { what: "memory", key: "k", value: "v".repeat(1000) },
    { what: "skip", id: "s", title: "S", reason: "r".repeat(1000) },
  ];
  says.forEach((say, at) => {
    const before = story.state.run?.output_bytes ?? 0;
    story.ok(story.sandbox, { type: "say", items: [{ scope: "", place: { leaves: 0, counter: at + 1 }, say }] });
    counted.push((story.state.run?.output_bytes ?? 0) - before);
  });
  assertEquals(counted[0], LINE_BYTES);
  for (const bytes of counted.slice(1)) assertGreater(bytes, 1000 + LINE_BYTES);
});

Deno.test("[ENG-M8] output alone moves neither version nor updated_at, and last_active_at once a second", () => {
  const story = new Story().running();
  const before = story.state.session;
  story.after(0.5).ok(story.sandbox, { type: "report", events: [output("a")], output_bytes: 1 });
  assertEquals(story.state.session, before);
  story.after(2).ok(story.sandbox, { type: "report", events: [output("a")], output_bytes: 1 });
  assertEquals(story.state.session?.updated_at, before?.updated_at);
  assertEquals(story.state.session?.last_active_at, new Date(story.now).toISOString());
});
