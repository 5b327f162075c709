import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import { ADMIN, answerCommand, OTHER, OWNER, RUN, Story, SYSTEM, uuid } from "./support/story.ts";
import type { Json } from "../../lib/model/json.ts";

const SCHEMA = {
  type: "object",
  properties: { path: { type: "string" } },
  required: ["path"],
  additionalProperties: false,
};
const value = (story: Story, key: string): Json => {
  const entry = story.state.entries.get(key);
  return entry?.status === "done" ? entry.value : null;
};

Deno.test("[ENG-A1] an answer is one commit: row, approval_received, wait_ended, the entry done, the run queued", () => {
  const story = new Story().running();
  const id = story.ask("ok");
  story.waits();
  const heard = story.heard(() => story.answer(id, "approved"));
  assertEquals(heard, ["approval_received", "wait_ended", "run:queued"]);
  assertObjectMatch(story.last("approval_received"), {
    approval_id: id,
    approved: true,
    resolution: "approved",
    resolved_by: { id: OWNER.id, name: "Ada" },
  });
  const answer = { verb: "approved", value: { path: "a.txt" }, edited: false, feedback: null, by: "Ada" };
  assertEquals(value(story, "ok"), answer);
  assertObjectMatch(story.state.run ?? {}, { status: "queued", reason: "wake" });
});

Deno.test("[ENG-A2] a running run stays running, a paused one paused; the answer is used on resume", () => {
  const running = new Story().running();
  const first = running.ask("ok");
  assertEquals(running.heard(() => running.answer(first, "rejected")), ["approval_received", "wait_ended"]);
  running.status("running", "active");
  const paused = new Story().running();
  const second = paused.ask("ok");
  paused.waits();
  paused.ok(OWNER, { type: "suspend_session", now: false });
  assertEquals(paused.heard(() => paused.answer(second, "approved")), ["approval_received", "wait_ended"]);
  paused.status("paused", "suspended");
  assertEquals(paused.state.entries.get("ok")?.status, "done");
});

Deno.test("[ENG-A3] the same answer again is the first one's, another is already_resolved with what stands", () => {
  const story = new Story().running();
  const id = story.ask("ok");
  story.answer(id, "approved");
  const again = story.answer(id, "approved");
  assertObjectMatch(again, { ok: true, same: true, reply: { resolution: "approved", result: { verb: "approved" } } });
  const other = story.answer(id, "rejected", undefined, ADMIN);
  assertObjectMatch(other, { ok: false, code: "already_resolved", details: { current: { resolution: "approved" } } });
});

Deno.test("[ENG-A4] after the run is over the row that was read answers the same", () => {
  const story = new Story().running();
  const id = story.ask("ok");
  story.answer(id, "approved");
  const row = story.state.approvals.get(id);
  if (row === undefined) throw new Error("it stands");
  const result = { verb: "approved", value: 1, edited: false, feedback: null, by: "Ada" };
  story.state = { ...story.state, approvals: new Map(), entries: new Map() };
  const outside = { ask: story.asks.get(id) ?? null, approval: { row, result } };
  assertObjectMatch(story.same(OWNER, answerCommand(id, "approved"), outside) as object, { result });
  assertEquals(story.refused(OWNER, answerCommand(id, "rejected"), outside), "already_resolved");
  assertEquals(story.refused(OWNER, answerCommand(uuid(77), "approved"), outside), "not_found");
});

Deno.test("[ENG-A5] only allowed verbs are taken", () => {
  const story = new Story().running();
  const id = story.ask("ok", { allowed: ["approved", "rejected"] });
  assertObjectMatch(story.answer(id, "skip"), { ok: false, code: "not_allowed_verb" });
  assertEquals(story.state.approvals.get(id)?.status, "pending");
});

Deno.test("[ENG-A6] modifications are checked against their schema, with the path of what does not fit", () => {
  const story = new Story().running();
  const id = story.ask("ok", { schema: SCHEMA });
  assertObjectMatch(story.answer(id, "modified", { path: 3 }), {
    ok: false,
    code: "invalid",
    details: { errors: [{ path: "modifications.path" }] },
  });
  assertObjectMatch(story.answer(id, "modified", { path: "b", extra: 1 }), { ok: false, code: "invalid" });
  assertObjectMatch(story.answer(id, "modified"), { ok: false, code: "invalid" });
  assertObjectMatch(story.answer(id, "approved", { path: "b" }), { ok: false, code: "invalid" });
  story.answer(id, "modified", { path: "b.txt" });
  assertObjectMatch(value(story, "ok") as object, { verb: "modified", value: { path: "b.txt" }, edited: true });
});

Deno.test("[ENG-A7] an input is answered by { answer }, which is its value", () => {
  const schema = { type: "object", properties: { answer: { type: "integer" } }, required: ["answer"] };
  const story = new Story().running();
  const id = story.ask("q", { type: "input", allowed: ["answered", "rejected"], schema });
  assertObjectMatch(story.answer(id, "answered", { answer: "many" }), { ok: false, code: "invalid" });
  story.answer(id, "answered", { answer: 42 });
  assertObjectMatch(value(story, "q") as object, { verb: "answered", value: 42, edited: true });
  const free = story.ask("q2", { type: "input", allowed: ["answered", "rejected"] });
  assertObjectMatch(story.answer(free, "answered", "42"), { ok: false, code: "invalid" });
});

