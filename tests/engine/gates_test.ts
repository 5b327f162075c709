import { assertEquals, assertObjectMatch } from "@std/assert";
import { leastLimit, raisedLimit } from "../../lib/engine/rules/costs.ts";
import type { Verb } from "../../lib/model/approval.ts";
import type { GateAsk } from "../../lib/model/command.ts";
import type { Json } from "../../lib/model/json.ts";
import type { Right } from "../../lib/model/right.ts";
import { ADMIN, OTHER, OWNER, Story, SYSTEM, uuid } from "./support/story.ts";

const PERMISSION: Verb[] = ["approved", "approved_session", "rejected", "rejected_always"];
const CALL: Verb[] = ["approved", "approved_session", "rejected", "modified"];
const digest = (n: number): string => n.toString(16).padStart(64, "0");

let ids = 100;
function gate(how: Partial<GateAsk> & { right: Right }): GateAsk {
  return {
    approval_id: uuid(++ids),
    approval_type: how.right.kind === "call" ? "tool_call" : "permission",
    allowed: how.right.kind === "call" ? CALL : PERMISSION,
    ask: { action: "Reach api.example.com", description: "Why", context: { host: "api.example.com" } },
    approval_digest: digest(1),
    on_timeout: "reject",
    ...how,
  };
}
const net = (how: Partial<GateAsk> = {}) => gate({ right: { kind: "net", what: "api.example.com" }, ...how });
const call = (how: Partial<GateAsk> = {}) => gate({ right: { kind: "call", what: digest(1) }, ...how });

const leaf = (key: string, how: Partial<{ gate: GateAsk; kind: "tool" | "exec" | "model"; scope: string }> = {}) => {
  const { gate: asked, kind = "tool", scope = "" } = how;
  const base = { key, scope, name: key.split("/").at(-1) ?? key, pos: 0, kind, digest: "d", policy: {} };
  return { type: "begin_leaf" as const, ...base, ...(asked === undefined ? {} : { gate: asked }) };
};
const begin = (story: Story, key: string, how: Parameters<typeof leaf>[1] = {}): Json =>
  story.ok(story.sandbox, leaf(key, how));

Deno.test("[ENG-ASK1] a gate is asked before its leaf begins, in a row of its own; the leaf has none yet", () => {
  const story = new Story().running();
  const asked = net();
  const heard = story.heard(() => assertObjectMatch(begin(story, "t", { gate: asked }) as object, { gated: true }));
  assertEquals(heard, ["approval_requested", "wait_started"]);
  assertEquals(story.state.entries.has("t"), false);
  assertObjectMatch(story.state.entries.get("t/gate") ?? {}, { kind: "gate", status: "open", right: asked.right });
  assertEquals(story.waits(), { waiting: true });
  story.status("waiting", "active");
});

Deno.test("[ENG-ASK2] the commit that begins the leaf uses the yes up; it stays valid for later attempts of that leaf", () => {
  const story = new Story().running();
  const asked = net();
  begin(story, "t", { gate: asked });
  story.waits();
  assertEquals(story.heard(() => story.answer(asked.approval_id, "approved")), [
    "approval_received",
    "wait_ended",
    "run:queued",
  ]);
  story.claim().begun();
  assertEquals(story.waits(), { waiting: false });
  assertObjectMatch(begin(story, "t", { gate: net() }) as object, { began: true, attempt: 1 });
  assertObjectMatch(story.state.entries.get("t/gate") ?? {}, { status: "done", used: true });
  story.claim();
  assertEquals(story.begun().heard(() => begin(story, "t", { gate: net() })), ["step_restarted"]);
  assertEquals(story.state.entries.get("t")?.attempt, 2);
});

Deno.test("[ENG-ASK3] another digest asks anew: the open question is withdrawn, a yes to the old one is none", () => {
  const story = new Story().running();
  const first = call();
  begin(story, "t", { gate: first });
  const heard = story.heard(() => begin(story, "t", { gate: call({ approval_digest: digest(2) }) }));
  assertEquals(heard, ["approval_cancelled", "wait_ended", "approval_requested", "wait_started"]);
  assertObjectMatch(story.answer(first.approval_id, "approved"), { ok: false, code: "wrong_state" });
  const second = [...story.state.approvals.values()].find((row) => row.status === "pending");
  story.answer(second?.approval_id ?? "", "approved");
  assertObjectMatch(begin(story, "t", { gate: call({ approval_digest: digest(3) }) }) as object, { gated: true });
  assertEquals(story.state.entries.has("t"), false);
});

