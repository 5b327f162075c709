import { assertEquals, assertObjectMatch } from "@std/assert";
import { project } from "../../lib/engine/project.ts";
import { OWNER, RUN, SETTINGS, Story, SYSTEM } from "./support/story.ts";

const B = { kind: "system", instance: "instance-b" } as const;
const lost = (story: Story) =>
  ({ type: "requeue_run", run_id: RUN, fence: story.fence, reason: "takeover", loss: true, why: "SIGKILL" }) as const;

Deno.test("[ENG-K1] a claim takes the next fence, counts the attempt and holds the lease", () => {
  const story = new Story().create().start();
  assertEquals(project(story.state, SETTINGS).due, [{ time_ms: 0, kind: "run", id: RUN }]);
  const heard = story.heard(() => story.claim());
  assertEquals(heard, ["run:running"]);
  assertEquals([story.state.head.fence, story.state.run?.attempt], [1, 1]);
  assertEquals(project(story.state, SETTINGS).lease, { run_id: RUN, instance: "instance-a", fence: 1 });
});

Deno.test("[ENG-K2] who still holds the sandbox keeps fence and attempt; any other takes the next", () => {
  const held = new Story().running();
  const id = held.ask("ok");
  held.waits();
  held.answer(id, "approved");
  held.claim("instance-a", 1);
  assertEquals([held.state.head.fence, held.state.run?.attempt], [1, 1]);
  held.same(held.sandbox, {
    type: "begin_run",
    workflow_version: 1,
    source_digest: "s",
    model: "m",
    work_dir: "/",
    reused_steps: 0,
  });
  const other = new Story().running();
  const again = other.ask("ok");
  other.waits();
  other.answer(again, "approved");
  other.claim("instance-b", 0);
  assertEquals([other.state.head.fence, other.state.run?.attempt], [2, 2]);
});

Deno.test("[ENG-K3] only a queued run is claimed", () => {
  const story = new Story().running();
  assertEquals(story.same(B, { type: "claim_run", run_id: RUN }), { claimed: false, status: "running" });
  assertEquals(story.same(B, { type: "claim_run", run_id: "nobody" }), { claimed: false, status: null });
});

Deno.test("[ENG-K4] a claim says how long the run may still execute, waiting not counted", () => {
  const story = new Story().running({ runTimeout: 100 });
  story.after(30);
  const id = story.ask("ok");
  story.waits();
  story.after(5000).answer(id, "approved");
  const reply = story.ok(SYSTEM, { type: "claim_run", run_id: RUN });
  assertObjectMatch(reply as object, { claimed: true, left_ms: 70_000 });
});

Deno.test("[ENG-K5] workflow_started comes once a run, each later sandbox says workflow_resumed once", () => {
  const story = new Story().create().start().claim();
  assertEquals(story.heard(() => story.begun()), ["workflow_started"]);
  story.ok(SYSTEM, lost(story));
  story.claim("instance-b");
  assertEquals(story.heard(() => story.begun({ reused_steps: 4 })), ["workflow_resumed"]);
  assertObjectMatch(story.last("workflow_resumed"), { reason: "takeover", attempt: 2, reused_steps: 4 });
  const again = {
    type: "begin_run",
    workflow_version: 1,
    source_digest: "source-1",
    model: "m",
    work_dir: "/",
  } as const;
  story.same(story.sandbox, { ...again, reused_steps: 4 });
});

Deno.test("[ENG-K6] a sandbox that dies before its first word leaves workflow_started to the next", () => {
  const story = new Story().create().start().claim();
  story.ok(SYSTEM, lost(story));
  story.claim();
  assertEquals(story.heard(() => story.begun()), ["workflow_started"]);
});

Deno.test("[ENG-K7] a run with another fence is not taken away", () => {
  const story = new Story().running();
  const old = lost(story);
  story.ok(SYSTEM, old);
  story.claim("instance-b").begun();
  assertEquals(story.same(SYSTEM, old), { requeued: false, status: "running" });
  const failed = story.same(SYSTEM, {
    type: "fail_run",
    run_id: RUN,
    fence: 1,
    error: { type: "memory", message: "m" },
  });
  assertEquals(failed, { ended: null });
});