Deno.test("[ENG-A8] a schema that cannot be read refuses edits and nothing else", () => {
  const story = new Story().running();
  const id = story.ask("ok", { schema: { $ref: "#/nowhere" } });
  assertObjectMatch(story.answer(id, "modified", { path: "b" }), { ok: false, code: "invalid" });
  assertObjectMatch(story.answer(id, "approved"), { ok: true });
});

Deno.test("[ENG-A9] clients may send null or {} for no modifications", () => {
  const story = new Story().running();
  assertObjectMatch(story.answer(story.ask("a"), "approved", {}), { ok: true });
  assertObjectMatch(story.answer(story.ask("b"), "approved", null), { ok: true });
});

Deno.test("[ENG-A10] an expiry before its time changes nothing; status alone decides, never the clock", () => {
  const story = new Story().running();
  const id = story.ask("ok", { timeout_s: 60 });
  const expire = { type: "expire_approval", approval_id: id } as const;
  assertObjectMatch(story.same(SYSTEM, expire) as object, { expired: false, status: "pending" });
  story.after(3600);
  assertObjectMatch(story.answer(id, "approved"), { ok: true });
  assertObjectMatch(story.same(SYSTEM, expire) as object, { expired: false, status: "resolved" });
});

Deno.test("[ENG-A11] the deadline rejects, approves or fails, and wakes the run", () => {
  const expired = (on_timeout: "reject" | "approve" | "fail") => {
    const story = new Story().running();
    const id = story.ask("ok", { timeout_s: 60, on_timeout });
    story.waits();
    story.after(60);
    const ask = { ask: story.asks.get(id) ?? null };
    const heard = story.heard(() => story.ok(SYSTEM, { type: "expire_approval", approval_id: id }, ask));
    assertEquals(heard, ["approval_expired", "wait_ended", "run:queued"]);
    assertObjectMatch(value(story, "ok") as object, { by: "timeout", edited: false });
    return story.state.approvals.get(id);
  };
  assertObjectMatch(expired("reject") ?? {}, { status: "expired", resolution: "rejected" });
  assertObjectMatch(expired("approve") ?? {}, { resolution: "approved" });
  assertObjectMatch(expired("fail") ?? {}, { resolution: null });
});

Deno.test("[ENG-A12] where reject or approve are not allowed the deadline takes what means the same", () => {
  const story = new Story().running();
  const allowed = ["retry", "skip", "abort"] as const;
  const verb = (key: string, on_timeout: "reject" | "approve") => {
    const id = story.ask(key, { type: "error_recovery", allowed: [...allowed], timeout_s: 1, on_timeout });
    story.after(1).ok(SYSTEM, { type: "expire_approval", approval_id: id }, { ask: story.asks.get(id) ?? null });
    return value(story, key);
  };
  assertObjectMatch(verb("a", "reject") as object, { verb: "abort" });
  assertObjectMatch(verb("b", "approve") as object, { verb: "retry" });
});

Deno.test("[ENG-A13] expired and cancelled approvals take no answer, and say what they are", () => {
  const story = new Story().running();
  const late = story.ask("late", { timeout_s: 1 });
  story.after(1).ok(SYSTEM, { type: "expire_approval", approval_id: late }, { ask: story.asks.get(late) ?? null });
  const refusal = {
    ok: false,
    code: "wrong_state",
    details: { current: { status: "expired", resolved_by: "timeout" } },
  };
  assertObjectMatch(story.answer(late, "approved"), refusal);
  const open = story.ask("open");
  story.waits();
  story.ok(OWNER, { type: "cancel_run", run_id: RUN });
  assertObjectMatch(story.answer(open, "approved"), { ok: false, details: { current: { status: "cancelled" } } });
});

Deno.test("[ENG-A14] what one may not see is not found; what was not read is an error of the server", () => {
  const story = new Story().running();
  const id = story.ask("ok");
  assertObjectMatch(story.answer(id, "approved", undefined, OTHER), { ok: false, code: "not_found" });
  assertEquals(story.refused(OWNER, answerCommand(id, "approved")), "internal");
  assertEquals(story.refused(SYSTEM, answerCommand(id, "approved")), "forbidden");
});

Deno.test("[ENG-A15] the row of an approval stays below 1 KB; what was asked is written once, beside it", () => {
  const story = new Story().running();
  const key = "k".repeat(200);
  const id = story.ask(key);
  const bytes = () => new TextEncoder().encode(JSON.stringify(story.state.approvals.get(id))).length;
  assert(bytes() <= 1024, `${bytes()} bytes`);
  assertEquals("ask" in (story.state.approvals.get(id) ?? {}), false);
  const [before] = [story.asks.get(id)];
  story.answer(id, "approved");
  assert(bytes() <= 1024, `${bytes()} bytes`);
  assertEquals([story.asks.size, story.asks.get(id)], [1, before]);
});
