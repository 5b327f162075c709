// What a workflow may say: the typed surface of `ctx` (semantics: docs of the SDK).
//
// Owns types only. Four kinds of calls:
//   known   synchronous, from what is stored: no entry, no frame
//   said    not awaited, in the log exactly once
//   leaves  one entry of the journal each; awaited, acknowledged before the code after them goes on
//   scopes  no entry; their code is replayed
// Outside a step nothing but these may have an effect; what ctx throws is always a Failure.
import type { z } from "zod";
import type { Answer, ApprovalType, OnTimeout, Verb } from "../../lib/model/approval.ts";
import type { FailureData, Policy } from "../../lib/model/journal.ts";
import type { Json, JsonObject } from "../../lib/model/json.ts";
import type { ExecResult, ModelArgs, ModelResult, ToolArgs } from "../../lib/protocol/sandbox.ts";

export type { Answer, ApprovalType, ExecResult, FailureData, Json, JsonObject, OnTimeout, Policy, Verb };

/** What a leaf gives back: the stored JSON copy, in which a missing value is null. */
export type Stored<T> = T extends void | undefined ? null : T;

/** The run that executes, as far as it is the same in every replay. */
export interface RunInfo {
  readonly run_id: string;
  readonly session_id: string;
  readonly workflow: string;
}

/** A message of an earlier run of the session. */
export interface HistoryMessage {
  readonly role: string;
  readonly agent: string;
  readonly content: string;
  readonly timestamp: string;
}

/** A message that somebody sent to the run. */
export interface RunMessage {
  readonly message_id: string;
  readonly content: string;
  readonly by: string;
  readonly at: string;
}

/** The session's variables as of the start of the run, and own sets. */
export interface Memory {
  /** Value under `key`, checked by `schema`; undefined when there is none. Throws Failure `bad_memory`. */
  get<S extends z.ZodType>(schema: S, key: string): z.output<S> | undefined;
  /** Sets a variable of the session (said: in the log exactly once). */
  set(key: string, value: Json): void;
}

/** The session's folder, for a step's own code. */
export interface Files {
  /** Text of a file; at most `max_bytes` of it. */
  read(path: string, max_bytes?: number): Promise<string>;
  /** Writes a file whole. */
  write(path: string, content: string): Promise<void>;
  list(): Promise<{ path: string; size_bytes: number }[]>;
}

/** What a step's function gets. */
export interface StepContext {
  readonly files: Files;
  /** From 1; higher after a failed or an interrupted attempt. */
  readonly attempt: number;
  /** Idempotency key for the outside world: the same for every attempt. */
  readonly key: string;
  /** Aborts at the step's timeout, and when its branch is dropped or the run is cancelled. */
  readonly signal: AbortSignal;
}

/** A call of a model. `output` is the schema that its answer must satisfy. */
export interface ModelCall<S extends z.ZodType> extends Omit<ModelArgs, "output">, Policy {
  output?: S;
}
/** A model's answer. `output` is null without a schema. */
export interface ModelTurn<T> extends Omit<ModelResult, "output"> {
  output: T;
}

/** Code for the exec sandbox, with files that are written before it starts. */
export interface ExecCode extends Policy {
  code: string;
  language?: "ts" | "js";
  /** Name shown as the source of its output. */
  label?: string;
  files?: Record<string, string>;
}
/** A module beside the workflow: its default export gets `input` and returns `value`. */
export interface ExecModule extends Policy {
  module: URL;
  input?: Json;
  label?: string;
}

/** Names of the host's tools. */
export type ToolName = ToolArgs["tool"];
/** Arguments of one tool. */
export type ToolInput<N extends ToolName> = Omit<Extract<ToolArgs, { tool: N }>, "tool">;
/** What the tools answer. */
export interface ToolResults {
  files_list: { path: string; size_bytes: number }[];
  files_read: { content: string; size_bytes: number; truncated: boolean };
  files_write: { path: string; size_bytes: number };
  /** `body` is the text of an answer of at most 200,000 bytes; else it lies in `file` of the session's folder. */
  fetch: {
    status: number;
    /** Where the answer came from, after redirects. */
    url: string;
    headers: Record<string, string>;
    media_type: string;
    size_bytes: number;
    body: string | null;
    file: string | null;
  };
}
/** A question in front of a tool; a yes is used up by the begin of the leaf, a no throws Failure `rejected`. */
export interface Gate {
  /** What people read; made of the call when left out. */
  title?: string;
  description?: string;
  timeout_s?: number;
  on_timeout?: OnTimeout;
}
/** How a tool is called. */
export interface ToolOptions extends Policy {
  /** Asks a person before it begins; who answers may change the arguments. */
  gate?: true | Gate;
}
/** What a tool gave back, and the arguments that it was called with: those given, or what a person made of them. */
export interface ToolCall {
  value: Json;
  args: JsonObject;
}

/** A question that a person answers with a verb. Without `allowed` only `approved` lets the code go on. */
export interface ApproveCall<T, V extends Verb> {
  type: ApprovalType;
  title: string;
  description?: string;
  /** What is approved: a plan, a step, arguments. */
  subject: T;
  /** Schema of the subject: the person may change it. */
  edit?: z.ZodType<T>;
  /** Verbs that come back; any other answer throws Failure `rejected`, none in time `expired`. */
  allowed?: readonly V[];
  timeout_s?: number;
  on_timeout?: OnTimeout;
  estimate?: { cost_usd: number };
}
/** The answer to `approve`. `value` is the subject, or what the person made of it. */
export interface Approval<T, V extends Verb> {
  verb: V;
  value: T;
  edited: boolean;
  feedback: string | null;
  by: string;
}

