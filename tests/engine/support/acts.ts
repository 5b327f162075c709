// Random acts on a story: what people, timers, instances and sandboxes may say in any order, sense or nonsense.
import fc from "fast-check";
import type { Command, GateAsk, SaidItem } from "../../../lib/model/command.ts";
import type { Decision } from "../../../lib/engine/state.ts";
import type { Verb } from "../../../lib/model/approval.ts";
import type { LeafKind } from "../../../lib/model/journal.ts";
import type { Principal } from "../../../lib/model/principal.ts";
import { dueTimers } from "../../../lib/engine/project.ts";
import { ADMIN, answerCommand, askCommand, newRun, OTHER, OWNER, planOf, type Story, uuid } from "./story.ts";

/** One act: its name, two numbers that choose what it is about, and seconds that pass before it. */
export interface Act {
  name: keyof typeof ACTS;
  a: number;
  b: number;
  wait_s: number;
}

type Does = (story: Story, act: Act) => Decision | null;
const pick = <T>(from: readonly T[], n: number): T | undefined => from[n % Math.max(1, from.length)];
const KEYS = ["a", "b", "c", "g1/a", "g1/b", "m/x/a", "m/y/a"] as const;
const scopeOf = (key: string): string => key.includes("/") ? key.slice(0, key.lastIndexOf("/")) : "";
const KINDS: readonly LeafKind[] = ["step", "model", "exec", "tool"];
const instance = (n: number): Principal => ({ kind: "system", instance: n % 3 === 0 ? "instance-b" : "instance-a" });
const fence = (story: Story, n: number): number => n % 7 === 0 ? story.fence - 1 : story.fence;
const sandbox = (story: Story, n: number): Principal => ({ ...story.sandbox, fence: fence(story, n) });
const runId = (story: Story): string => story.state.run?.run_id ?? "run-0";
const person = (n: number): Principal => pick([OWNER, OWNER, OWNER, ADMIN, OTHER], n) ?? OWNER;

const byPerson = (make: (story: Story, act: Act) => Command): Does => (story, act) =>
  story.say(person(act.b), make(story, act));
const bySandbox = (make: (story: Story, act: Act) => Command): Does => (story, act) =>
  story.say(sandbox(story, act.b), make(story, act));

const leaf = (act: Act) => {
  const key = pick(KEYS, act.a) ?? "a";
  return { key, scope: scopeOf(key), name: key.split("/").at(-1) ?? key, pos: act.a, digest: "d", policy: {} };
};
const RESULTS = [
  { ok: true, value: { n: 1 } },
  { ok: false, failure: { code: "http", message: "it answered 500" } },
] as const;

function item(act: Act): SaidItem {
  const scope = pick(["", "g1", "m/x"], act.b) ?? "";
  const place = { leaves: act.a % 5, counter: 1 + act.b % 5 };
  const event = (draft: Extract<SaidItem["say"], { what: "event" }>["draft"]): SaidItem => ({
    scope,
    place,
    say: { what: "event", draft },
  });
  switch (act.a % 5) {
    case 0:
      return event({
        event_type: "plan_updated",
        run_id: null,
        data: { plan: planOf("g1", "p2"), revision: 0, by: "x" },
      });
    case 1:
      return event({ event_type: "phase_change", run_id: null, data: { phase: "control" } });
    case 2:
      return { scope, place, say: { what: "skip", id: "p2", title: "P2", reason: "no" } };
    case 3:
      return { scope, place, say: { what: "memory", key: `k${act.b}`, value: act.b } };
    default:
      return event({ event_type: "output", run_id: null, data: { message: "hi", stream: "print", source: "main" } });
  }
}

function scope(act: Act): Command {
  const [key, parent, kind] = pick(
    [["g1", "", "group"], ["m", "", "map"], ["m/x", "m", "branch"], ["m/y", "m", "branch"], [
      "g1#2",
      "",
      "group",
    ]] as const,
    act.a,
  ) ?? ["g1", "", "group"];
  const attempt = key.endsWith("#2") ? 2 : 1;
  const id = key.replace("#2", "").split("/").at(-1) ?? key;
  const base = { key, parent, kind, id, title: id, pos: act.a, step_id: key.replace("#2", ""), attempt };
  return { type: "begin_scope", ...base, ...(kind === "map" ? { total: 2 } : {}) };
}

