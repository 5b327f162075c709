// Host <-> workflow sandbox: frames as lines of JSON over stdin and stdout, version 1.
//
// A line from the sandbox is a frame only when it begins with \x1e and the nonce of its start; everything else is
// output. Owns the shapes; leaves to lib/sandbox/channel.ts and workers/channel.ts how lines are read and written.
//   P1. Frames carry only what principal `run` may do; the host parses, counts and limits them.
//   P2. Entries are pushed to the sandbox; it never asks for one.
//   P3. After `end` or `begin` the sandbox waits for `settle` (or `began`): nothing rests on what is not committed.
import * as z from "zod";
import { ApprovalType, OnTimeout, Verb } from "../model/approval.ts";
import { FailureData, JournalEntry, LeafKind, Place, Policy, ScopeRow } from "../model/journal.ts";
import { listOf, tableOf } from "../model/list.ts";
import { Json, JsonObject } from "../model/json.ts";
import { OwnSource, WorkflowDescription } from "../model/workflow.ts";

/** Longest line in either direction, bytes; longer ones end the sandbox. */
export const MAX_FRAME_BYTES = 2_000_000;
/** Most said lines of one frame. */
export const MAX_SAID_ITEMS = 5_000;
/** Version of this protocol. */
export const SANDBOX_PROTOCOL = 1;

const Message = z.strictObject({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: z.string(),
});
/** One message of a conversation with a model. */
export type Message = z.infer<typeof Message>;

/** What a model is asked. `brief` is what the built-in runbook model reads; a real model reads `messages`. */
export const ModelArgs = z.strictObject({
  agent: z.string().max(100),
  messages: listOf(Message, { max: 2000 }),
  model: z.string().max(200).optional(),
  /** JSON Schema that the answer must satisfy. */
  output: JsonObject.optional(),
  tools: listOf(z.strictObject({ name: z.string(), description: z.string(), input_schema: JsonObject }), { max: 500 })
    .optional(),
  /** Whether the turn is streamed to the log; default true without `output`. */
  show: z.boolean().optional(),
  brief: z.strictObject({
    task: z.string(),
    step_id: z.string().optional(),
    /** Turns that this agent has had in this step. */
    turn: z.int().nonnegative(),
    /** Attempt of the step, from 1. */
    attempt: z.int().min(1),
    /** Answers to `> ask:` so far, by question. */
    answers: JsonObject.optional(),
    /** What the steps so far printed and wrote, for a report. */
    results: z.array(Json).optional(),
    plan: Json.optional(),
  }).optional(),
});
/** What a model is asked. */
export type ModelArgs = z.infer<typeof ModelArgs>;

/** A model's answer. */
export const ModelResult = z.strictObject({
  text: z.string(),
  calls: z.array(z.strictObject({ id: z.string(), name: z.string(), args: Json })),
  finish: z.string(),
  output: Json,
  usage: z.strictObject({
    input_tokens: z.int(),
    output_tokens: z.int(),
    cached_input_tokens: z.int(),
    cost_usd: z.number(),
    limit_tokens: z.int().nullable(),
    model: z.string(),
    /** What is not known about these numbers: no price, or tokens that the service does not count. */
    note: z.string().optional(),
  }),
});
/** A model's answer. */
export type ModelResult = z.infer<typeof ModelResult>;

/** What an exec runs: code of a block, or a mode's own bundled module with an input. */
export const ExecArgs = z.strictObject({
  code: z.string().max(1_000_000).optional(),
  language: z.enum(["ts", "js"]).optional(),
  /** Name shown as the source of its output. */
  label: z.string().max(200).optional(),
  /** Files to write before it starts (inputs of a runbook, answers.json), path inside the folder -> text. */
  files: tableOf(z.string(), { max: 1000 }).optional(),
  module: z.string().optional(),
  input: Json.optional(),
});
/** What an exec runs. */
export type ExecArgs = z.infer<typeof ExecArgs>;

/** How an exec ended. */
export const ExecEnd = z.enum(["exit", "timeout", "memory", "output", "disk", "denied"]);
/** What an exec did. It never throws for what its code did. */
export const ExecResult = z.strictObject({
  ok: z.boolean(),
  ended: ExecEnd,
  exit_code: z.int(),
  /** Last 32 KB of each stream. */
  stdout: z.string(),
  stderr: z.string(),
  value: Json,
  duration_ms: z.number(),
  /** Paths that it made or changed: the first 200, at most 20,000 characters. */
  files: z.array(z.string()),
  message: z.string().optional(),
});
/** What an exec did. */
export type ExecResult = z.infer<typeof ExecResult>;