Deno.test("[ENG-ASK4] a no fails the leaf without a begin, in plain words; a deadline fails it as expired", () => {
  const story = new Story().running();
  const no = net();
  begin(story, "t", { gate: no });
  story.answer(no.approval_id, "rejected");
  begin(story, "t", { gate: net() });
  assertObjectMatch(story.state.entries.get("t") ?? {}, {
    status: "failed",
    failure: { code: "rejected", message: 'Ada said no to "Reach api.example.com"', data: { verb: "rejected" } },
  });
  const late = net({ timeout_s: 60 });
  begin(story, "u", { gate: late });
  story.after(61);
  story.ok(SYSTEM, { type: "expire_approval", approval_id: late.approval_id }, { ask: late.ask });
  begin(story, "u", { gate: net() });
  assertObjectMatch(story.state.entries.get("u") ?? {}, { status: "failed", failure: { code: "expired" } });
});

Deno.test("[ENG-ASK5] at its deadline a gate does what on_timeout says: approve lets through, fail is no", () => {
  for (const [on_timeout, began] of [["approve", true], ["fail", false], ["reject", false]] as const) {
    const story = new Story().running();
    const asked = net({ timeout_s: 60, on_timeout });
    begin(story, "t", { gate: asked });
    story.after(61);
    story.ok(SYSTEM, { type: "expire_approval", approval_id: asked.approval_id }, { ask: asked.ask });
    begin(story, "t", { gate: net() });
    assertEquals(story.state.entries.get("t")?.status, began ? "open" : "failed", on_timeout);
  }
});

Deno.test("[ENG-ASK6] for this session: kept with the session, told, and never asked again for the same thing", () => {
  const story = new Story().running();
  const asked = net();
  begin(story, "t", { gate: asked });
  const heard = story.heard(() => story.answer(asked.approval_id, "approved_session"));
  assertEquals(heard, ["approval_received", "session_updated", "wait_ended"]);
  assertObjectMatch(story.state.session?.grants?.[0] ?? {}, {
    kind: "net",
    what: "api.example.com",
    allowed: true,
    by: "Ada",
  });
  assertObjectMatch(begin(story, "t", { gate: net() }) as object, { began: true });
  assertObjectMatch(begin(story, "u", { gate: net({ approval_digest: digest(9) }) }) as object, { began: true });
  assertObjectMatch(
    begin(story, "v", { gate: net({ right: { kind: "net", what: "other.example.com" } }) }) as object,
    { gated: true },
  );
});

Deno.test("[ENG-ASK18] a standing answer that is taken back is told, and the next leaf is asked for again; twice is once", () => {
  const story = new Story().running();
  const asked = net();
  begin(story, "t", { gate: asked });
  story.answer(asked.approval_id, "approved_session");
  begin(story, "t", { gate: net() });
  const { approval_id } = asked;
  const heard = story.heard(() => story.ok(OWNER, { type: "take_back_answer", approval_id }));
  assertEquals(heard, ["session_updated"]);
  assertEquals(story.state.session?.grants, []);
  assertEquals(story.state.entries.get("t")?.status, "open");
  assertEquals(story.same(OWNER, { type: "take_back_answer", approval_id }), { taken_back: false });
  assertObjectMatch(begin(story, "u", { gate: net({ approval_digest: digest(9) }) }) as object, { gated: true });
});

Deno.test("[ENG-ASK19] an answer that was replaced is gone: taking the earlier one back leaves the later", () => {
  const story = new Story().running();
  const [no, yes] = [net(), net({ approval_digest: digest(9) })];
  begin(story, "t", { gate: no });
  begin(story, "u", { gate: yes });
  story.answer(no.approval_id, "rejected_always");
  story.answer(yes.approval_id, "approved_session");
  assertEquals(story.same(OWNER, { type: "take_back_answer", approval_id: no.approval_id }), { taken_back: false });
  assertEquals(story.state.session?.grants?.map((one) => one.allowed), [true]);
});

