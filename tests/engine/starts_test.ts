import { assertEquals, assertObjectMatch } from "@std/assert";
import { ADMIN, newRun, OTHER, OWNER, RUN, SESSION, Story, SYSTEM, T0 } from "./support/story.ts";

const session = { session_id: SESSION, mode: "one-shot", config: {}, name: "Demo" };

Deno.test("[ENG-S1] a session begins active, at version 1, and waits for a task", () => {
  const story = new Story();
  const reply = story.ok(OWNER, { type: "create_session", session });
  assertObjectMatch(reply as Record<string, unknown>, {
    session_id: SESSION,
    status: "active",
    version: 1,
    owner: { id: OWNER.id, name: "Ada" },
    head_seq: 2,
    wait: { on: "task" },
  });
});

Deno.test("[ENG-S2] the first event of a run is status, then the status of run and session, then its place", () => {
  const story = new Story().create();
  story.start().claim().begun();
  story.ok(story.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  const heard = story.heard(() => story.start({ run_id: "run-2", start_digest: "s2" }));
  assertEquals(heard, ["status", "run:queued", "session:active", "run_queued"]);
});

Deno.test("[ENG-S3] a session and its first run are one commit that begins with status", () => {
  const story = new Story();
  const heard = story.heard(() => story.ok(OWNER, { type: "create_session", session, run: newRun() }));
  assertEquals(heard, ["status", "run:queued", "session:active", "session_updated", "run_queued"]);
  assertEquals(story.events[0]?.run_id, RUN);
});

Deno.test("[ENG-S4] the same start again is the same run, also when it is over; another with its run_id is refused", () => {
  const story = new Story().running();
  assertObjectMatch(story.same(OWNER, { type: "start_run", run: newRun() }) as object, {
    run_id: RUN,
    status: "running",
  });
  story.ok(story.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  assertObjectMatch(story.same(OWNER, { type: "start_run", run: newRun() }) as object, { status: "completed" });
  assertEquals(story.refused(OWNER, { type: "start_run", run: newRun({ start_digest: "other" }) }), "run_id_taken");
  assertEquals(story.refused(ADMIN, { type: "start_run", run: newRun() }), "run_id_taken");
});

Deno.test("[ENG-S5] a run_id of another session is taken, or the same run when the start is the same", () => {
  const elsewhere = new Story().running();
  const owner = { session_id: SESSION, start_digest: "start-1", principal: OWNER.id };
  const story = new Story();
  const other = { ...session, session_id: "7b0d0a52-1f0f-4a0e-8f2c-2f6f3f7a1c02" };
  const again = story.same(OWNER, { type: "create_session", session: other, run: newRun() }, {
    run_id_owner: owner,
    run: elsewhere.state.run,
  });
  assertObjectMatch(again as object, { run_id: RUN, session_id: SESSION });
  const taken = story.refused(
    OTHER,
    { type: "create_session", session: other, run: newRun() },
    { run_id_owner: owner, run: elsewhere.state.run },
  );
  assertEquals([taken, story.state.session], ["run_id_taken", null]);
});

Deno.test("[ENG-S6] a session with a run that is not over is busy, and says with which", () => {
  const story = new Story().create().start();
  const decision = story.say(OWNER, { type: "start_run", run: newRun({ run_id: "run-2", start_digest: "s2" }) });
  assertObjectMatch(decision, {
    ok: false,
    code: "session_busy",
    details: { current: { run_id: RUN, status: "queued" } },
  });
});

Deno.test("[ENG-S7] suspended and expired sessions take no run", () => {
  const story = new Story().create();
  story.ok(OWNER, { type: "suspend_session", now: false });
  assertEquals(story.refused(OWNER, { type: "start_run", run: newRun() }), "wrong_state");
  story.ok(OWNER, { type: "resume_session" });
  story.after(2_592_000).ok(SYSTEM, { type: "expire_session" });
  assertEquals(story.refused(OWNER, { type: "start_run", run: newRun() }), "wrong_state");
});

Deno.test("[ENG-S8] a run's config is the session's with its own keys over it, and cannot change the mode", () => {
  const story = new Story().create({ maxRounds: 3, maxCostUsd: 2 });
  const run = newRun({ config: { maxCostUsd: 5, mode: "copilot" } });
  assertEquals(story.refused(OWNER, { type: "start_run", run }), "invalid");
  story.start({ config: { maxCostUsd: 5, mode: "one-shot" } });
  assertEquals(story.state.run?.config, { maxRounds: 3, maxCostUsd: 5 });
  assertEquals(story.state.run?.cost.limit_usd, 5);
});

Deno.test("[ENG-S9] a cancel of the same person within 60 s before the start ends the run in the commit that starts it", () => {
  const early = (by: string, age_s: number) => ({
    early_cancel: { by, at: new Date(T0 - age_s * 1000).toISOString() },
  });
  const story = new Story().create();
  const heard = story.heard(() => story.start({}, early(OWNER.id, 59)));
  assertEquals(heard.slice(0, 2), ["status", "run:queued"]);
  assertEquals(heard.slice(-4), ["cancel_progress", "workflow_cancelled", "run:cancelled", "complete"]);
  story.status("cancelled", "active");
  assertEquals(new Story().create().start({}, early(OTHER.id, 1)).state.run?.status, "queued");
  assertEquals(new Story().create().start({}, early(OWNER.id, 61)).state.run?.status, "queued");
});

Deno.test("[ENG-S10] a start names the run_id to write and the early cancel to drop", () => {
  const story = new Story().create();
  const early_cancel = { by: OTHER.id, at: new Date(T0).toISOString() };
  const decision = story.say(OWNER, { type: "start_run", run: newRun() }, { early_cancel });
  assertObjectMatch(decision, {
    claims: {
      run_id: { run_id: RUN, start_digest: "start-1", principal: OWNER.id },
      drop_early_cancel: RUN,
    },
  });
});

Deno.test("[ENG-S11] a new run begins with an empty journal, mailbox and view of steps", () => {
  const story = new Story().running();
  story.begin("a");
  story.end("a");
  story.ok(OWNER, { type: "send_message", run_id: RUN, message_id: "m1", content: "hello" });
  story.ok(story.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  assertEquals(story.state.mailbox, []);
  story.start({ run_id: "run-2", start_digest: "s2" });
  assertEquals([story.state.entries.size, story.state.scopes.size, story.state.run?.entries], [0, 0, 0]);
  assertEquals(story.state.head.entry_n, 1);
});

Deno.test("[ENG-S12] a long task is cut in events and whole in the record; its first line is searched", () => {
  const story = new Story().create();
  story.start({ task: `First line\n${"x".repeat(5000)}` });
  const status = story.last("status");
  assertEquals([`${status["task"]}`.length, status["task_truncated"]], [2000, true]);
  assertEquals([`${story.state.run?.task}`.length, story.state.session?.task_line], [5011, "First line"]);
});
