// The engine as the journal of the fuzz host: every commit is a command that `decide` decides.
import { decide } from "../../../lib/engine/decide.ts";
import { ABSENT, type DecideContext, type SessionState } from "../../../lib/engine/state.ts";
import type { ApprovalAsk, Verb } from "../../../lib/model/approval.ts";
import type { Command } from "../../../lib/model/command.ts";
import type { FailureData, JournalEntry } from "../../../lib/model/journal.ts";
import type { Json, JsonObject } from "../../../lib/model/json.ts";
import type { Principal } from "../../../lib/model/principal.ts";
import type { BeginFrame, ChildFrame, SaidFrameItem } from "../../../lib/protocol/sandbox.ts";
import { beginCommand } from "../../../lib/service/driver/begin_command.ts";
import { sayCommands } from "../../../lib/service/driver/said.ts";
import type { LeafResult } from "../../../workers/testing/journal.ts";
import type { Commits } from "./commits.ts";

const T0 = Date.UTC(2026, 0, 1);
const SESSION = "00000000-0000-4000-8000-000000000001";
const PERSON: Principal = { kind: "user", id: "u", name: "someone", admin: false };
const SYSTEM: Principal = { kind: "system", instance: "i" };
const SETTINGS: DecideContext["settings"] = {
  approval_timeout_s: 604_800,
  run_timeout_s: 86_400,
  session_ttl_s: 0,
  max_takeovers: 1_000_000,
  output_bytes: 1_000_000_000,
};

/** Commits of the real engine. */
export class EngineCommits implements Commits {
  readonly said: SaidFrameItem[] = [];
  /** How often the run gave up its slot to wait. */
  waits = 0;
  readonly #asks = new Map<string, ApprovalAsk>();
  readonly #run_id: string;
  #state: SessionState = ABSENT;
  #now = T0;
  #ids = 0;
  #held = false;

  constructor(run_id: string) {
    this.#run_id = run_id;
    const run = { run_id, task: "t", config: {}, start_digest: "0".repeat(64) };
    const session = { session_id: SESSION, mode: "fuzz", config: {}, name: "fuzz" };
    this.#must(PERSON, { type: "create_session", session, run });
  }

  get entries() {
    return this.#state.entries;
  }
  get scopes() {
    return this.#state.scopes;
  }
  get n() {
    return this.#state.head.entry_n;
  }
  get mayStart() {
    return this.#state.run?.status !== "waiting";
  }

  #decide(principal: Principal, command: Command, outside: DecideContext["outside"] = {}): Json {
    this.#now += 1000;
    const decision = decide(this.#state, principal, command, { now: this.#now, settings: SETTINGS, outside });
    if (!decision.ok) throw new Error(`${command.type} is refused: ${decision.message}`);
    if ("same" in decision) return decision.reply;
    this.#state = decision.state;
    for (const [id, ask] of decision.asks ?? []) this.#asks.set(id, ask);
    return decision.reply;
  }

