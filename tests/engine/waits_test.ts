import { assertEquals, assertObjectMatch } from "@std/assert";
import { dueTimers, project } from "../../lib/engine/project.ts";
import { askCommand, OWNER, RUN, SETTINGS, Story, SYSTEM, uuid } from "./support/story.ts";

const message = (id: string, content = "hello") =>
  ({ type: "send_message", run_id: RUN, message_id: id, content }) as const;

Deno.test("[ENG-W1] an approval is asked: the whole of it in one event, then wait_started; its ask stands beside", () => {
  const story = new Story().running();
  let id = "";
  const heard = story.heard(() => id = story.ask("ok", { timeout_s: 60 }));
  assertEquals(heard, ["approval_requested", "wait_started"]);
  assertObjectMatch(story.last("approval_requested"), {
    approval_id: id,
    step_id: "ok",
    status: "pending",
    context: { path: "a.txt" },
    expires_at: new Date(story.now + 60_000).toISOString(),
  });
  assertEquals(story.asks.get(id)?.action, "Do it");
});

Deno.test("[ENG-W2] the deadline is the leaf's, else the config's, else the setting's", () => {
  const configured = new Story().running({ approvalTimeout: 90 });
  const id = configured.ask("ok");
  assertEquals(configured.state.approvals.get(id)?.expires_at, new Date(configured.now + 90_000).toISOString());
  const plain = new Story().running();
  const other = plain.ask("ok");
  assertEquals(plain.state.approvals.get(other)?.expires_at, new Date(plain.now + 604_800_000).toISOString());
});

Deno.test("[ENG-W3] a run waits when every open leaf is a wait; it keeps no lease", () => {
  const story = new Story().running();
  story.ask("ok");
  const heard = story.heard(() => assertEquals(story.waits(), { waiting: true }));
  assertEquals(heard, ["run:waiting"]);
  assertEquals(project(story.state, SETTINGS).lease, null);
  assertEquals(project(story.state, SETTINGS).summary?.wait?.on, "approval");
});

Deno.test("[ENG-W4] a run does not wait while a leaf is at work, without an open wait, or with an answer not settled", () => {
  const story = new Story().running();
  assertEquals(story.waits(), { waiting: false });
  const id = story.ask("ok");
  story.group("s1");
  story.begin("s1/a", { scope: "s1" });
  assertEquals(story.waits(), { waiting: false });
  story.end("s1/a");
  story.ask("other");
  story.answer(id, "approved");
  assertEquals(story.same(story.sandbox, { type: "all_waiting", settled: 1 }), { waiting: false });
  assertEquals(story.ok(story.sandbox, { type: "all_waiting", settled: 2 }), { waiting: true });
});