Deno.test("[ENG-ASK20] only who may write to the session takes an answer back; what was none is unknown", () => {
  const story = new Story().running();
  const asked = net();
  begin(story, "t", { gate: asked });
  const take = { type: "take_back_answer" as const, approval_id: asked.approval_id };
  assertEquals(story.refused(OWNER, take), "not_found");
  story.answer(asked.approval_id, "approved_session");
  assertEquals([story.refused(OTHER, take), story.refused(story.sandbox, take)], ["not_found", "forbidden"]);
  assertEquals(story.state.session?.grants?.length, 1);
});

Deno.test("[ENG-ASK7] never in this session: the next one who wants it is told no without a question", () => {
  const story = new Story().running();
  const asked = net();
  begin(story, "t", { gate: asked });
  story.answer(asked.approval_id, "rejected_always");
  const heard = story.heard(() => begin(story, "u", { gate: net() }));
  assertEquals(heard.includes("approval_requested"), false);
  assertObjectMatch(story.state.entries.get("u") ?? {}, {
    status: "failed",
    failure: { code: "rejected", message: "Ada said no to this for the whole session: Reach api.example.com" },
  });
});

Deno.test("[ENG-ASK8] modified journals the digest of the changed arguments with the leaf", () => {
  const story = new Story().running();
  const asked = call();
  begin(story, "t", { gate: asked });
  story.answer(asked.approval_id, "modified", { path: "b.txt" });
  begin(story, "t", { gate: call() });
  const row = story.state.approvals.get(asked.approval_id);
  assertEquals(
    story.state.entries.get("t")?.args_digest,
    row?.status === "resolved" ? row.answer_digest : "",
  );
});

Deno.test("[ENG-ASK9] a right wanted in the middle: the attempt is not counted, the leaf rests, and begins again after a yes", () => {
  const story = new Story().running();
  begin(story, "code", { kind: "exec" });
  const asked = net();
  const reply = story.ok(story.sandbox, { type: "gate_leaf", key: "code", gate: asked });
  assertObjectMatch(reply as object, { gated: true });
  assertEquals(story.state.entries.get("code")?.failures, []);
  assertEquals(story.waits(), { waiting: true });
  story.answer(asked.approval_id, "approved");
  story.claim().begun();
  const heard = story.heard(() => begin(story, "code", { kind: "exec" }));
  assertEquals(heard, ["step_restarted"]);
  assertObjectMatch(story.last("step_restarted"), { reason: "allowed" });
  assertEquals(
    story.same(story.sandbox, { type: "gate_leaf", key: "code", gate: net() }),
    { refused: true },
    "a right that was given is not asked for again",
  );
});

Deno.test("[ENG-ASK10] code that wants ever more rights is told no: eight questions a leaf", () => {
  const story = new Story().running();
  begin(story, "code", { kind: "exec" });
  for (let n = 1; n <= 8; n++) {
    const right = { kind: "net" as const, what: `h${n}.example.com` };
    const asked = net({ right, approval_digest: digest(n) });
    assertObjectMatch(story.ok(story.sandbox, { type: "gate_leaf", key: "code", gate: asked }) as object, {
      gated: true,
    });
    story.answer(asked.approval_id, "approved");
    begin(story, "code", { kind: "exec" });
  }
  const ninth = net({ right: { kind: "net", what: "h9.example.com" }, approval_digest: digest(9) });
  assertEquals(story.same(story.sandbox, { type: "gate_leaf", key: "code", gate: ninth }), { refused: true });
});

Deno.test("[ENG-ASK11] cancel, the end of the run and a dropped branch close a gate like any question", () => {
  const cancelled = new Story().running();
  const one = net();
  begin(cancelled, "t", { gate: one });
  cancelled.waits();
  const heard = cancelled.heard(() => cancelled.ok(OWNER, { type: "cancel_run", run_id: "run-1" }));
  assertEquals(heard.includes("approval_cancelled"), true);
  const dropped = new Story().running();
  dropped.group("g");
  const two = net();
  begin(dropped, "g/t", { gate: two, scope: "g" });
  dropped.ok(dropped.sandbox, { type: "end_scope", key: "g", status: "dropped" });
  assertEquals(dropped.state.approvals.get(two.approval_id)?.status, "cancelled");
  assertEquals(dropped.answer(two.approval_id, "approved").ok, false);
});