/** A question that a person answers with a value. */
export interface AskCall<S extends z.ZodType> {
  question: string;
  description?: string;
  answer: S;
  timeout_s?: number;
  on_timeout?: OnTimeout;
}
/** A question that was asked and may be answered by now. */
export interface Opened<T> {
  /** Key of the entry: the approval's step_id. */
  readonly id: string;
  /** Path of the page where a person can answer. */
  readonly url: string;
  /** Keeps the type of the answer; never there. */
  readonly answer_type?: T;
}

/** What a branch came to under `errors: "collect"`. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; failure: Failed };
/** A Failure as a value. */
export interface Failed extends Error {
  readonly code: string;
  readonly data: Json | undefined;
}

/** How branches run. */
export interface BranchOptions {
  /** What people see; default the id. */
  title?: string;
  /** Branches at once; default 16. */
  limit?: number;
  /** "stop" (default): the first failure drops the others and throws. "collect": each ends as value or failure. */
  errors?: "stop" | "collect";
}
/** How the branches of a map run. */
export interface MapOptions<I> extends BranchOptions {
  /** Name of an item's branch, stable over replays: not its index where items may move. */
  key: (item: I, index: number) => string;
}

/** What `emit` may say, by event type. */
export interface Said {
  phase_change: { phase: string; step?: string | null };
  plan_updated: { plan: Json; revision?: number; by?: string };
  agent_message: { agent: string; message: string; role?: string };
  agent_thinking: { agent: string; message: string; role?: string };
  warning: { code: string; message: string };
}

/** Everything that a workflow may say. One object for the whole run: a branch is known by its async context. */
export interface Ctx<C = unknown> {
  // known
  readonly config: C;
  readonly task: string;
  readonly run: RunInfo;
  /** Version of the workflow with which this run began. */
  readonly version: number;
  readonly history: readonly HistoryMessage[];
  readonly memory: Memory;
  /** Milliseconds since the epoch: the time of this scope's last entry. */
  now(): number;
  /** From 0 to below 1, the same in every replay. */
  random(): number;
  uuid(): string;

  // said
  emit<E extends keyof Said>(event: E, data: Said[E]): void;
  skip(id: string, title: string, reason?: string | null): void;

  // leaves
  /** Runs own code once. Its result must be JSON and at most 1 MB. */
  step<T>(name: string, fn: (step: StepContext) => T | Promise<T>, policy?: Policy): Promise<Stored<T>>;
  model<S extends z.ZodType = z.ZodNull>(name: string, call: ModelCall<S>): Promise<ModelTurn<z.output<S>>>;
  /** Runs code in the exec sandbox. Returns what it did and does not throw for it. */
  exec(name: string, call: ExecCode | ExecModule): Promise<ExecResult>;
  tool<N extends ToolName>(tool: N, args: ToolInput<N>, options?: ToolOptions): Promise<ToolResults[N]>;
  /** A tool by a name that a model chose. Throws Failure `bad_args` where there is no such tool, or the arguments do not fit. */
  callTool(tool: string, args: JsonObject, options?: ToolOptions): Promise<ToolCall>;

  // waits
  approve<T, V extends Verb = "approved">(name: string, call: ApproveCall<T, V>): Promise<Approval<T, V>>;
  ask<S extends z.ZodType>(name: string, call: AskCall<S>): Promise<z.output<S>>;
  /** Asks without waiting: the link can go out before `answer` waits. */
  open<S extends z.ZodType>(name: string, call: AskCall<S>): Opened<z.output<S>>;
  answer<T>(opened: Opened<T>): Promise<T>;
  /** All messages that are queued, at least one; [] at the timeout; a timeout of 0 looks and never waits. */
  waitForMessage(name: string, options?: { timeout_s?: number }): Promise<RunMessage[]>;
  sleep(name: string, until: number | Date): Promise<void>;

  // scopes
  /** The step that people see; the same id again is its next attempt. */
  group<T>(id: string, title: string, fn: () => T | Promise<T>): Promise<T>;
  map<I, T>(
    id: string,
    items: readonly I[],
    options: MapOptions<I> & { errors: "collect" },
    fn: (item: I, index: number) => T | Promise<T>,
  ): Promise<Outcome<T>[]>;
  map<I, T>(
    id: string,
    items: readonly I[],
    options: MapOptions<I> & { errors?: "stop" },
    fn: (item: I, index: number) => T | Promise<T>,
  ): Promise<T[]>;
  all<B extends Branches>(
    id: string,
    branches: B,
    options: BranchOptions & { errors: "collect" },
  ): Promise<{ [K in keyof B]: Outcome<Awaited<ReturnType<B[K]>>> }>;
  all<B extends Branches>(
    id: string,
    branches: B,
    options?: BranchOptions & { errors?: "stop" },
  ): Promise<{ [K in keyof B]: Awaited<ReturnType<B[K]>> }>;
}
/** Branches by name. */
export type Branches = Record<string, () => unknown>;

/** What `defineWorkflow` takes. */
export interface WorkflowDefinition<S extends z.ZodObject> {
  /** a-z, 0-9 and -, at most 64 characters. */
  id: string;
  label?: string;
  description?: string;
  /** From 1. A higher one says that changed code still fits the journals of older runs. */
  version?: number;
  /** Strict object. */
  config: S;
  /** Whether people may send messages to a run. */
  messages?: boolean;
  /** When it will ask a person, one line each. */
  asks?: readonly string[];
  run(ctx: Ctx<z.output<S>>): unknown;
}
/** A workflow, with every default filled in. */
export interface Workflow {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly version: number;
  readonly config: z.ZodObject;
  readonly messages: boolean;
  readonly asks: readonly string[];
  /** Method syntax: a list holds workflows of different configs. */
  run(ctx: Ctx<never>): unknown;
}
