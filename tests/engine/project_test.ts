import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import { presentRun, presentSession, presentSummary } from "../../lib/engine/present.ts";
import { project } from "../../lib/engine/project.ts";
import { ABSENT } from "../../lib/engine/state.ts";
import { MAX_SUMMARY_BYTES, type Summary } from "../../lib/engine/summary.ts";
import { fitSummary, PackedSummary, packSummary, unpackSummary } from "../../lib/engine/summary_row.ts";
import { Run, Session } from "../../lib/protocol/rest.ts";
import { RUN, SESSION, SETTINGS, Story, T0 } from "./support/story.ts";

const bytes = (summary: Summary) => new TextEncoder().encode(JSON.stringify(packSummary(summary))).length;
const summary = (story: Story): Summary => {
  const found = project(story.state, SETTINGS).summary;
  if (found === null) throw new Error("there is a session");
  return found;
};

Deno.test("[ENG-D1] what is not there projects to nothing", () => {
  assertEquals(project(ABSENT, SETTINGS), { due: [], lease: null, summary: null });
});

Deno.test("[ENG-D2] a session without an open run is due when it expires, never with a TTL of 0", () => {
  const story = new Story().create();
  assertEquals(project(story.state, SETTINGS).due, [{ time_ms: T0 + 2_592_000_000, kind: "session", id: SESSION }]);
  assertEquals(project(story.state, { ...SETTINGS, session_ttl_s: 0 }).due, []);
  story.start().claim();
  assertEquals(project(story.state, SETTINGS).due, []);
});

Deno.test("[ENG-D3] approvals and the nearest timer are due whatever the status of the run, until it is over", () => {
  const story = new Story().running();
  const id = story.ask("ok", { timeout_s: 100 });
  story.sleep("late", 900);
  story.sleep("soon", 300);
  const due = [
    { time_ms: story.now + 300_000, kind: "timer", id: RUN },
    { time_ms: story.now + 100_000, kind: "approval", id },
  ];
  assertEquals(project(story.state, SETTINGS).due, due as never);
  story.waits();
  assertEquals(project(story.state, SETTINGS).due, due as never);
  story.ok({ kind: "user", id: "u-ada", name: "Ada", admin: false }, { type: "cancel_run", run_id: RUN });
  assertEquals(project(story.state, SETTINGS).due.map((one) => one.kind), ["session"]);
});

Deno.test("[ENG-D4] a list's row and the session itself are presented alike", () => {
  const story = new Story().running({ maxCostUsd: 3 });
  story.ask("ok");
  story.waits();
  const session = presentSession(story.state, SETTINGS);
  assertEquals(presentSummary(unpackSummary(PackedSummary.parse(packSummary(summary(story))))), session);
  assertEquals(Session.parse(session), session);
  assertObjectMatch(session, { pending_approvals: 1, run_status: "waiting", wait: { on: "approval", count: 1 } });
});

Deno.test("[ENG-D5] a row is at most 400 bytes; the name is cut last, and only between characters", () => {
  const story = new Story().create();
  story.start({ task: "数".repeat(300) });
  const long = { ...summary(story), name: "名".repeat(200), activity: "a".repeat(200), current_step: "s".repeat(200) };
  const cut = fitSummary(long);
  assert(bytes(cut) <= MAX_SUMMARY_BYTES);
  assertEquals([cut.activity, cut.current_step, cut.task_line], [null, null, ""]);
  assert(/^名{20,}…$/.test(cut.name));
  const usual = fitSummary({ ...summary(story), name: "n".repeat(120), task_line: "t".repeat(200) });
  assertEquals(usual.name, "n".repeat(120));
  assert(usual.task_line.startsWith("ttt") && usual.task_line.endsWith("…"));
});

Deno.test("[ENG-D6] absurd ids still fit, and ids survive their row", () => {
  const story = new Story().create();
  const base = summary(story);
  const wait = { on: "timer" as const, id: "k".repeat(500), since: base.created_at, until: base.created_at };
  const odd = {
    ...base,
    mode: "m".repeat(64),
    name: "n".repeat(200),
    wait,
    owner: { id: "~tilde", name: "o".repeat(200) },
  };
  const cut = fitSummary(odd);
  assert(bytes(cut) <= MAX_SUMMARY_BYTES);
  assertEquals(unpackSummary(packSummary(cut)), cut);
  assertEquals(cut.owner.id, "~tilde");
});

Deno.test("[ENG-D7] queue place and recovery are laid over what a state says", () => {
  const queued = new Story().create().start();
  const wait = presentSession(queued.state, SETTINGS, { position: 2, estimate_s: 30 }).wait;
  assertObjectMatch(wait ?? {}, { on: "queue", id: RUN, position: 2, estimate_s: 30 });
  const running = new Story().running();
  assertEquals(presentSession(running.state, SETTINGS, { lease_ended: true, position: 3 }).wait, {
    on: "recovery",
    id: RUN,
    since: new Date(T0).toISOString(),
  });
});

Deno.test("[ENG-D8] a run is presented with its result or error and nothing of the inside", () => {
  const story = new Story().create().start({ task: "t".repeat(3000) });
  const { run } = story.state;
  if (run === null) throw new Error("there is a run");
  assertEquals(Run.parse(presentRun(run)).task, "t".repeat(3000));
  assertObjectMatch(presentRun(run, { cut: true }), { task: "t".repeat(2000), task_truncated: true, started_at: null });
  story.claim().begun();
  story.ok(story.sandbox, { type: "finish_run", result: { ok: false, error: { type: "x", message: "y" } } });
  const ended = story.state.run;
  if (ended === null) throw new Error("there is a run");
  assertObjectMatch(Run.parse(presentRun(ended)), {
    status: "failed",
    error: { type: "x" },
    ended_at: new Date(T0).toISOString(),
  });
});

Deno.test("[ENG-D9] a run in the queue is due at time 0, which is now, until it is claimed", () => {
  const story = new Story().create().start();
  assertEquals(project(story.state, SETTINGS).due, [{ time_ms: 0, kind: "run", id: RUN }]);
  assertEquals(project(story.state, SETTINGS).lease, null);
  story.claim();
  assertEquals(project(story.state, SETTINGS).due, []);
  assertEquals(project(story.state, SETTINGS).lease, { run_id: RUN, instance: "instance-a", fence: 1 });
});
