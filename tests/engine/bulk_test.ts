import { assertEquals } from "@std/assert";
import { type BulkAction, bulkStep } from "@/lib/engine/bulk.ts";
import { OWNER, RUN, Story } from "./support/story.ts";

/** What a verb means: the command, why it is done, or the refusal. */
function step(story: Story, action: BulkAction, now = false): string {
  const found = bulkStep(story.state, action, now);
  return "ok" in found ? found.code : "done" in found ? found.done : found.say.type;
}
const all = (story: Story) => (["suspend", "resume", "cancel", "delete"] as const).map((action) => step(story, action));

Deno.test("[ENG-BK1] a session that is where the verb leads is done", () => {
  const ready = new Story().create();
  assertEquals(all(ready), ["suspend_session", "Active already", "wrong_state", "delete_session"]);
  const suspended = new Story().create();
  suspended.ok(OWNER, { type: "suspend_session", now: false });
  assertEquals(all(suspended), ["Suspended already", "resume_session", "wrong_state", "delete_session"]);
  const cancelled = new Story().running();
  cancelled.ok(OWNER, { type: "cancel_run", run_id: RUN });
  assertEquals(step(cancelled, "cancel"), "cancel_run");
  const over = new Story().create().start();
  over.ok(OWNER, { type: "cancel_run", run_id: RUN });
  assertEquals(step(over, "cancel"), "Cancelled already");
});

Deno.test("[ENG-BK2] resume means a session put away, or a run that is paused or will be", () => {
  const running = new Story().running();
  assertEquals(step(running, "resume"), "Active already");
  running.begin("a");
  running.ok(OWNER, { type: "pause_run", run_id: RUN, now: false });
  assertEquals(step(running, "resume"), "resume_run");
  const queued = new Story().create().start();
  queued.ok(OWNER, { type: "pause_run", run_id: RUN, now: false });
  assertEquals([queued.state.run?.status, step(queued, "resume")], ["paused", "resume_run"]);
});

Deno.test("[ENG-BK3] now hurries a session that is being suspended, once", () => {
  const story = new Story().running();
  story.begin("a");
  story.ok(OWNER, { type: "suspend_session", now: false });
  assertEquals([step(story, "suspend"), step(story, "suspend", true)], ["Suspended already", "suspend_session"]);
  story.ok(OWNER, { type: "suspend_session", now: true });
  assertEquals(step(story, "suspend", true), "Suspended already");
});
