import { assertEquals, assertObjectMatch } from "@std/assert";
import { OWNER, RUN, Story, SYSTEM } from "./support/story.ts";

const finish = { type: "finish_run", result: { ok: true, value: { words: 3 } } } as const;
const mismatch = { type: "nondeterministic", message: "it called b where the journal holds a" };
const failed = { type: "finish_run", result: { ok: false, error: mismatch } } as const;

Deno.test("[ENG-E1] a result: result, status of run and session, complete, in this order and in one commit", () => {
  const story = new Story().running();
  story.after(7);
  const heard = story.heard(() => story.ok(story.sandbox, finish));
  assertEquals(heard, ["result", "run:completed", "session:completed", "complete"]);
  assertObjectMatch(story.last("result"), { result: { words: 3 } });
  assertEquals(story.last("complete"), { status: "success", duration_ms: 7000 });
  assertObjectMatch(story.state.run ?? {}, { status: "completed", result: { words: 3 } });
});

Deno.test("[ENG-E2] an error: error, status of run and session, complete", () => {
  const story = new Story().running();
  const error = { type: "rejected", message: "No", traceback: "at line 3" };
  const heard = story.heard(() => story.ok(story.sandbox, { type: "finish_run", result: { ok: false, error } }));
  assertEquals(heard, ["error", "run:failed", "session:failed", "complete"]);
  assertEquals(story.last("error"), { error_type: "rejected", message: "No", traceback: "at line 3" });
});

Deno.test("[ENG-E3] pending approvals and waits are closed in the same commit, before the result", () => {
  const story = new Story().running();
  const id = story.ask("ok");
  story.listen("next");
  const heard = story.heard(() => story.ok(story.sandbox, finish));
  assertEquals(heard.slice(0, 4), ["approval_cancelled", "wait_ended", "wait_ended", "result"]);
  assertObjectMatch(story.state.approvals.get(id) ?? {}, { status: "cancelled" });
});

Deno.test("[ENG-E4] in a suspended session the end of the run leaves it suspended", () => {
  const story = new Story().running();
  story.begin("a");
  story.ok(OWNER, { type: "suspend_session", now: false });
  const heard = story.heard(() => story.ok(story.sandbox, finish));
  assertEquals(heard, ["result", "run:completed", "complete"]);
  story.status("completed", "suspended");
});

Deno.test("[ENG-E5] a rest is no end: a completed or failed session takes the next run and is active", () => {
  const story = new Story().running();
  story.ok(story.sandbox, finish);
  story.start({ run_id: "run-2", start_digest: "s2" });
  story.status("queued", "active");
  story.claim().begun();
  story.ok(SYSTEM, { type: "fail_run", run_id: "run-2", fence: 2, error: { type: "timeout", message: "t" } });
  story.status("failed", "failed");
  story.start({ run_id: "run-3", start_digest: "s3" }).status("queued", "active");
});

Deno.test("[ENG-E6] a mismatch fails the run; after the source has changed it pauses it with the reason", () => {
  const same = new Story().running();
  same.ok(same.sandbox, failed);
  same.status("failed", "failed");
  const changed = new Story().running();
  changed.ok(SYSTEM, { type: "requeue_run", run_id: RUN, fence: 1, reason: "drain", loss: false });
  changed.claim().begun({ source: "source-2" });
  const heard = changed.heard(() => assertEquals(changed.ok(changed.sandbox, failed), { paused: true }));
  assertEquals(heard, ["run:paused", "workflow_paused"]);
  assertObjectMatch(changed.state.run ?? {}, {
    paused_why: "The source of the workflow has changed: it called b where the journal holds a",
  });
  changed.ok(OWNER, { type: "resume_run", run_id: RUN });
  changed.claim().begun({ source: "source-1" });
  changed.ok(changed.sandbox, failed);
  changed.status("failed", "failed");
});

Deno.test("[ENG-E7] a new version of the source above the run's is the author's word: a mismatch fails", () => {
  const story = new Story().running();
  story.ok(SYSTEM, { type: "requeue_run", run_id: RUN, fence: 1, reason: "drain", loss: false });
  story.claim().begun({ source: "source-2", version: 2 });
  story.ok(story.sandbox, failed);
  story.status("failed", "failed");
});

Deno.test("[ENG-E8] a final run never changes again", () => {
  const story = new Story().running();
  story.ok(story.sandbox, finish);
  assertEquals(story.refused(SYSTEM, { type: "fail_run", run_id: RUN, fence: null, error: mismatch }), "wrong_state");
  assertEquals(story.refused(OWNER, { type: "pause_run", run_id: RUN, now: false }), "wrong_state");
  assertEquals(story.same(SYSTEM, { type: "fire_timer", run_id: RUN, key: "nap" }), { fired: false });
});

Deno.test("[ENG-E9] a queued or waiting run can be failed by the server", () => {
  const story = new Story().create().start();
  const error = { type: "internal", message: "It cannot be started" };
  story.ok(SYSTEM, { type: "fail_run", run_id: RUN, fence: null, error });
  story.status("failed", "failed");
});

Deno.test("[ENG-E11] a run whose workflow cannot be loaded is paused with the reason, and resumed when it is back", () => {
  const story = new Story().running();
  const error = { type: "unknown_mode", message: "There is no mode any more" };
  story.ok(SYSTEM, { type: "fail_run", run_id: RUN, fence: 1, error });
  story.status("paused", "active");
  const paused = story.events.findLast(({ event_type }) => event_type === "workflow_paused");
  assertEquals(paused?.data["message"], "The workflow cannot be loaded: There is no mode any more");
  story.ok(OWNER, { type: "resume_run", run_id: RUN });
  story.status("queued", "active");
  story.claim();
  story.ok(OWNER, { type: "cancel_run", run_id: RUN });
  story.ok(SYSTEM, { type: "fail_run", run_id: RUN, fence: 2, error });
  story.status("cancelled", "active");
});

Deno.test("[ENG-E10] a failed run leaves what went wrong as its session's line, until the next run begins", () => {
  const story = new Story().running();
  const error = { type: "step_failed", message: "Step 3 ran\nout of memory" };
  story.ok(story.sandbox, { type: "finish_run", result: { ok: false, error } });
  assertEquals(story.state.session?.activity, "Step 3 ran out of memory");
  story.start({ run_id: "run-2", start_digest: "s2" }).claim().begun();
  assertEquals(story.state.session?.activity, null);
  story.ok(story.sandbox, finish);
  assertEquals(story.state.session?.activity, null);
});
