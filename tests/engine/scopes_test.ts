import { assertEquals, assertObjectMatch } from "@std/assert";
import { planOf, Story } from "./support/story.ts";
import type { SaidItem } from "../../lib/model/command.ts";
import type { JsonObject } from "../../lib/model/json.ts";

let counter = 0;
const plan = (value: JsonObject): SaidItem => ({
  scope: "",
  place: { leaves: 0, counter: ++counter },
  say: {
    what: "event",
    draft: { event_type: "plan_updated", run_id: null, data: { plan: value, revision: 0, by: "planner" } },
  },
});
const endScope = (key: string, status: "done" | "failed" | "dropped", error?: string) =>
  ({ type: "end_scope", key, status, ...(error === undefined ? {} : { error }) }) as const;

Deno.test("[ENG-G1] a group is a step: started, completed with its duration", () => {
  const story = new Story().running();
  assertEquals(story.heard(() => story.group("s1")), ["step_started"]);
  assertEquals(story.state.session?.current_step, "Step s1");
  story.after(3);
  assertEquals(story.heard(() => story.ok(story.sandbox, endScope("s1", "done"))), ["step_completed"]);
  assertObjectMatch(story.last("step_completed"), { step_id: "s1", name: "Step s1", duration_ms: 3000 });
});

Deno.test("[ENG-G2] the same group again is its next attempt, under the step_id and number of its first", () => {
  const story = new Story().running();
  story.group("s0");
  story.ok(story.sandbox, endScope("s0", "done"));
  story.group("s1");
  story.ok(story.sandbox, endScope("s1", "failed", "no"));
  assertEquals(story.heard(() => story.group("s1", { key: "s1#2", attempt: 2 })), ["step_restarted"]);
  assertObjectMatch(story.last("step_restarted"), { step_id: "s1", step_number: 2, attempt: 2 });
});

Deno.test("[ENG-G3] a scope that is known changes nothing: a replay tells no step", () => {
  const story = new Story().running();
  story.group("s1");
  const again = {
    type: "begin_scope",
    key: "s1",
    parent: "",
    pos: 0,
    kind: "group",
    id: "s1",
    title: "x",
    step_id: "s1",
  } as const;
  assertEquals(story.same(story.sandbox, { ...again, attempt: 1 }), { began: true, step_number: 1 });
  story.ok(story.sandbox, endScope("s1", "done"));
  story.same(story.sandbox, { ...again, attempt: 1 });
  story.same(story.sandbox, endScope("s1", "failed"));
  assertEquals(story.state.scopes.get("s1")?.status, "done");
});

Deno.test("[ENG-G4] a plan makes the graph, numbers its steps, and its groups move the nodes and the progress", () => {
  const story = new Story().running();
  story.group("planning");
  const heard = story.heard(() => story.ok(story.sandbox, { type: "say", items: [plan(planOf("p1", "p2", "p3"))] }));
  assertEquals(heard, ["plan_updated", "dag_created"]);
  assertObjectMatch(story.last("plan_updated"), { revision: 1, by: "planner" });
  assertObjectMatch(story.last("dag_created"), {
    levels: 3,
    edges: [{ source: "p1", target: "p2" }, { source: "p2", target: "p3" }],
  });
  story.ok(story.sandbox, endScope("planning", "done"));
  assertEquals(story.heard(() => story.group("p2")), ["step_started", "dag_node_status_changed"]);
  assertObjectMatch(story.last("step_started"), { step_number: 2 });
  assertObjectMatch(story.last("dag_node_status_changed"), {
    node_id: "p2",
    old_status: "pending",
    new_status: "running",
  });
  story.ok(story.sandbox, endScope("p2", "done"));
  assertEquals(story.state.session?.progress, { done: 1, total: 3, unit: "steps" });
  story.group("report");
  assertObjectMatch(story.last("step_started"), { step_id: "report", step_number: 4 });
});

Deno.test("[ENG-G5] a new plan keeps the status of the steps that stay, under the next revision", () => {
  const story = new Story().running();
  story.ok(story.sandbox, { type: "say", items: [plan(planOf("p1", "p2"))] });
  story.group("p1");
  story.ok(story.sandbox, endScope("p1", "done"));
  story.ok(story.sandbox, { type: "say", items: [plan(planOf("p1", "p9"))] });
  assertObjectMatch(story.last("plan_updated"), { revision: 2 });
  assertObjectMatch(story.last("dag_created"), {
    nodes: [{ id: "p1", status: "completed" }, { id: "p9", status: "pending" }],
  });
});

Deno.test("[ENG-G6] another JSON value as a plan is told without a graph", () => {
  const story = new Story().running();
  const heard = story.heard(() => story.ok(story.sandbox, { type: "say", items: [plan({ anything: 1 })] }));
  assertEquals(heard, ["plan_updated"]);
});

