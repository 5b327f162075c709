// The rules that every commit of every test of the service is held to (support/commit_rules.ts) find what breaks them.
import { assertEquals, assertMatch } from "@std/assert";
import type { SessionState } from "@/lib/engine/state.ts";
import { draft } from "@/lib/model/event.ts";
import { OWNER, RUN, SETTINGS, Story } from "../engine/support/story.ts";
import { CommitRules, waitBreach } from "./support/commit_rules.ts";

const heard = (...states: SessionState[]): string[] => {
  const rules = new CommitRules();
  for (const state of states) rules.hear({ session_id: "s", state, drafts: [] }, SETTINGS);
  return rules.breaches;
};

Deno.test("[EACH1] the wait has exactly the shape that the status allows, in every status", () => {
  const story = new Story().create();
  const told: (string | null)[] = [];
  const look = () => told.push(waitBreach(story.state, SETTINGS));
  look();
  story.start();
  look();
  story.claim().begun();
  look();
  const id = story.ask("ok");
  story.waits();
  look();
  story.ok(OWNER, { type: "suspend_session", now: false });
  look();
  story.ok(OWNER, { type: "resume_session" });
  story.answer(id, "approved");
  look();
  assertEquals(told, [null, null, null, null, null, null]);
  // A waiting run without anything that it waits for.
  const { run, session } = story.state;
  if (run === null || session === null) throw new Error("the story has a run");
  const { status: _status, ...rest } = { ...run };
  const holed = { ...story.state, run: { ...rest, status: "waiting", waiting_since: session.updated_at } };
  assertMatch(
    waitBreach(holed as unknown as SessionState, SETTINGS) ?? "",
    /may wait for approval or message or timer/,
  );
});

Deno.test("[EACH2] a second open run beside the first is found", () => {
  const one = new Story().running().state;
  if (one.run === null) throw new Error("the story has a run");
  const two = { ...one, run: { ...one.run, run_id: "run-2" } };
  assertEquals(heard(one, one), []);
  assertMatch(heard(one, two).join(), /EACH2/);
});

Deno.test("[EACH3] a final run that moves or changes is found", () => {
  const story = new Story().running();
  const before = story.state;
  story.ok(OWNER, { type: "cancel_run", run_id: RUN });
  story.ok(story.sandbox, { type: "finish_run", result: { ok: true, value: null } });
  const { run } = story.state;
  if (run === null) throw new Error("the story has a run");
  assertEquals(heard(story.state, story.state), []);
  assertMatch(heard(story.state, before).join(), /EACH3/);
  assertMatch(heard(story.state, { ...story.state, run: { ...run, attempt: 7 } }).join(), /EACH3/);
});

Deno.test("[EACH4] what follows the end of a run is found", () => {
  const { state } = new Story().running();
  const rules = new CommitRules();
  const complete = draft("complete", RUN, { status: "success", duration_ms: 1 });
  const late = draft("warning", RUN, { code: "late", message: "" });
  rules.hear({ session_id: "s", state, drafts: [complete] }, SETTINGS);
  assertEquals(rules.breaches, []);
  rules.hear({ session_id: "s", state, drafts: [late] }, SETTINGS);
  assertMatch(rules.breaches.join(), /EACH4/);
});