/** Tools on the session's folder: for leaves, and for the own code of steps. */
export const FileArgs = z.discriminatedUnion("tool", [
  z.strictObject({ tool: z.literal("files_list") }),
  z.strictObject({ tool: z.literal("files_read"), path: z.string(), max_bytes: z.int().optional() }),
  z.strictObject({ tool: z.literal("files_write"), path: z.string(), content: z.string() }),
]);
/** Tools on the session's folder. */
export type FileArgs = z.infer<typeof FileArgs>;
/** Tools of the host. */
export const ToolArgs = z.discriminatedUnion("tool", [
  ...FileArgs.options,
  z.strictObject({
    tool: z.literal("fetch"),
    url: z.string().max(8000),
    method: z.enum(["GET", "POST"]).optional(),
    headers: tableOf(z.string().max(8000), { max: 50 }).optional(),
    body: z.string().max(1_000_000).optional(),
    /** The file in the session's folder that takes the answer's body. */
    save_as: z.string().max(1000).optional(),
  }),
]);
/** Tools of the host. */
export type ToolArgs = z.infer<typeof ToolArgs>;

/** A question in front of a tool: what the host asks before it begins. */
export const GateArgs = z.strictObject({
  title: z.string().max(300).optional(),
  description: z.string().max(20_000).optional(),
  timeout_s: z.number().positive().optional(),
  on_timeout: OnTimeout.optional(),
});
/** A question in front of a tool. */
export type GateArgs = z.infer<typeof GateArgs>;

/** What an approve or ask asks. */
export const AskArgs = z.strictObject({
  type: ApprovalType,
  action: z.string().max(300),
  description: z.string().max(20_000),
  subject: Json,
  allowed: listOf(Verb, { min: 1, max: 20 }),
  modifications_schema: JsonObject.optional(),
  timeout_s: z.number().positive().optional(),
  on_timeout: OnTimeout,
  estimate: z.strictObject({ cost_usd: z.number() }).optional(),
});
/** What an approve or ask asks. */
export type AskArgs = z.infer<typeof AskArgs>;

/** Key of a leaf or scope. */
const Key = z.string().max(2000);
const beginBase = {
  type: z.literal("begin"),
  key: Key,
  scope: Key,
  name: z.string().max(200),
  pos: z.int().nonnegative(),
  digest: z.string().max(200),
  policy: Policy,
} as const;
/** A leaf begins; `args` depend on its kind. */
export const BeginFrame = z.discriminatedUnion("kind", [
  z.strictObject({ ...beginBase, kind: z.literal("step") }),
  z.strictObject({ ...beginBase, kind: z.literal("model"), args: ModelArgs }),
  z.strictObject({ ...beginBase, kind: z.literal("exec"), args: ExecArgs }),
  z.strictObject({
    ...beginBase,
    kind: z.literal("tool"),
    args: ToolArgs,
    gate: GateArgs.optional(),
    /** The result is `{value, args}`: a person may have changed the arguments. */
    with_args: z.literal(true).optional(),
  }),
  z.strictObject({ ...beginBase, kind: z.literal("approve"), args: AskArgs }),
  z.strictObject({ ...beginBase, kind: z.literal("ask"), args: AskArgs }),
  z.strictObject({
    ...beginBase,
    kind: z.literal("message"),
    args: z.strictObject({ timeout_s: z.number().min(0).optional() }),
  }),
  z.strictObject({ ...beginBase, kind: z.literal("sleep"), args: z.strictObject({ until_ms: z.number() }) }),
]);
/** A leaf begins. */
export type BeginFrame = z.infer<typeof BeginFrame>;

const SaidFrameItem = z.strictObject({
  scope: Key,
  place: Place,
  say: z.discriminatedUnion("what", [
    z.strictObject({ what: z.literal("event"), event_type: z.string(), data: JsonObject }),
    z.strictObject({ what: z.literal("print"), stream: z.enum(["print", "stderr"]), message: z.string() }),
    z.strictObject({ what: z.literal("memory"), key: z.string().min(1).max(200), value: Json }),
    z.strictObject({ what: z.literal("skip"), id: z.string(), title: z.string(), reason: z.string() }),
  ]),
});
/** One thing said, as the sandbox sends it. Events: phase_change, plan_updated, agent_message, agent_thinking, warning. */
export type SaidFrameItem = z.infer<typeof SaidFrameItem>;

