import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import { MAX_ENTRIES, MAX_JOURNAL_BYTES } from "../../lib/engine/limits.ts";
import type { Command } from "../../lib/model/command.ts";
import { askCommand, OWNER, RUN, Story, SYSTEM, uuid } from "./support/story.ts";

const NO = { ok: false, failure: { code: "http", message: "it answered 500" } } as const;
type Result = { ok: true; value: null } | typeof NO;
const end = (key: string, result: Result = { ok: true, value: null }): Command => ({
  type: "end_leaf",
  key,
  result,
  files: [],
});

Deno.test("[ENG-L1] a leaf outside any group is a step of its own, numbered in order", () => {
  const story = new Story().running();
  assertEquals(story.heard(() => story.begin("a")), ["step_started"]);
  assertEquals(story.heard(() => story.end("a")), ["step_completed"]);
  story.begin("b");
  assertObjectMatch(story.last("step_started"), { step_id: "b", step_number: 2, name: "b", attempt: 1 });
  story.ok(story.sandbox, end("b", NO));
  assertObjectMatch(story.last("step_failed"), { step_id: "b", error: "it answered 500" });
});

Deno.test("[ENG-L2] a leaf inside a group says nothing of its own", () => {
  const story = new Story().running();
  story.group("s1");
  const heard = story.heard(() => {
    story.begin("s1/a", { scope: "s1" });
    story.end("s1/a");
  });
  assertEquals(heard, []);
});

Deno.test("[ENG-L3] what is finished never begins again, and ends once", () => {
  const story = new Story().running();
  story.begin("a");
  story.end("a", 42);
  const begin = {
    type: "begin_leaf",
    key: "a",
    scope: "",
    name: "a",
    pos: 0,
    kind: "step",
    digest: "d",
    policy: {},
  } as const;
  assertEquals(story.same(story.sandbox, begin), { began: false, settled: true, n: 1 });
  assertEquals(story.same(story.sandbox, end("a")), { settled: true, n: 1 });
  assertObjectMatch(story.state.entries.get("a") ?? {}, { status: "done", value: 42, n: 1 });
});

Deno.test("[ENG-L4] what was begun and not finished begins again with a higher attempt, and says so", () => {
  const story = new Story().running();
  story.begin("a");
  story.ok(SYSTEM, { type: "requeue_run", run_id: RUN, fence: 1, reason: "takeover", loss: true });
  story.claim().begun();
  assertEquals(story.heard(() => story.begin("a")), ["step_restarted"]);
  assertObjectMatch(story.last("step_restarted"), { step_id: "a", step_number: 1, attempt: 2, reason: "interrupted" });
  assertEquals(story.state.run?.entries, 1);
});

Deno.test("[ENG-L5] entries are numbered when they finish, in the session's order", () => {
  const story = new Story().running();
  story.group("s1");
  story.begin("s1/a", { scope: "s1" });
  story.begin("b");
  assertObjectMatch(story.end("b") as object, { n: 1 });
  assertObjectMatch(story.end("s1/a") as object, { n: 2 });
  assertEquals(story.state.head.entry_n, 2);
});

Deno.test("[ENG-L6] a failed attempt that is repeated tells error, back-off, the next attempt and how it came out", () => {
  const story = new Story().running();
  story.begin("a", { policy: { attempts: 3 } });
  const retry = { type: "retry_leaf", key: "a", failure: NO.failure, backoff_s: 8, max_attempts: 3 } as const;
  assertEquals(story.heard(() => story.ok(story.sandbox, retry)), ["error", "step_retry_backoff"]);
  assertObjectMatch(story.last("step_retry_backoff"), {
    step_id: "a",
    step_number: 1,
    attempt_number: 1,
    max_attempts: 3,
    backoff_seconds: 8,
  });
  assertObjectMatch(story.last("error"), { error_type: "http", step_id: "a", attempt: 1 });
  assertEquals(story.state.session?.activity, "Attempt 2 of 3 in 8 s: it answered 500");
  assertEquals(story.heard(() => story.begin("a", { policy: { attempts: 3 } })), ["step_retry_started"]);
  assertObjectMatch(story.last("step_retry_started"), { attempt_number: 2, max_attempts: 3 });
  assertEquals(story.heard(() => story.end("a")), ["step_retry_succeeded", "step_completed"]);
});

Deno.test("[ENG-L7] attempts that are used up are told before the step fails", () => {
  const story = new Story().running();
  story.begin("a");
  story.ok(story.sandbox, { type: "retry_leaf", key: "a", failure: NO.failure, backoff_s: 1, max_attempts: 2 });
  story.begin("a");
  const heard = story.heard(() => story.ok(story.sandbox, end("a", NO)));
  assertEquals(heard, ["step_retry_exhausted", "step_failed"]);
  assertObjectMatch(story.last("step_retry_exhausted"), { attempt_number: 2, final_error: "it answered 500" });
});

Deno.test("[ENG-L8] repeats of a leaf in a group are told under the group", () => {
  const story = new Story().running();
  story.group("s1");
  story.begin("s1/a", { scope: "s1" });
  story.ok(story.sandbox, { type: "retry_leaf", key: "s1/a", failure: NO.failure, backoff_s: 1, max_attempts: 2 });
  assertObjectMatch(story.last("step_retry_backoff"), { step_id: "s1", step_number: 1 });
});

