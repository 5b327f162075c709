// One session told as a story: commands are decided one after the other, as the writer would, and after each the laws of
// the engine are checked (laws.ts).
import { assert, assertEquals } from "@std/assert";
import { decide } from "../../../lib/engine/decide.ts";
import { ABSENT, type DecideContext, type Decision, type EngineSettings } from "../../../lib/engine/state.ts";
import type { SessionState } from "../../../lib/engine/state.ts";
import { EMPTY_VIEW, fold, type SessionView } from "../../../lib/engine/view.ts";
import type { ApprovalAsk, ApprovalType, Verb } from "../../../lib/model/approval.ts";
import type { Command, NewRun } from "../../../lib/model/command.ts";
import type { EventEnvelope } from "../../../lib/model/event.ts";
import { timestamp } from "../../../lib/model/ids.ts";
import type { LeafKind, Policy } from "../../../lib/model/journal.ts";
import type { Json, JsonObject } from "../../../lib/model/json.ts";
import type { RunRecord } from "../../../lib/model/run.ts";
import type { Principal, RunPrincipal, SystemPrincipal, UserPrincipal } from "../../../lib/model/principal.ts";
import { checkLaws } from "./laws.ts";

/** When stories begin. */
export const T0 = Date.UTC(2026, 0, 5, 9, 0, 0);
/** The session of a story. */
export const SESSION = "7b0d0a52-1f0f-4a0e-8f2c-2f6f3f7a1c01";
/** The run of a story. */
export const RUN = "run-1";
export const OWNER: UserPrincipal = { kind: "user", id: "u-ada", name: "Ada", admin: false };
export const OTHER: UserPrincipal = { kind: "user", id: "u-bob", name: "Bob", admin: false };
export const ADMIN: UserPrincipal = { kind: "user", id: "u-root", name: "Root", admin: true };
export const SYSTEM: SystemPrincipal = { kind: "system", instance: "instance-a" };
export const SETTINGS: EngineSettings = {
  approval_timeout_s: 604_800,
  run_timeout_s: 3_600,
  session_ttl_s: 2_592_000,
  max_takeovers: 3,
  output_bytes: 1_000_000,
};
const hex = (n: number): string => n.toString(16).padStart(64, "0");
/** A UUID for an approval. */
export const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
/** A plan of steps with these ids. */
export const planOf = (...ids: string[]): JsonObject => ({ steps: ids.map((id) => ({ id, title: `Step ${id}` })) });

type Outside = DecideContext["outside"];
type AskOptions = {
  type?: ApprovalType;
  allowed?: Verb[];
  schema?: JsonObject;
  timeout_s?: number;
  on_timeout?: "reject" | "approve" | "fail";
  scope?: string;
};

/** A session and everything that was decided about it. */
export class Story {
  state: SessionState = ABSENT;
  now = T0;
  settings: EngineSettings = SETTINGS;
  readonly events: EventEnvelope[] = [];
  readonly asks = new Map<string, ApprovalAsk>();
  /** Every run so far as it stands. */
  readonly runs = new Map<string, RunRecord>();
  view: SessionView = EMPTY_VIEW;
  #approvals = 0;
  #pos = 0;

  /** Decides a command; what it commits becomes the state. */
  say(principal: Principal, command: Command, outside: Outside = {}): Decision {
    const before = this.state;
    const decision = decide(before, principal, command, { now: this.now, settings: this.settings, outside });
    if (!decision.ok || "same" in decision) return decision;
    this.state = decision.state;
    if (this.state.run !== null) this.runs.set(this.state.run.run_id, this.state.run);
    for (const [id, ask] of decision.asks ?? []) this.asks.set(id, ask);
    const first = before.head.head_seq + 1;
    const fresh = decision.events.map((draft, at): EventEnvelope => ({
      seq: first + at,
      timestamp: timestamp(this.now),
      session_id: SESSION,
      ...(JSON.parse(JSON.stringify(draft)) as { event_type: string; run_id: string | null; data: JsonObject }),
    }));
    this.events.push(...fresh);
    this.view = fold(this.view, fresh);
    checkLaws({ before, decision, fresh, view: this.view, settings: this.settings, now: this.now });
    return decision;
  }

  /** Decides a command that must be obeyed; gives its reply. */
  ok(principal: Principal, command: Command, outside: Outside = {}): Json {
    const decision = this.say(principal, command, outside);
    assert(decision.ok, `${command.type} was refused: ${decision.ok ? "" : decision.message}`);
    return decision.reply;
  }

  /** Decides a command that must be refused; gives its code. */
  refused(principal: Principal, command: Command, outside: Outside = {}): string {
    const decision = this.say(principal, command, outside);
    assert(!decision.ok, `${command.type} was not refused`);
    return decision.code;
  }

  /** Decides a command that must change nothing; gives its reply. */
  same(principal: Principal, command: Command, outside: Outside = {}): Json {
    const decision = this.say(principal, command, outside);
    assert(decision.ok && "same" in decision, `${command.type} changed something`);
    return decision.reply;
  }

  /** The events that `tell` led to, each as `type` or `type:status`. */
  heard(tell: () => void): string[] {
    const from = this.events.length;
    tell();
    return this.events.slice(from).map(nameOf);
  }

  /** The last event of a type. */
  last(type: string): EventEnvelope["data"] {
    const event = this.events.findLast((one) => one.event_type === type);
    assert(event !== undefined, `no ${type} was told`);
    return event.data;
  }

  /** The sandbox of the run, with the fence in force. */
  get sandbox(): RunPrincipal {
    return { kind: "run", session_id: SESSION, run_id: this.state.run?.run_id ?? "", fence: this.state.head.fence };
  }
  /** The fence under which the run is executed. */
  get fence(): number {
    return this.state.head.fence;
  }