Deno.test("[ENG-W5] numbers of earlier runs do not keep a run from waiting", () => {
  const story = new Story().running();
  story.begin("a");
  story.end("a");
  story.ok(story.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  story.start({ run_id: "run-2", start_digest: "s2" }).claim().begun();
  story.ask("ok");
  assertEquals(story.ok(story.sandbox, { type: "all_waiting", settled: 0 }), { waiting: true });
});

Deno.test("[ENG-W6] a wait that begins again goes on with its approval and tells nothing", () => {
  const story = new Story().running();
  const id = story.ask("ok");
  story.ok(SYSTEM, { type: "requeue_run", run_id: RUN, fence: 1, reason: "takeover", loss: true });
  story.claim().begun();
  const reply = story.same(story.sandbox, askCommand("ok", uuid(99)));
  assertObjectMatch(reply as object, { began: true, attempt: 1 });
  assertEquals([...story.state.approvals.keys()], [id]);
});

Deno.test("[ENG-W7] answered meanwhile, a wait that begins again is settled", () => {
  const story = new Story().running();
  const id = story.ask("ok");
  story.ok(SYSTEM, { type: "requeue_run", run_id: RUN, fence: 1, reason: "takeover", loss: true });
  story.answer(id, "approved");
  story.claim().begun();
  assertEquals(story.same(story.sandbox, askCommand("ok", uuid(99))), { began: false, settled: true, n: 1 });
});

Deno.test("[ENG-W8] a question under another digest is not the one that was asked", () => {
  const story = new Story().running();
  story.ask("ok");
  const command = askCommand("ok", uuid(99));
  const other = command.type === "begin_leaf" ? { ...command, digest: "other" } : command;
  assertEquals(story.refused(story.sandbox, other), "conflict");
});

Deno.test("[ENG-W9] the 51st pending approval waits to be asked until one closes", () => {
  const story = new Story().running();
  const first = story.ask("q1");
  for (let n = 2; n <= 50; n++) story.ask(`q${n}`);
  assertEquals(story.same(story.sandbox, askCommand("q51", uuid(99))), { began: false, later: true });
  assertEquals(story.ok(story.sandbox, { type: "all_waiting", settled: 0 }), { waiting: true });
  story.answer(first, "approved");
  story.claim("instance-a", story.fence);
  assertObjectMatch(story.ok(story.sandbox, askCommand("q51", uuid(99))) as object, { began: true });
});

Deno.test("[ENG-W10] a sleep is told and due; its time wakes the run", () => {
  const story = new Story().running();
  assertEquals(story.heard(() => story.sleep("nap", 60)), ["wait_started"]);
  story.waits();
  const at = story.now + 60_000;
  assertEquals(project(story.state, SETTINGS).due, [{ time_ms: at, kind: "timer", id: RUN }]);
  assertEquals(project(story.state, SETTINGS).summary?.wait?.on, "timer");
  assertEquals(dueTimers(story.state, story.now), []);
  const fire = { type: "fire_timer", run_id: RUN, key: "nap" } as const;
  assertObjectMatch(story.same(SYSTEM, fire) as object, { fired: false });
  story.after(60);
  assertEquals(dueTimers(story.state, story.now), ["nap"]);
  const heard = story.heard(() => story.ok(SYSTEM, fire));
  assertEquals(heard, ["wait_ended", "run:queued"]);
  assertObjectMatch(story.state.run ?? {}, { status: "queued", reason: "wake" });
  assertEquals(story.same(SYSTEM, fire), { fired: false });
});

Deno.test("[ENG-W11] a sleep of at most 10 s tells nothing, is not due and lets no run wait", () => {
  const story = new Story().running();
  const heard = story.heard(() => story.sleep("blink", 10));
  assertEquals(heard, []);
  story.ask("ok");
  assertEquals(story.waits(), { waiting: false });
  assertEquals(project(story.state, SETTINGS).due.map((due) => due.kind), ["approval"]);
  story.after(10);
  assertEquals(story.heard(() => story.ok(SYSTEM, { type: "fire_timer", run_id: RUN, key: "blink" })), []);
  assertEquals(story.waits(), { waiting: true });
});

Deno.test("[ENG-W12] a sleep keeps its first time when it begins again, and is settled when that has come", () => {
  const story = new Story().running();
  story.sleep("nap", 60);
  story.ok(SYSTEM, { type: "requeue_run", run_id: RUN, fence: 1, reason: "drain", loss: false });
  story.after(30).claim().begun();
  assertObjectMatch(story.sleep("nap", 60) as object, { began: true });
  const entry = story.state.entries.get("nap");
  assertEquals(entry?.status === "open" ? entry.until : null, new Date(story.now + 30_000).toISOString());
  story.after(30);
  assertObjectMatch(story.sleep("nap", 60) as object, { began: false, settled: true });
});

Deno.test("[ENG-W13] a message goes straight into an open wait and wakes the run", () => {
  const story = new Story().running();
  story.listen("next");
  story.waits();
  const heard = story.heard(() => story.ok(OWNER, message("m1")));
  assertEquals(heard, ["user_message", "wait_ended", "run:queued"]);
  assertObjectMatch(story.state.entries.get("next") ?? {}, {
    status: "done",
    value: [{ message_id: "m1", content: "hello", by: "Ada" }],
  });
});

Deno.test("[ENG-W14] a message before its wait lies in the mailbox; the begin of the wait takes all of them", () => {
  const story = new Story().running();
  story.ok(OWNER, message("m1"));
  story.ok(OWNER, message("m2", "again"));
  story.same(OWNER, message("m2", "again"));
  assertEquals(story.state.mailbox.map((one) => one.message_id), ["m1", "m2"]);
  assertEquals(story.heard(() => assertObjectMatch(story.listen("next") as object, { settled: true })), []);
  assertEquals(story.state.mailbox, []);
  assertObjectMatch(story.state.entries.get("next") ?? {}, {
    status: "done",
    value: [{ content: "hello" }, { content: "again" }],
  });
});

Deno.test("[ENG-W15] a wait for messages gets none at its time; with 0 it looks and never waits", () => {
  const story = new Story().running();
  assertObjectMatch(story.listen("look", 0) as object, { settled: true });
  story.listen("next", 60);
  story.waits();
  story.after(60).ok(SYSTEM, { type: "fire_timer", run_id: RUN, key: "next" });
  const values = [...story.state.entries.values()].map((entry) => entry.status === "done" ? entry.value : null);
  assertEquals(values, [[], []]);
});

Deno.test("[ENG-W16] a mode that takes no messages, and a run that is over or being cancelled, refuse them", () => {
  const story = new Story().running();
  assertEquals(story.refused(OWNER, message("m1"), { takes_messages: false }), "takes_no_messages");
  story.ok(OWNER, { type: "cancel_run", run_id: RUN });
  assertEquals(story.refused(OWNER, message("m1")), "wrong_state");
  story.ok(SYSTEM, { type: "settle_run", run_id: RUN, fence: story.fence });
  assertEquals(story.refused(OWNER, message("m1")), "wrong_state");
});

Deno.test("[ENG-W17] a session waits for exactly one thing, in a fixed order", () => {
  const story = new Story().running();
  const on = () => project(story.state, SETTINGS).summary?.wait?.on ?? null;
  assertEquals(on(), "run");
  story.sleep("nap", 600);
  story.listen("next");
  const late = story.ask("late", { timeout_s: 500 });
  const soon = story.ask("soon", { timeout_s: 100 });
  assertEquals(on(), "run");
  story.waits();
  assertObjectMatch(project(story.state, SETTINGS).summary?.wait ?? {}, { on: "approval", id: soon, count: 2 });
  const answer = (id: string) => {
    story.answer(id, "approved");
    assertEquals(on(), "queue");
    story.claim().begun();
    story.waits();
  };
  answer(soon);
  answer(late);
  assertObjectMatch(project(story.state, SETTINGS).summary?.wait ?? {}, { on: "message", id: "next" });
  story.ok(OWNER, message("m1"));
  story.claim().begun();
  story.waits();
  assertObjectMatch(project(story.state, SETTINGS).summary?.wait ?? {}, { on: "timer", id: "nap" });
  story.ok(OWNER, { type: "suspend_session", now: false });
  assertEquals(on(), "resume");
  story.ok(OWNER, { type: "resume_session" });
  story.ok(OWNER, { type: "cancel_run", run_id: RUN });
  assertEquals(on(), "task");
});

Deno.test("[ENG-W18] a deadline has come 2 s before its wall time, and not a moment sooner", () => {
  const story = new Story().running();
  const id = story.ask("ok", { timeout_s: 60 });
  story.sleep("nap", 60);
  story.waits();
  const fire = { type: "fire_timer", run_id: RUN, key: "nap" } as const;
  const expire = { type: "expire_approval", approval_id: id } as const;
  story.after(57.999);
  assertEquals(dueTimers(story.state, story.now), []);
  assertObjectMatch(story.same(SYSTEM, fire) as object, { fired: false });
  assertObjectMatch(story.same(SYSTEM, expire) as object, { expired: false });
  story.after(0.001);
  assertEquals(dueTimers(story.state, story.now), ["nap"]);
  assertObjectMatch(story.ok(SYSTEM, fire) as object, { fired: true });
  const ask = { ask: story.asks.get(id) ?? null };
  assertObjectMatch(story.ok(SYSTEM, expire, ask) as object, { expired: true });
});