Deno.test("[ENG-K8] losses without progress are counted, and at max_takeovers the run fails with the reason", () => {
  const story = new Story().running();
  story.ok(SYSTEM, lost(story));
  story.claim().begun();
  story.ok(SYSTEM, lost(story));
  story.claim().begun();
  assertEquals(story.state.run?.takeovers, 2);
  assertEquals(story.ok(SYSTEM, lost(story)), { requeued: false, status: "failed" });
  story.status("failed", "failed");
  assertObjectMatch(story.last("error"), {
    error_type: "lost",
    message: "Its sandbox was lost 3 times without progress: SIGKILL",
  });
});

Deno.test("[ENG-K9] an entry that finishes begins the count of losses anew; a drain is none", () => {
  const story = new Story().running();
  story.ok(SYSTEM, lost(story));
  story.claim().begun();
  story.begin("a");
  story.end("a");
  assertEquals(story.state.run?.takeovers, 0);
  story.ok(SYSTEM, { type: "requeue_run", run_id: RUN, fence: story.fence, reason: "drain", loss: false });
  assertEquals([story.state.run?.takeovers, story.state.run?.status], [0, "queued"]);
});

Deno.test("[ENG-K10] whoever takes over a run obeys cancel and pause without starting it, cancel first", () => {
  const cancelled = new Story().running();
  cancelled.ok(OWNER, { type: "pause_run", run_id: RUN, now: false });
  cancelled.ok(OWNER, { type: "cancel_run", run_id: RUN });
  assertEquals(cancelled.ok(B, lost(cancelled)), { requeued: false, status: "cancelled" });
  const paused = new Story().running();
  paused.ok(OWNER, { type: "pause_run", run_id: RUN, now: false });
  assertEquals(paused.ok(B, lost(paused)), { requeued: false, status: "paused" });
  paused.status("paused", "active");
});

Deno.test("[ENG-K11] a queued record that holds a cancel is settled by the claim", () => {
  const story = new Story().create().start();
  const run = story.state.run;
  if (run?.status !== "queued") throw new Error("it is queued");
  const cancel = { stage: "asked", at: run.created_at, by: "Ada" } as const;
  story.state = { ...story.state, run: { ...run, cancel } };
  assertEquals(story.ok(SYSTEM, { type: "claim_run", run_id: RUN }), { claimed: false, status: "cancelled" });
  story.status("cancelled", "active");
});

Deno.test("[ENG-K12] a run command with another fence, or of a run that is over, is fenced", () => {
  const story = new Story().running();
  const old = story.sandbox;
  story.ok(SYSTEM, lost(story));
  assertEquals(story.refused(old, { type: "at_boundary" }), "fenced");
  story.claim().begun();
  assertEquals(story.refused(old, { type: "finish_run", result: { ok: true, value: 1 } }), "fenced");
  story.ok(story.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  assertEquals(story.refused(story.sandbox, { type: "report", events: [], output_bytes: 1 }), "fenced");
});

Deno.test("[ENG-K13] output that a held sandbox had under way when its run began to wait is taken", () => {
  const story = new Story().running();
  story.ask("ok");
  story.waits();
  const data = { message: "late", stream: "stdout", source: "main" } as const;
  const output = { event_type: "output", run_id: null, data } as const;
  story.ok(story.sandbox, { type: "report", events: [output], output_bytes: 4 });
  assertEquals(story.refused(story.sandbox, { type: "at_boundary" }), "fenced");
});

Deno.test("[ENG-K14] a wait that is answered is progress too: losses before it no longer count", () => {
  const story = new Story().running();
  story.ok(SYSTEM, lost(story));
  story.claim().begun();
  const id = story.ask("ok");
  assertEquals(story.state.run?.takeovers, 1);
  story.waits();
  story.answer(id, "approved");
  assertEquals(story.state.run?.takeovers, 0);
});
