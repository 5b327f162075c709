import { assertEquals, assertObjectMatch } from "@std/assert";
import { ADMIN, newRun, OTHER, OWNER, RUN, SESSION, Story, SYSTEM } from "./support/story.ts";

Deno.test("[ENG-V1] a change names the version; another version is refused with what stands", () => {
  const story = new Story().create();
  const heard = story.heard(() => story.ok(OWNER, { type: "update_session", name: "Better", version: 1 }));
  assertEquals(heard, ["session_updated"]);
  assertEquals([story.state.session?.name, story.state.session?.version], ["Better", 2]);
  const late = story.say(OWNER, { type: "update_session", name: "Worse", version: 1 });
  assertObjectMatch(late, {
    ok: false,
    code: "version_conflict",
    details: { current: { name: "Better", version: 2 } },
  });
});

Deno.test("[ENG-V2] a pin moves neither version nor updated_at; the same again changes nothing", () => {
  const story = new Story().create();
  const updated = story.state.session?.updated_at;
  story.after(5).ok(OWNER, { type: "update_session", pinned: true, version: 1 });
  assertObjectMatch(story.state.session ?? {}, { pinned: true, version: 1, updated_at: updated });
  story.same(OWNER, { type: "update_session", pinned: true, name: "Demo", version: 1 });
  assertEquals(story.view.pinned, true);
});

Deno.test("[ENG-V3] version moves with the status of the session, updated_at with that of its run too", () => {
  const story = new Story().create().start();
  assertEquals(story.state.session?.version, 1);
  story.after(1).claim();
  assertObjectMatch(story.state.session ?? {}, { version: 1, updated_at: new Date(story.now).toISOString() });
  story.begun();
  story.after(1).ok(story.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  assertEquals(story.state.session?.version, 2);
  story.start({ run_id: "run-2", start_digest: "s2" });
  assertEquals(story.state.session?.version, 3);
});

Deno.test("[ENG-V4] suspending pauses the run; resuming goes on with exactly that run", () => {
  const story = new Story().create().start();
  const heard = story.heard(() => story.ok(OWNER, { type: "suspend_session", now: false }));
  assertEquals(heard, ["session:suspended", "run:paused", "workflow_paused"]);
  const again = story.heard(() => story.ok(OWNER, { type: "resume_session" }));
  assertEquals(again, ["session:active", "run:queued"]);
  assertObjectMatch(story.state.run ?? {}, { run_id: RUN, status: "queued", reason: "resume" });
});

Deno.test("[ENG-V5] a running run is asked to pause; now asks again, harder; resuming takes it back", () => {
  const story = new Story().running();
  story.begin("a");
  const reply = story.ok(OWNER, { type: "suspend_session", now: false });
  assertObjectMatch(reply as object, { success: true, session_id: SESSION });
  assertObjectMatch(story.state.run ?? {}, { status: "running", pause: { now: false } });
  assertEquals(story.view.wait?.on, "run");
  story.ok(OWNER, { type: "suspend_session", now: true });
  assertObjectMatch(story.state.run ?? {}, { pause: { now: true } });
  story.ok(OWNER, { type: "resume_session" });
  story.status("running", "active");
  assertEquals(story.state.run !== null && "pause" in story.state.run, false);
});

Deno.test("[ENG-V6] only an active session is suspended, only a suspended or expired one resumed", () => {
  const story = new Story().create();
  assertEquals(story.refused(OWNER, { type: "resume_session" }), "wrong_state");
  story.ok(OWNER, { type: "suspend_session", now: false });
  assertEquals(story.refused(OWNER, { type: "suspend_session", now: false }), "wrong_state");
  story.ok(OWNER, { type: "resume_session" });
  story.start().claim().begun();
  story.ok(story.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  const late = story.say(OWNER, { type: "suspend_session", now: false });
  assertObjectMatch(late, { ok: false, code: "wrong_state", details: { current: { status: "completed" } } });
});

Deno.test("[ENG-V7] an idle session expires after its time to live, not before and never with a run that is not over", () => {
  const story = new Story().create();
  story.after(2_592_000 - 3);
  assertObjectMatch(story.same(SYSTEM, { type: "expire_session" }) as object, { expired: false });
  const busy = new Story().create().start();
  busy.after(99_999_999).same(SYSTEM, { type: "expire_session" });
  story.after(1);
  assertEquals(story.heard(() => story.ok(SYSTEM, { type: "expire_session" })), ["session:expired"]);
  story.same(SYSTEM, { type: "expire_session" });
  story.ok(OWNER, { type: "resume_session" });
  assertEquals(story.state.session?.status, "active");
  const never = new Story().create();
  never.settings = { ...never.settings, session_ttl_s: 0 };
  never.after(99_999_999).same(SYSTEM, { type: "expire_session" });
});

Deno.test("[ENG-V8] deleting leaves a head that says so and moves the fence; all else is not found", () => {
  const story = new Story().running();
  const old = story.sandbox;
  const { head_seq } = story.state.head;
  assertEquals(story.heard(() => story.ok(OWNER, { type: "delete_session" })), []);
  assertEquals(story.state.head, { head_seq, fence: 2, entry_n: 0, deleted: true });
  assertEquals([story.state.session, story.state.run], [null, null]);
  assertEquals(story.refused(OWNER, { type: "start_run", run: newRun() }), "not_found");
  assertEquals(story.refused(old, { type: "at_boundary" }), "not_found");
  const session = { session_id: SESSION, mode: "m", config: {}, name: "n" };
  assertEquals(story.refused(OWNER, { type: "create_session", session }), "conflict");
});

Deno.test("[ENG-V9] strangers do not find a session, administrators may change it", () => {
  const story = new Story().create().start();
  assertEquals(story.refused(OTHER, { type: "cancel_run", run_id: RUN }), "not_found");
  assertEquals(story.refused(SYSTEM, { type: "cancel_run", run_id: RUN }), "forbidden");
  assertEquals(story.refused(OWNER, { type: "claim_run", run_id: RUN }), "forbidden");
  story.ok(ADMIN, { type: "cancel_run", run_id: RUN });
  story.status("cancelled", "active");
});

Deno.test("[ENG-V10] a wall clock may go back, the times of a session do not", () => {
  const story = new Story().create().after(3600).start();
  const { updated_at, last_active_at } = story.state.session!;
  story.after(-1800).claim().begun();
  assertObjectMatch(story.state.session ?? {}, { updated_at, last_active_at });
  story.after(3600).ok(story.sandbox, { type: "finish_run", result: { ok: true, value: 1 } });
  assertObjectMatch(story.state.session ?? {}, { updated_at: new Date(story.now).toISOString() });
});