Deno.test("[ENG-ASK12] a gate can be answered while its session is suspended; the answer is used on resume", () => {
  const story = new Story().running();
  const asked = net();
  begin(story, "t", { gate: asked });
  story.waits();
  story.ok(OWNER, { type: "suspend_session", now: false });
  story.answer(asked.approval_id, "approved");
  story.status("paused", "suspended");
  story.ok(OWNER, { type: "resume_session" });
  story.claim().begun();
  assertObjectMatch(begin(story, "t", { gate: net() }) as object, { began: true });
});

Deno.test("[ENG-ASK13] the 51st question of a run waits to be asked, a gate too", () => {
  const story = new Story().running();
  for (let n = 0; n < 50; n++) begin(story, `t${n}`, { gate: net({ approval_digest: digest(n + 1) }) });
  assertObjectMatch(story.same(story.sandbox, leaf("last", { gate: net() })) as object, { began: false, later: true });
  assertEquals(story.waits(), { waiting: true });
});

Deno.test("[ENG-ASK14] a budget: a yes raises the limit in the commit that begins the turn, and the others need none", () => {
  const story = new Story().running({ maxCostUsd: 1 });
  const usage = { input_tokens: 1, output_tokens: 1, cached_input_tokens: 0 };
  begin(story, "m", { kind: "model" });
  story.ok(story.sandbox, { type: "record_cost", key: "m", agent: "a", model: "m", usage, cost_usd: 1 });
  story.end("m");
  const more = (n: number) =>
    gate({ right: { kind: "budget", what: "usd 2" }, allowed: ["approved", "rejected"], approval_digest: digest(n) });
  const [one, two] = [more(1), more(1)];
  begin(story, "n", { kind: "model", gate: one });
  begin(story, "o", { kind: "model", gate: two });
  assertObjectMatch(story.same(story.sandbox, leaf("n", { kind: "model" })) as object, { gated: true });
  story.answer(one.approval_id, "approved");
  assertObjectMatch(begin(story, "n", { kind: "model" }) as object, { began: true });
  assertEquals([story.state.run?.cost.limit_usd, story.state.session?.cost.limit_usd], [2, 2]);
  assertObjectMatch(begin(story, "o", { kind: "model" }) as object, { began: true });
  assertEquals(story.state.approvals.get(two.approval_id)?.status, "cancelled");
});

/** A run of a dollar that has spent it, with two turns in front of the question for more. */
function spent() {
  const story = new Story().running({ maxCostUsd: 1 });
  const usage = { input_tokens: 1, output_tokens: 1, cached_input_tokens: 0 };
  begin(story, "m", { kind: "model" });
  story.ok(story.sandbox, { type: "record_cost", key: "m", agent: "a", model: "m", usage, cost_usd: 1 });
  story.end("m");
  const more = () =>
    gate({
      right: { kind: "budget", what: "usd 2", from: 1 },
      allowed: ["approved", "rejected"],
      ask: {
        action: "Raise the limit",
        description: "",
        context: { right: "budget", unit: "usd", limit: 1, raise_to: 2 },
        modifications_schema: {
          type: "object",
          properties: { raise_to: { type: "number", minimum: 1.01, maximum: 100_000 } },
          required: ["raise_to"],
          additionalProperties: false,
        },
      },
    });
  const [one, two] = [more(), more()];
  begin(story, "n", { kind: "model", gate: one });
  begin(story, "o", { kind: "model", gate: two });
  return { story, one, two };
}

Deno.test("[ENG-ASK21] another sum for a budget: the limit becomes what was typed, in the commit that begins the turn", () => {
  for (const sum of [1.5, 7.25]) {
    const { story, one, two } = spent();
    story.answer(one.approval_id, "approved", { raise_to: sum });
    assertEquals(story.state.run?.cost.limit_usd, 1);
    assertObjectMatch(begin(story, "n", { kind: "model" }) as object, { began: true });
    assertEquals([story.state.run?.cost.limit_usd, story.state.session?.cost.limit_usd], [sum, sum]);
    assertEquals(story.state.entries.get("n")?.args_digest, undefined);
    // The other question named a limit that is none any more, whether the sum is less or more than it proposed.
    assertObjectMatch(begin(story, "o", { kind: "model" }) as object, { began: true });
    assertEquals(story.state.approvals.get(two.approval_id)?.status, "cancelled");
  }
});