Deno.test("[ENG-G7] a failed group moves its node with the error; a skipped step is told and counts as done", () => {
  const story = new Story().running();
  story.ok(story.sandbox, { type: "say", items: [plan(planOf("p1", "p2"))] });
  story.group("p1");
  story.ok(story.sandbox, endScope("p1", "failed", "no such file"));
  assertObjectMatch(story.last("dag_node_status_changed"), { new_status: "failed", error: "no such file" });
  const skip: SaidItem = {
    scope: "",
    place: { leaves: 0, counter: ++counter },
    say: { what: "skip", id: "p2", title: "Step p2", reason: "not needed" },
  };
  const heard = story.heard(() => story.ok(story.sandbox, { type: "say", items: [skip] }));
  assertEquals(heard, ["step_skipped", "dag_node_status_changed"]);
  assertObjectMatch(story.last("step_skipped"), { step_id: "p2", step_number: 2, reason: "not needed" });
  assertEquals(story.state.session?.progress, { done: 1, total: 2, unit: "steps" });
});

function mapOf(story: Story, total: number): void {
  const place = { key: "all", parent: "", pos: 0, id: "all", title: "All pages", step_id: "all", attempt: 1 };
  story.ok(story.sandbox, { type: "begin_scope", ...place, kind: "map", total });
}
function branch(story: Story, id: string): string {
  const key = `all/${id}`;
  const place = { key, parent: "all", pos: 0, id, title: id, step_id: key, attempt: 1 };
  story.ok(story.sandbox, { type: "begin_scope", ...place, kind: "branch" });
  return key;
}

Deno.test("[ENG-G8] a map is one step with progress; its branches tell nothing", () => {
  const story = new Story().running();
  mapOf(story, 3);
  assertEquals(story.state.session?.progress, { done: 0, total: 3, unit: "items" });
  const heard = story.heard(() => {
    branch(story, "a");
    story.begin("all/a/x", { scope: "all/a" });
    story.end("all/a/x");
    story.ok(story.sandbox, endScope("all/a", "done"));
  });
  assertEquals(heard, []);
  assertEquals(story.state.session?.progress, { done: 1, total: 3, unit: "items" });
});

Deno.test("[ENG-G9] dropping a branch closes what is open in it, and nothing of it begins or speaks again", () => {
  const story = new Story().running();
  mapOf(story, 2);
  branch(story, "a");
  branch(story, "b");
  story.begin("all/a/x", { scope: "all/a" });
  const inner = { key: "all/b/g", parent: "all/b", pos: 0, id: "g", title: "G", step_id: "all/b/g", attempt: 1 };
  story.ok(story.sandbox, { type: "begin_scope", ...inner, kind: "group" });
  const id = story.ask("all/b/g/ok", { scope: "all/b/g" });
  const heard = story.heard(() => story.ok(story.sandbox, endScope("all/b", "dropped")));
  assertEquals(heard, ["step_skipped", "approval_cancelled", "wait_ended"]);
  assertEquals(story.state.approvals.get(id)?.status, "cancelled");
  const begin = {
    type: "begin_leaf",
    key: "all/b/y",
    scope: "all/b",
    name: "y",
    pos: 0,
    kind: "step",
    digest: "d",
    policy: {},
  } as const;
  assertEquals(story.same(story.sandbox, begin), { began: false, dropped: true });
  const draft = {
    event_type: "agent_message",
    run_id: null,
    data: { agent: "a", role: "assistant", message: "m" },
  } as const;
  const say = { scope: "all/b/g", place: { leaves: 1, counter: 1 }, say: { what: "event", draft } } as const;
  assertEquals(story.same(story.sandbox, { type: "say", items: [say] }), { said: 0 });
  assertEquals(story.waits(), { waiting: false });
  story.end("all/a/x");
});

Deno.test("[ENG-G10] dropping a branch ends its waits for messages and timers, so that nobody is shown them", () => {
  const story = new Story().running();
  mapOf(story, 3);
  for (const id of ["a", "b", "c"]) branch(story, id);
  const base = { type: "begin_leaf", pos: 0, digest: "d", policy: {} } as const;
  const until = new Date(story.now + 60_000).toISOString();
  const at = (id: string) => ({ ...base, key: `all/${id}/w`, scope: `all/${id}`, name: "w" });
  story.ok(story.sandbox, { ...at("a"), kind: "message", wait: { on: "message" } });
  story.ok(story.sandbox, { ...at("b"), kind: "sleep", wait: { on: "timer", until } });
  story.ok(story.sandbox, { ...at("c"), kind: "sleep", wait: { on: "timer", until } });
  assertEquals(story.heard(() => story.ok(story.sandbox, endScope("all/a", "dropped"))), ["wait_ended"]);
  assertEquals(story.last("wait_ended"), { on: "message", id: "all/a/w" });
  story.ok(story.sandbox, endScope("all/b", "dropped"));
  assertEquals(story.view.waits.map(({ id }) => id), ["all/c/w"]);
  story.waits();
  assertEquals([story.view.wait?.on, story.view.wait?.id], ["timer", "all/c/w"]);
});
