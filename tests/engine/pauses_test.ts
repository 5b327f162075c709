import { assertEquals, assertObjectMatch } from "@std/assert";
import { presentRun, presentSession } from "../../lib/engine/present.ts";
import { project } from "../../lib/engine/project.ts";
import { packSummary, unpackSummary } from "../../lib/engine/summary_row.ts";
import { OWNER, RUN, SETTINGS, Story, SYSTEM } from "./support/story.ts";

const pause = (now = false) => ({ type: "pause_run", run_id: RUN, now }) as const;
const resume = { type: "resume_run", run_id: RUN } as const;

Deno.test("[ENG-P1] a queued run leaves the queue, a waiting one stays answerable", () => {
  const queued = new Story().create().start();
  assertEquals(queued.heard(() => queued.ok(OWNER, pause())), ["run:paused", "workflow_paused"]);
  assertObjectMatch(queued.last("workflow_paused"), { message: "Paused by Ada", status: "paused" });
  const waiting = new Story().running();
  const id = waiting.ask("ok");
  waiting.waits();
  waiting.ok(OWNER, pause());
  waiting.answer(id, "approved");
  waiting.status("paused", "active");
});

Deno.test("[ENG-P2] a running run pauses at the boundary, not while a leaf is at work", () => {
  const story = new Story().running();
  story.begin("a");
  assertEquals(story.heard(() => story.ok(OWNER, pause())), ["pause_progress"]);
  assertEquals(story.same(story.sandbox, { type: "at_boundary" }), { paused: false });
  story.end("a");
  const heard = story.heard(() => assertEquals(story.ok(story.sandbox, { type: "at_boundary" }), { paused: true }));
  assertEquals(heard, ["run:paused", "workflow_paused"]);
});

Deno.test("[ENG-P10] a pause that is asked and not in force stands in run, wait and view, and goes with either end", () => {
  const story = new Story().running();
  story.begin("a");
  const asked = () => {
    const session = presentSession(story.state, SETTINGS);
    const run = story.state.run === null ? null : presentRun(story.state.run);
    return [run?.pause?.now, session.wait?.asked, story.view.wait?.asked, story.view.runs.at(-1)?.pause];
  };
  const nothing = [undefined, undefined, undefined, null];
  assertEquals(asked(), nothing);
  story.ok(OWNER, pause());
  assertEquals(asked(), [false, "pause", "pause", { now: false }]);
  assertObjectMatch(story.last("pause_progress"), { stage: "asked", now: false, by: "Ada" });
  story.ok(OWNER, pause(true));
  assertEquals(asked(), [true, "pause", "pause", { now: true }]);
  const summary = project(story.state, SETTINGS).summary;
  assertEquals(summary === null ? null : unpackSummary(packSummary(summary)).wait, summary?.wait);
  story.ok(OWNER, resume);
  assertEquals(asked(), nothing);
  assertObjectMatch(story.last("pause_progress"), { stage: "taken_back" });
  story.ok(OWNER, pause());
  story.ok(OWNER, { type: "cancel_run", run_id: RUN });
  assertEquals(asked(), [undefined, "cancel", "cancel", null]);
  const other = new Story().running();
  other.ok(OWNER, pause());
  other.ok(other.sandbox, { type: "at_boundary" });
  assertEquals([other.view.wait?.on, other.view.wait?.asked], ["resume", undefined]);
});

Deno.test("[ENG-P3] with now the host kills the sandbox and settles; the attempt is given up", () => {
  const story = new Story().running();
  story.begin("a");
  story.ok(OWNER, pause());
  story.ok(OWNER, pause(true));
  story.same(OWNER, pause(false));
  assertObjectMatch(story.state.run ?? {}, { pause: { now: true } });
  assertEquals(story.ok(SYSTEM, { type: "settle_run", run_id: RUN, fence: 1 }), { settled: "paused" });
  assertEquals(story.state.entries.get("a")?.status, "open");
});

Deno.test("[ENG-P4] a run whose branches all wait pauses instead of waiting", () => {
  const story = new Story().running();
  story.ask("ok");
  story.ok(OWNER, pause());
  assertEquals(story.waits(), { waiting: false, paused: true });
  story.status("paused", "active");
});

Deno.test("[ENG-P5] resume goes to the queue with its reason; before the boundary it takes the pause back", () => {
  const story = new Story().running();
  story.begin("a");
  story.ok(OWNER, pause());
  assertEquals(story.heard(() => story.ok(OWNER, resume)), ["pause_progress"]);
  assertEquals(story.state.run !== null && "pause" in story.state.run, false);
  story.ok(OWNER, pause());
  story.ok(SYSTEM, { type: "settle_run", run_id: RUN, fence: 1 });
  assertEquals(story.heard(() => story.ok(OWNER, resume)), ["run:queued"]);
  assertObjectMatch(story.state.run ?? {}, { status: "queued", reason: "resume" });
  story.claim();
  story.begun({ reused_steps: 1 });
  assertObjectMatch(story.last("workflow_resumed"), { reason: "resume", attempt: 2, reused_steps: 1 });
});

Deno.test("[ENG-P6] pausing what is paused, and resuming what is not, are refused with what is", () => {
  const story = new Story().create().start();
  assertObjectMatch(story.say(OWNER, resume), {
    ok: false,
    code: "wrong_state",
    details: { current: { status: "queued" } },
  });
  story.ok(OWNER, pause());
  assertEquals(story.refused(OWNER, pause()), "wrong_state");
});

Deno.test("[ENG-P7] in a suspended session no run is resumed", () => {
  const story = new Story().create().start();
  story.ok(OWNER, { type: "suspend_session", now: false });
  assertEquals(story.refused(OWNER, resume), "wrong_state");
});

Deno.test("[ENG-P8] a result that comes while a pause is asked ends the run completed", () => {
  const story = new Story().running();
  story.ok(OWNER, pause());
  story.ok(story.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  story.status("completed", "completed");
});

Deno.test("[ENG-P9] executing time counts while running only", () => {
  const story = new Story().running();
  story.after(10).ok(OWNER, pause());
  story.ok(SYSTEM, { type: "settle_run", run_id: RUN, fence: 1 });
  story.after(1000).ok(OWNER, resume);
  story.claim().begun().after(5);
  story.ok(story.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  assertEquals(story.state.run?.executed_ms, 15_000);
});