Deno.test("[ENG-L9] file events stand before the step's own end", () => {
  const story = new Story().running();
  story.begin("a");
  const files = [
    { path: "out/x.csv", file_type: "text/csv", size_bytes: 10, created: true },
    { path: "y.txt", file_type: "text/plain", size_bytes: 4, created: false },
  ];
  const heard = story.heard(() =>
    story.ok(story.sandbox, { type: "end_leaf", key: "a", result: { ok: true, value: null }, files })
  );
  assertEquals(heard, ["file_created", "file_updated", "step_completed"]);
  assertObjectMatch(story.last("file_created"), { file_path: "out/x.csv", step_id: "a", attempt: 1 });
});

Deno.test("[ENG-L10] a sandbox cannot finish a wait: no answer is forged", () => {
  const story = new Story().running();
  story.ask("ok");
  assertEquals(story.refused(story.sandbox, end("ok")), "conflict");
});

Deno.test("[ENG-L11] a leaf begins only in a scope that is open, and as what it was", () => {
  const story = new Story().running();
  const begin = {
    type: "begin_leaf",
    scope: "nowhere",
    name: "a",
    pos: 0,
    kind: "step",
    digest: "d",
    policy: {},
  } as const;
  assertEquals(story.refused(story.sandbox, { ...begin, key: "nowhere/a" }), "conflict");
  story.begin("a");
  assertEquals(story.refused(story.sandbox, { ...begin, scope: "", key: "a", kind: "exec" }), "conflict");
  assertEquals(story.refused(story.sandbox, end("b")), "conflict");
});

Deno.test("[ENG-L12] at 80 % of the entries the run is warned once, over them it fails", () => {
  const story = new Story().running();
  const at = (entries: number) => {
    const { run } = story.state;
    if (run !== null) story.state = { ...story.state, run: { ...run, entries } };
  };
  at(MAX_ENTRIES * 0.8 - 1);
  assertEquals(story.heard(() => story.begin("a")), ["warning", "step_started"]);
  at(MAX_ENTRIES);
  const begin = { type: "begin_leaf", scope: "", name: "b", pos: 0, kind: "step", digest: "d", policy: {} } as const;
  assertEquals(story.ok(story.sandbox, { ...begin, key: "b" }), { ended: "failed" });
  assertObjectMatch(story.last("error"), { error_type: "journal_limit" });
});

Deno.test("[ENG-L13] the results of a run are warned of at 80 % of 64 MB and end it above", () => {
  const story = new Story().running();
  const at = (journal_bytes: number) => {
    const { run } = story.state;
    if (run !== null) story.state = { ...story.state, run: { ...run, journal_bytes } };
  };
  story.begin("a");
  at(Math.floor(MAX_JOURNAL_BYTES * 0.8) - 3);
  assertEquals(story.heard(() => story.end("a", "four")), ["step_completed", "warning"]);
  story.begin("b");
  at(MAX_JOURNAL_BYTES - 3);
  assertEquals(story.end("b", "four"), { ended: "failed" });
  assertEquals(story.state.entries.get("b")?.status, "done");
});

Deno.test("[ENG-L14] while a pause is asked no leaf begins; without one at work the run pauses there", () => {
  const story = new Story().running();
  story.group("s1");
  story.begin("s1/a", { scope: "s1" });
  story.ok(OWNER, { type: "pause_run", run_id: RUN, now: false });
  const b = {
    type: "begin_leaf",
    key: "b",
    scope: "",
    name: "b",
    pos: 1,
    kind: "step",
    digest: "d",
    policy: {},
  } as const;
  assertEquals(story.same(story.sandbox, b), { began: false, held: true });
  assertObjectMatch(story.end("s1/a") as object, { settled: true, pause: true });
  assertEquals(story.ok(story.sandbox, b), { began: false, paused: true });
  story.status("paused", "active");
  assert(!story.state.entries.has("b"));
});

Deno.test("[ENG-L15] a run that is being cancelled begins nothing", () => {
  const story = new Story().running();
  story.ok(OWNER, { type: "cancel_run", run_id: RUN });
  const b = {
    type: "begin_leaf",
    key: "b",
    scope: "",
    name: "b",
    pos: 1,
    kind: "step",
    digest: "d",
    policy: {},
  } as const;
  assertEquals(story.same(story.sandbox, b), { began: false, cancelled: true });
});

Deno.test("[ENG-L16] a question that was only opened in a scope may be asked when that has ended, and nothing else", () => {
  const story = new Story().running();
  story.group("g");
  story.ok(story.sandbox, { type: "end_scope", key: "g", status: "done" });
  const begin = { type: "begin_leaf", scope: "g", pos: 0, kind: "step", digest: "d", policy: {} } as const;
  assertEquals(story.refused(story.sandbox, { ...begin, key: "g/a", name: "a" }), "conflict");
  const ask = askCommand("g/q", uuid(900), { scope: "g" });
  assertEquals(story.refused(story.sandbox, ask), "conflict");
  if (ask.type === "begin_leaf") story.ok(story.sandbox, { ...ask, kind: "ask" });
  assertEquals(story.waits(), { waiting: true });
});