/** Frames from the sandbox to the host. */
export const ChildFrame = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("ready"), protocol: z.int() }),
  z.strictObject({
    type: z.literal("described"),
    workflows: listOf(WorkflowDescription, { max: 1000 }),
    /** Why the file that was asked for is no workflow. */
    problem: z.string().max(20_000).optional(),
  }),
  /** The config as the workflow's schema made it, said at the first start: every later one gets it as it is. */
  z.strictObject({ type: z.literal("config"), config: JsonObject }),
  BeginFrame,
  z.strictObject({
    type: z.literal("end"),
    key: Key,
    result: z.union([
      z.strictObject({ ok: z.literal(true), value: Json }),
      z.strictObject({ ok: z.literal(false), failure: FailureData }),
    ]),
  }),
  z.strictObject({
    type: z.literal("scope_begin"),
    key: Key,
    parent: Key,
    pos: z.int().nonnegative(),
    kind: z.enum(["group", "map", "all", "branch"]),
    id: z.string().max(200),
    title: z.string().max(500),
    step_id: Key,
    attempt: z.int().min(1),
    total: z.int().optional(),
  }),
  z.strictObject({
    type: z.literal("scope_end"),
    key: Key,
    status: z.enum(["done", "failed", "dropped"]),
    error: z.string().optional(),
    /** Nothing of it ran: every leaf in it was taken over from the run that this one repeats. */
    reused: z.literal(true).optional(),
    /** Leaves still open in a dropped branch: cancelled. */
    dropped: listOf(z.string(), { max: 10_000 }).optional(),
  }),
  z.strictObject({ type: z.literal("said"), items: listOf(SaidFrameItem, { min: 1, max: MAX_SAID_ITEMS }) }),
  /** A step's own access to the session's files; answered by `files_reply`. */
  z.strictObject({ type: z.literal("files"), key: Key, op: z.int(), args: FileArgs }),
  /** Every branch stands in a wait; `settled` is the n of the last entry that was settled here. */
  z.strictObject({ type: z.literal("waiting"), settled: z.int().nonnegative() }),
  z.strictObject({
    type: z.literal("finish"),
    result: z.union([
      z.strictObject({ ok: z.literal(true), value: Json }),
      z.strictObject({ ok: z.literal(false), failure: FailureData, traceback: z.string().optional() }),
    ]),
  }),
  /** The code did not call what the journal holds (`nondeterministic`), or two open calls in one scope (`concurrent_step`). */
  z.strictObject({
    type: z.literal("mismatch"),
    code: z.enum(["nondeterministic", "concurrent_step"]),
    message: z.string(),
  }),
]);
/** A frame from the sandbox to the host. */
export type ChildFrame = z.infer<typeof ChildFrame>;

/** Exit code of a sandbox whose workflow's files were saved while it loaded them. */
export const EXIT_SOURCE_MOVED = 75;

/** What a run starts with. */
export const RunStart = z.strictObject({
  run_id: z.string(),
  session_id: z.string(),
  workflow: z.string(),
  /** Its files, when it is no built-in one: loaded before its code begins. */
  own: OwnSource.optional(),
  task: z.string(),
  config: JsonObject,
  /** The config is what the workflow's schema made at the first start; absent there. */
  parsed: z.literal(true).optional(),
  /** Version this run began with; absent at its first start. */
  version: z.int().optional(),
  /** Source digest this run began with; absent at its first start. */
  source_digest: z.string().optional(),
  attempt: z.int().min(1),
  /** Milliseconds since the epoch when the run was created: what ctx.now() says before the first entry. */
  created_ms: z.number(),
  /** A retry: the run whose random numbers are its own, and the n of the last entry that it took over. */
  kept: z.strictObject({ run_id: z.string(), last: z.int() }).optional(),
  history: z.array(z.strictObject({ role: z.string(), agent: z.string(), content: z.string(), timestamp: z.string() })),
  memory: JsonObject,
});
/** What a run starts with. */
export type RunStart = z.infer<typeof RunStart>;

/** Frames from the host to the sandbox. The first line is `hello`. */
export const HostFrame = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("hello"),
    protocol: z.int(),
    nonce: z.string().min(16),
    /** Parent that the sandbox must see, else it exits; 0: not checked. */
    parent_pid: z.int(),
    /** SHA-256 of the source of the built-in modes: a sandbox without rights cannot read its own files. */
    source_digest: z.string().optional(),
    /** Folder of own workflows, the only one that the sandbox may read. */
    workflows: z.string().optional(),
  }),
  /** With a file: only the workflow of this file. */
  z.strictObject({ type: z.literal("describe"), file: z.string().optional() }),
  z.strictObject({ type: z.literal("start"), run: RunStart, scopes: z.array(ScopeRow) }),
  /** Stored entries in order of n, open ones last; `last` ends the list and lets the code begin. Blobs are resolved. */
  z.strictObject({ type: z.literal("entries"), entries: z.array(JournalEntry), last: z.boolean() }),
  z.strictObject({ type: z.literal("began"), key: z.string(), attempt: z.int().min(1), at_ms: z.number() }),
  /** The leaf stands in front of a question: a wait like others. `began` or `settle` comes after the answer. */
  z.strictObject({ type: z.literal("gated"), key: z.string() }),
  z.strictObject({ type: z.literal("settle"), entry: JournalEntry }),
  z.strictObject({
    type: z.literal("files_reply"),
    key: z.string(),
    op: z.int(),
    result: z.union([
      z.strictObject({ ok: z.literal(true), value: Json }),
      z.strictObject({ ok: z.literal(false), failure: FailureData }),
    ]),
  }),
  z.strictObject({ type: z.literal("cancel") }),
]);
/** A frame from the host to the sandbox. */
export type HostFrame = z.infer<typeof HostFrame>;
/** Kinds of leaves, for readers of frames. */
export { LeafKind };