  create(config: JsonObject = {}): this {
    this.ok(OWNER, {
      type: "create_session",
      session: { session_id: SESSION, mode: "one-shot", config, name: "Demo" },
    });
    return this;
  }
  start(run: Partial<NewRun> = {}, outside: Outside = {}): this {
    this.ok(OWNER, { type: "start_run", run: newRun(run) }, outside);
    return this;
  }
  claim(instance = "instance-a", held_fence?: number): this {
    const run_id = this.state.run?.run_id ?? "";
    const held = held_fence === undefined ? {} : { held_fence };
    this.ok({ kind: "system", instance }, { type: "claim_run", run_id, ...held });
    return this;
  }
  begun(facts: { reused_steps?: number; source?: string; version?: number } = {}): this {
    const { reused_steps = 0, source = "source-1", version = 1 } = facts;
    const place = { model: "runbook", work_dir: "/work" };
    const workflow = { workflow_version: version, source_digest: source };
    this.ok(this.sandbox, { type: "begin_run", reused_steps, ...place, ...workflow });
    return this;
  }
  /** A run that a sandbox executes. */
  running(config: JsonObject = {}): this {
    return this.create().start({ config }).claim().begun();
  }
  /** Begins a leaf at work. */
  begin(key: string, how: { kind?: LeafKind; scope?: string; policy?: Policy } = {}): Json {
    const { kind = "step", scope = "", policy = {} } = how;
    const name = key.split("/").at(-1) ?? key;
    const base = { key, scope, name, pos: this.#pos++, kind, digest: "d", policy };
    return this.ok(this.sandbox, { type: "begin_leaf", ...base });
  }
  end(key: string, value: Json = null): Json {
    return this.ok(this.sandbox, { type: "end_leaf", key, result: { ok: true, value }, files: [] });
  }
  group(id: string, how: { key?: string; attempt?: number; parent?: string } = {}): Json {
    const { key = id, attempt = 1, parent = "" } = how;
    const place = { key, parent, pos: this.#pos++, kind: "group" as const, id, title: `Step ${id}`, step_id: id };
    return this.ok(this.sandbox, { type: "begin_scope", ...place, attempt });
  }
  /** Begins an approval; gives its id. */
  ask(key: string, how: AskOptions = {}): string {
    const id = uuid(++this.#approvals);
    this.ok(this.sandbox, askCommand(key, id, how));
    return id;
  }
  sleep(key: string, seconds: number): Json {
    const until = timestamp(this.now + seconds * 1000);
    return this.ok(this.sandbox, { type: "begin_leaf", ...waitBase(key, "sleep"), wait: { on: "timer", until } });
  }
  listen(key: string, seconds?: number): Json {
    const until = seconds === undefined ? {} : { until: timestamp(this.now + seconds * 1000) };
    return this.ok(this.sandbox, {
      type: "begin_leaf",
      ...waitBase(key, "message"),
      wait: { on: "message", ...until },
    });
  }
  settled(): number {
    return Math.max(0, ...[...this.state.entries.values()].map((entry) => entry.status === "open" ? 0 : entry.n));
  }
  waits(): Json {
    return this.ok(this.sandbox, { type: "all_waiting", settled: this.settled() });
  }
  answer(approval_id: string, resolution: Verb, modifications?: Json, by: UserPrincipal = OWNER): Decision {
    const command = answerCommand(approval_id, resolution, modifications);
    return this.say(by, command, { ask: this.asks.get(approval_id) ?? null });
  }
  /** Lets time pass. */
  after(seconds: number): this {
    this.now += seconds * 1000;
    return this;
  }
  status(run: string, session: string): void {
    assertEquals([this.state.run?.status, this.state.session?.status], [run, session]);
  }
}

/** The start of a run. */
export function newRun(run: Partial<NewRun> = {}): NewRun {
  return { run_id: RUN, task: "Count the words", config: {}, start_digest: "start-1", ...run };
}

/** Begins an approval. */
export function askCommand(key: string, approval_id: string, how: AskOptions = {}): Command {
  const { type = "step_approval", allowed = ["approved", "rejected", "modified"], scope = "" } = how;
  const schema = how.schema === undefined ? {} : { modifications_schema: how.schema };
  return {
    type: "begin_leaf",
    ...waitBase(key, type === "input" ? "ask" : "approve", scope),
    wait: {
      on: "approval",
      approval_id,
      approval_type: type,
      allowed,
      ask: { action: "Do it", description: "Because", context: { path: "a.txt" }, ...schema },
      approval_digest: hex(7),
      on_timeout: how.on_timeout ?? "reject",
      ...(how.timeout_s === undefined ? {} : { timeout_s: how.timeout_s }),
    },
  };
}

/** Answers an approval. */
export function answerCommand(approval_id: string, resolution: Verb, modifications?: Json): Command {
  const answer_digest = hex(
    [...JSON.stringify([resolution, modifications ?? null])].reduce((n, c) => n * 31 % 99991 + c.charCodeAt(0), 1),
  );
  return { type: "resolve_approval", approval_id, resolution, feedback: null, modifications, answer_digest };
}

function waitBase(key: string, kind: LeafKind, scope = "") {
  return { key, scope, name: key.split("/").at(-1) ?? key, pos: 0, kind, digest: "d", policy: {} };
}

function nameOf(event: EventEnvelope): string {
  if (event.event_type !== "workflow_state_changed") return event.event_type;
  return `${event.data["subject"]}:${event.data["status"]}`;
}
