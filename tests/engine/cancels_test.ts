import { assertEquals, assertObjectMatch } from "@std/assert";
import { OWNER, RUN, Story, SYSTEM } from "./support/story.ts";

const cancel = { type: "cancel_run", run_id: RUN } as const;

Deno.test("[ENG-C1] what no sandbox executes is cancelled at once: queued, waiting, paused", () => {
  const queued = new Story().create().start();
  const heard = queued.heard(() => queued.ok(OWNER, cancel));
  assertEquals(heard, ["cancel_progress", "workflow_cancelled", "run:cancelled", "complete"]);
  queued.status("cancelled", "active");
  const waiting = new Story().running();
  waiting.ask("ok");
  waiting.sleep("nap", 100);
  waiting.waits();
  assertEquals(waiting.heard(() => waiting.ok(OWNER, cancel)), [
    "cancel_progress",
    "approval_cancelled",
    "wait_ended",
    "wait_ended",
    "workflow_cancelled",
    "run:cancelled",
    "complete",
  ]);
  const paused = new Story().create().start();
  paused.ok(OWNER, { type: "pause_run", run_id: RUN, now: false });
  paused.ok(OWNER, cancel);
  paused.status("cancelled", "active");
});

Deno.test("[ENG-C2] a running run is asked, and cancelled when its sandbox is over", () => {
  const story = new Story().running();
  assertEquals(story.heard(() => story.ok(OWNER, cancel)), ["cancel_progress"]);
  assertObjectMatch(story.state.run ?? {}, { status: "running", cancel: { stage: "asked", by: "Ada" } });
  assertObjectMatch(story.ok(SYSTEM, { type: "settle_run", run_id: RUN, fence: 1 }) as object, {
    settled: "cancelled",
  });
  assertObjectMatch(story.last("workflow_cancelled"), { message: "Cancelled by Ada" });
  assertObjectMatch(story.last("complete"), { status: "cancelled" });
});

Deno.test("[ENG-C3] cancel is idempotent; a run that ended otherwise refuses it", () => {
  const story = new Story().running();
  story.ok(OWNER, cancel);
  story.same(OWNER, cancel);
  story.ok(SYSTEM, { type: "settle_run", run_id: RUN, fence: 1 });
  assertObjectMatch(story.same(OWNER, cancel) as object, { status: "cancelled" });
  const done = new Story().running();
  done.ok(done.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  assertObjectMatch(done.say(OWNER, cancel), {
    ok: false,
    code: "wrong_state",
    details: { current: { status: "completed" } },
  });
  assertEquals(done.refused(OWNER, { type: "cancel_run", run_id: "unknown" }), "not_found");
});

Deno.test("[ENG-C4] the stages of the ladder are events and never go back", () => {
  const story = new Story().running();
  story.ok(OWNER, cancel);
  const at = (stage: "told" | "terminated" | "killed") =>
    ({ type: "cancel_progress", run_id: RUN, fence: 1, stage }) as const;
  assertEquals(story.heard(() => story.ok(SYSTEM, at("told"))), ["cancel_progress"]);
  story.ok(SYSTEM, at("killed"));
  story.same(SYSTEM, at("terminated"));
  assertObjectMatch(story.state.run ?? {}, { cancel: { stage: "killed" } });
});

Deno.test("[ENG-C5] a result or an error after a cancel was asked ends the run cancelled", () => {
  const result = new Story().running();
  result.ok(OWNER, cancel);
  result.ok(result.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  result.status("cancelled", "active");
  const error = new Story().running();
  error.ok(OWNER, cancel);
  error.ok(SYSTEM, { type: "fail_run", run_id: RUN, fence: 1, error: { type: "memory", message: "m" } });
  error.status("cancelled", "active");
});

Deno.test("[ENG-C6] cancel goes before pause", () => {
  const story = new Story().running();
  story.ok(OWNER, { type: "pause_run", run_id: RUN, now: true });
  story.ok(OWNER, cancel);
  assertEquals("pause" in (story.state.run ?? {}), false, "the cancel takes the pause back");
  assertEquals(story.refused(OWNER, { type: "pause_run", run_id: RUN, now: true }), "wrong_state");
  assertEquals(story.same(story.sandbox, { type: "at_boundary" }), { paused: false });
  story.ok(SYSTEM, { type: "settle_run", run_id: RUN, fence: 1 });
  story.status("cancelled", "active");
});

Deno.test("[ENG-C7] nothing is settled where nothing was asked, or for another fence", () => {
  const story = new Story().running();
  assertEquals(story.same(SYSTEM, { type: "settle_run", run_id: RUN, fence: 1 }), { settled: null });
  story.ok(OWNER, cancel);
  assertEquals(story.same(SYSTEM, { type: "settle_run", run_id: RUN, fence: 7 }), { settled: null });
});

Deno.test("[ENG-C8] a record that holds both is cancelled, whoever settles it", () => {
  const story = new Story().running();
  const { run } = story.state;
  if (run?.status !== "running") throw new Error("it runs");
  const asked = { at: run.created_at, by: "Ada" };
  const both = { ...run, cancel: { stage: "asked", ...asked } as const, pause: { now: true, ...asked } };
  story.state = { ...story.state, run: both };
  assertEquals(story.ok(SYSTEM, { type: "settle_run", run_id: RUN, fence: 1 }), { settled: "cancelled" });
  story.status("cancelled", "active");
});