Deno.test("[ENG-ASK22] a sum out of its bounds, or none, is refused and changes nothing; a later answer never lowers a limit", () => {
  const { story, one, two } = spent();
  for (const raise_to of [1, -5, 1e9, "3", null]) {
    const said = story.answer(one.approval_id, "approved", { raise_to });
    assertEquals("code" in said && said.code, "invalid", `${raise_to}`);
  }
  assertEquals(story.state.approvals.get(one.approval_id)?.status, "pending");
  // Only what a schema invites: a permission without one takes nothing beside its yes.
  const plain = gate({ right: { kind: "net", what: "a.example.com" }, allowed: ["approved", "rejected"] });
  begin(story, "p", { kind: "tool", gate: plain });
  const beside = story.answer(plain.approval_id, "approved", { raise_to: 5 });
  assertEquals("code" in beside && beside.code, "invalid");
  story.answer(one.approval_id, "approved", { raise_to: 9 });
  story.answer(two.approval_id, "approved", { raise_to: 3 });
  begin(story, "n", { kind: "model" });
  begin(story, "o", { kind: "model" });
  assertEquals(story.state.run?.cost.limit_usd, 9);
});

Deno.test("[ENG-ASK23] what is proposed is twice the limit, and again until the next call may begin", () => {
  const usd = (used: number, limit: number, next: number) => {
    const budget = { unit: "usd" as const, used, limit };
    return [raisedLimit(budget, next), leastLimit(budget, next)];
  };
  assertEquals([usd(1, 1, 0), usd(1, 1, 0.4), usd(0.05, 0.01, 0.05), usd(0.5, 0, 0)], [
    [2, 1.01],
    [2, 1.41],
    [0.16, 0.11],
    [1, 0.51],
  ]);
  const tokens = { unit: "tokens" as const, used: 120, limit: 100 };
  assertEquals([raisedLimit(tokens, 120), leastLimit(tokens, 120), leastLimit(tokens, 0)], [400, 240, 121]);
});

Deno.test("[ENG-ASK15] a question of a workflow that was answered for the session is not asked again", () => {
  const story = new Story().running();
  const first = story.ask("a", { type: "tool_call", allowed: CALL });
  story.answer(first, "approved_session", undefined, ADMIN);
  const heard = story.heard(() => story.ask("b", { type: "tool_call", allowed: CALL }));
  assertEquals(heard, []);
  assertObjectMatch(story.state.entries.get("b") ?? {}, {
    status: "done",
    value: { verb: "approved_session", by: "Root" },
  });
});

Deno.test("[ENG-ASK16] a no to a call with other arguments is none to this one: it is asked about anew", () => {
  const story = new Story().running();
  const first = call();
  begin(story, "t", { gate: first });
  story.answer(first.approval_id, "rejected");
  const second = call({ approval_digest: digest(2), right: { kind: "call", what: digest(2) } });
  assertObjectMatch(begin(story, "t", { gate: second }) as object, { gated: true });
  assertEquals(story.state.entries.has("t"), false, "nothing failed for the no to something else");
  story.answer(second.approval_id, "approved");
  assertObjectMatch(begin(story, "t", { gate: second }) as object, { began: true });
});

Deno.test("[ENG-ASK17] a leaf that asks for something else each time is asked about eight times, then refused", () => {
  const story = new Story().running();
  const asks = (n: number) => call({ approval_digest: digest(n), right: { kind: "call", what: digest(n) } });
  for (let n = 1; n <= 8; n++) assertObjectMatch(begin(story, "t", { gate: asks(n) }) as object, { gated: true });
  begin(story, "t", { gate: asks(9) });
  assertObjectMatch(story.state.entries.get("t") ?? {}, { status: "failed", failure: { code: "refused" } });
});