  #must(principal: Principal, command: Command, outside: DecideContext["outside"] = {}): JsonObject {
    const reply = this.#decide(principal, command, outside);
    if (typeof reply !== "object" || reply === null || Array.isArray(reply)) {
      throw new Error(`${command.type}: no reply`);
    }
    return reply;
  }

  /** The sandbox of now. */
  get #sandbox(): Principal {
    return { kind: "run", session_id: SESSION, run_id: this.#run_id, fence: this.#state.head.fence };
  }

  restart(): void {
    const { run, head } = this.#state;
    if (run?.status === "running") {
      const loss = this.#ids % 2 === 0;
      const reason = loss ? "takeover" as const : "drain" as const;
      this.#must(SYSTEM, { type: "requeue_run", run_id: this.#run_id, fence: head.fence, reason, loss });
    }
    this.#held = false;
    this.#claim();
    const source = { workflow_version: 1, source_digest: "0".repeat(64) };
    const facts = { model: "m", work_dir: "w", reused_steps: 0 };
    this.#must(this.#sandbox, { type: "begin_run", ...source, ...facts });
    this.#held = true;
  }

  #claim(): void {
    const { run, head } = this.#state;
    if (run?.status !== "queued") throw new Error(`the run is ${run?.status} and not queued`);
    const held = this.#held ? { held_fence: head.fence } : {};
    const reply = this.#must(SYSTEM, { type: "claim_run", run_id: this.#run_id, ...held });
    if (reply["claimed"] !== true) throw new Error("the run cannot be claimed");
  }

  begin(frame: BeginFrame): number | null {
    const approval_id = `00000000-0000-4000-8000-${(++this.#ids).toString(16).padStart(12, "0")}`;
    const reply = this.#must(this.#sandbox, beginCommand(frame, { now: this.#now, approval_id }));
    if (reply["settled"] === true) return null;
    if (reply["began"] !== true) throw new Error(`"${frame.key}" does not begin: ${JSON.stringify(reply)}`);
    return Number(reply["attempt"]);
  }

  end(key: string, result: LeafResult): void {
    this.#must(this.#sandbox, { type: "end_leaf", key, result, files: [] });
  }

  repeat(frame: BeginFrame, failure: FailureData): number | null {
    const max_attempts = frame.policy.attempts ?? 1;
    const retry = { type: "retry_leaf" as const, key: frame.key, failure, backoff_s: 0, max_attempts };
    const reply = this.#must(this.#sandbox, retry);
    return reply["retry"] === true ? this.begin(frame) : null;
  }

  answer(entry: JournalEntry, result: LeafResult): void {
    if (!result.ok || entry.status !== "open") throw new Error(`"${entry.key}" cannot be answered`);
    const { approval_id } = entry;
    if (approval_id !== undefined) this.#resolve(approval_id, result.value);
    else if (entry.kind === "message") {
      const [message] = result.value as { message_id: string; content: string }[];
      this.#must(PERSON, { type: "send_message", run_id: this.#run_id, message_id: "", content: "", ...message });
    } else {
      this.#now = Math.max(this.#now, Date.parse(entry.until ?? ""));
      this.#must(SYSTEM, { type: "fire_timer", run_id: this.#run_id, key: entry.key });
    }
    if (this.#held && this.#state.run?.status === "queued") this.#claim();
  }

  #resolve(approval_id: string, value: Json): void {
    const { verb, feedback, ...answer } = value as { verb: Verb; feedback: string | null; value: Json };
    const modifications = verb === "answered" ? { answer: answer.value } : undefined;
    const command = { approval_id, resolution: verb, feedback, modifications, answer_digest: "1".repeat(64) };
    const ask = this.#asks.get(approval_id);
    this.#must(PERSON, { type: "resolve_approval", ...command }, ask === undefined ? {} : { ask });
  }

  gone(): void {
    this.#held = false;
  }

  scopeBegin(frame: Extract<ChildFrame, { type: "scope_begin" }>): void {
    const { type: _type, total, ...scope } = frame;
    this.#must(this.#sandbox, { type: "begin_scope", ...scope, ...(total === undefined ? {} : { total }) });
  }
  scopeEnd(frame: Extract<ChildFrame, { type: "scope_end" }>): void {
    const { key, status, error } = frame;
    this.#must(this.#sandbox, { type: "end_scope", key, status, ...(error === undefined ? {} : { error }) });
  }
  say(item: SaidFrameItem): void {
    for (const command of sayCommands(this.#run_id, [item])) {
      const reply = this.#must(this.#sandbox, command);
      if (reply["said"] === 0) throw new Error(`"${item.scope}" says again what was said`);
    }
    this.said.push(item);
  }
  waiting(settled: number): void {
    const reply = this.#must(this.#sandbox, { type: "all_waiting", settled });
    if (reply["waiting"] === true) this.waits++;
  }
  finish(result: Extract<ChildFrame, { type: "finish" }>["result"]): void {
    const { ok } = result;
    const end = ok ? result : { ok, error: { type: result.failure.code, message: result.failure.message } };
    const reply = this.#must(this.#sandbox, { type: "finish_run", result: end });
    if (reply["ended"] !== (ok ? "completed" : "failed")) throw new Error(`the end is ${JSON.stringify(reply)}`);
  }
  stored(): JournalEntry[] {
    const all = [...this.entries.values()];
    const settled = all.filter((entry) => entry.status !== "open").sort((a, b) => a.n - b.n);
    return [...settled, ...all.filter((entry) => entry.status === "open")];
  }
}