/** A question of the host: which right, under which digest. */
function gate(story: Story, act: Act): GateAsk {
  const kind = pick(["net", "call", "budget"] as const, act.a) ?? "net";
  const what = kind === "budget" ? "usd 2" : `h${act.b % 3}`;
  return {
    approval_id: uuid(9_000 + story.events.length),
    approval_type: kind === "call" ? "tool_call" : "permission",
    allowed: ["approved", "approved_session", "rejected", ...(kind === "call" ? ["modified" as const] : [])],
    ask: { action: `Reach ${what}`, description: "", context: { what } },
    approval_digest: `${act.b % 3}`.padStart(64, "0"),
    timeout_s: 100,
    on_timeout: pick(["reject", "approve", "fail"] as const, act.b) ?? "reject",
    right: { kind, what },
  };
}

/** Everything that can be done. */
export const ACTS = {
  start: (story, { a, b }) => {
    const config = a % 3 === 0 ? { maxCostUsd: 1 } : {};
    const run = newRun({ run_id: `run-${a % 12}`, start_digest: `s${a % 5}`, config });
    const known = story.runs.get(run.run_id);
    if (known === undefined) return story.say(person(b), { type: "start_run", run });
    const { session_id, start_digest, created_by: principal } = known;
    const outside = { run_id_owner: { session_id, start_digest, principal }, run: known };
    return story.say(person(b), { type: "start_run", run }, outside);
  },
  update: byPerson((story, { a }) => ({
    type: "update_session",
    name: `Name ${a}`,
    pinned: a % 2 === 0,
    version: (story.state.session?.version ?? 0) - (a % 3 === 0 ? 1 : 0),
  })),
  suspend: byPerson((_story, { a }) => ({ type: "suspend_session", now: a % 2 === 0 })),
  unsuspend: byPerson(() => ({ type: "resume_session" })),
  cancel: byPerson((story) => ({ type: "cancel_run", run_id: runId(story) })),
  pause: byPerson((story, { a }) => ({ type: "pause_run", run_id: runId(story), now: a % 2 === 0 })),
  resume: byPerson((story) => ({ type: "resume_run", run_id: runId(story) })),
  message: byPerson((story, { a }) => ({
    type: "send_message",
    run_id: runId(story),
    message_id: `m${a}`,
    content: "hi",
  })),
  gated: bySandbox((story, act) => ({
    type: "begin_leaf",
    ...leaf(act),
    kind: pick(KINDS, act.b) ?? "tool",
    gate: gate(story, act),
  })),
  want: bySandbox((story, act) => ({ type: "gate_leaf", key: leaf(act).key, gate: gate(story, act) })),
  answer: (story, { a, b }) => {
    const row = pick([...story.state.approvals.values()], a);
    if (row === undefined) return null;
    const verb = pick<Verb>(["approved", "rejected", "modified", "skip", "approved_session"], b) ?? "approved";
    const command = answerCommand(row.approval_id, verb, verb === "modified" ? { path: "b" } : undefined);
    return story.say(person(b), command, { ask: story.asks.get(row.approval_id) ?? null });
  },
  expire: (story, { a }) => {
    const row = pick([...story.state.approvals.values()], a);
    if (row === undefined) return null;
    const ask = story.asks.get(row.approval_id) ?? null;
    return story.say(instance(a), { type: "expire_approval", approval_id: row.approval_id }, { ask });
  },
  fire: (story, { a }) => {
    const key = pick(dueTimers(story.state, story.now), a) ?? pick(KEYS, a) ?? "a";
    return story.say(instance(a), { type: "fire_timer", run_id: runId(story), key });
  },
  claim: (story, { a, b }) => {
    const held = b % 3 === 0 ? { held_fence: fence(story, b) } : {};
    return story.say(instance(a), { type: "claim_run", run_id: runId(story), ...held });
  },
  requeue: (story, { a, b }) => {
    const reason = a % 2 === 0 ? "drain" as const : "takeover" as const;
    const why = { reason, loss: reason === "takeover" };
    return story.say(instance(a), { type: "requeue_run", run_id: runId(story), fence: fence(story, b), ...why });
  },
  settle: (story, { a, b }) => {
    const about = story.state.run?.status === "running" ? fence(story, b) : null;
    return story.say(instance(a), { type: "settle_run", run_id: runId(story), fence: about });
  },
  fail: (story, { a, b }) => {
    if (a % 6 !== 0) return null;
    const error = { type: "timeout", message: "too long" };
    return story.say(instance(a), { type: "fail_run", run_id: runId(story), fence: fence(story, b), error });
  },
  stage: (story, { a, b }) => {
    const stage = pick(["told", "terminated", "killed"] as const, a) ?? "told";
    return story.say(instance(a), { type: "cancel_progress", run_id: runId(story), fence: fence(story, b), stage });
  },
  expireSession: (story, { a }) => story.say(instance(a), { type: "expire_session" }),
  beginRun: bySandbox((_story, { a }) => ({
    type: "begin_run",
    workflow_version: 1,
    source_digest: a % 9 === 0 ? "source-2" : "source-1",
    model: "m",
    work_dir: "/",
    reused_steps: a,
  })),
  begin: bySandbox((_story, act) => ({ type: "begin_leaf", ...leaf(act), kind: pick(KINDS, act.a) ?? "step" })),
  ask: bySandbox((story, act) => {
    const { key, scope } = leaf(act);
    return askCommand(`${key}?`, uuid(story.asks.size + 1), { scope, timeout_s: 30 + act.b });
  }),
  sleep: bySandbox((story, act) => ({
    type: "begin_leaf",
    ...leaf({ ...act, a: act.a }),
    key: `${leaf(act).key}-nap`,
    kind: "sleep",
    wait: { on: "timer", until: new Date(story.now + act.b * 3000).toISOString() },
  })),
  listen: bySandbox((story, act) => ({
    type: "begin_leaf",
    ...leaf(act),
    key: `${leaf(act).key}-next`,
    kind: "message",
    wait: { on: "message", ...(act.b % 2 === 0 ? { until: new Date(story.now + act.b * 1000).toISOString() } : {}) },
  })),
  end: bySandbox((_story, act) => ({
    type: "end_leaf",
    key: leaf(act).key,
    result: pick(RESULTS, act.b) ?? RESULTS[0],
    files: [],
  })),
  retry: bySandbox((_story, act) => {
    const failure = { code: "http", message: "it answered 500" };
    return { type: "retry_leaf", key: leaf(act).key, failure, backoff_s: 1, max_attempts: 3 };
  }),
  scope: bySandbox((_story, act) => scope(act)),
  endScope: bySandbox((_story, { a, b }) => ({
    type: "end_scope",
    key: pick(["g1", "m", "m/x", "m/y", "g1#2"], a) ?? "g1",
    status: pick(["done", "failed", "dropped"] as const, b) ?? "done",
  })),
  say: bySandbox((_story, act) => ({ type: "say", items: [item(act), item({ ...act, b: act.b + 1 })] })),
  report: bySandbox((_story, { a }) => ({
    type: "report",
    events: [{
      event_type: "output",
      run_id: null,
      data: { message: "x", stream: "stdout", source: "b", step_id: "g1/a" },
    }],
    output_bytes: a * 3,
  })),
  cost: bySandbox((_story, act) => ({
    type: "record_cost",
    key: leaf(act).key,
    agent: "e",
    model: "m",
    usage: { input_tokens: 5, output_tokens: 1, cached_input_tokens: 0 },
    cost_usd: act.b / 10,
  })),
  waiting: bySandbox((story, { a }) => ({ type: "all_waiting", settled: a % 8 === 0 ? 0 : story.settled() })),
  boundary: bySandbox(() => ({ type: "at_boundary" })),
  finish: (story, { a, b }) => {
    if (a % 4 !== 0) return null;
    const error = { type: "nondeterministic", message: "no" };
    const result = b % 2 === 0 ? { ok: true as const, value: 1 } : { ok: false as const, error };
    return story.say(sandbox(story, b), { type: "finish_run", result });
  },
} satisfies Record<string, Does>;

const names = Object.keys(ACTS) as (keyof typeof ACTS)[];
/** What keeps a run going comes more often, so that sequences get somewhere. */
const OFTEN: readonly (keyof typeof ACTS)[] = [
  "claim",
  "beginRun",
  "begin",
  "end",
  "ask",
  "answer",
  "waiting",
  "scope",
  "start",
  "resume",
  "unsuspend",
];

/** A random act. */
export const anyAct: fc.Arbitrary<Act> = fc.record({
  name: fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...names) }, {
    weight: 2,
    arbitrary: fc.constantFrom(...OFTEN),
  }),
  a: fc.nat(20),
  b: fc.nat(20),
  wait_s: fc.constantFrom(0, 0, 0, 1, 5, 40, 3_000_000),
});
