// Leaves that the host carries out: model turns, code, tools, messages, sleep.
import type { z } from "zod";
import type { OnTimeout } from "../../lib/model/approval.ts";
import type { Json, JsonObject } from "../../lib/model/json.ts";
import type { ExecArgs, ExecResult, GateArgs, ModelArgs, ModelResult, ToolArgs } from "../../lib/protocol/sandbox.ts";
import { Failure } from "../sdk/failure.ts";
import type {
  ExecCode,
  ExecModule,
  Gate,
  ModelCall,
  ModelTurn,
  RunMessage,
  ToolCall,
  ToolInput,
  ToolName,
  ToolOptions,
  ToolResults,
} from "../sdk/types.ts";
import { where } from "./here.ts";
import { exactCopy } from "./json.ts";
import { now } from "./known.ts";
import { callLeaf, fromHost, type LeafCall } from "./leaf.ts";
import { checkArgs, policyOf } from "./policy.ts";
import { inputSchema } from "./schema.ts";
import { checkToolArgs } from "./tool_args.ts";

const TOOLS: ReadonlySet<string> = new Set<ToolName>(["files_list", "files_read", "files_write", "fetch"]);
const ON_TIMEOUT: ReadonlySet<string> = new Set<OnTimeout>(["reject", "approve", "fail"]);

const digestible = (args: object): Json => fromHost<Json>(args);

/** ctx.model */
export async function model<S extends z.ZodType = z.ZodNull>(
  name: string,
  call: ModelCall<S>,
): Promise<ModelTurn<z.output<S>>> {
  const { output, attempts: _a, backoff_s: _b, retry_on: _r, timeout_s: _t, ...rest } = call;
  const schema = output === undefined ? {} : { output: inputSchema(output, name) };
  const args = exactCopy<ModelArgs>({ ...rest, ...schema }, `the arguments of model "${name}"`);
  checkArgs(typeof args.agent === "string" && args.agent.length <= 100, name, "agent has at most 100 characters");
  checkArgs(Array.isArray(args.messages) && args.messages.length <= 2000, name, "messages are at most 2000");
  const result = fromHost<ModelResult>(
    await callLeaf({
      kind: "model",
      name,
      digest: digestible(args),
      policy: policyOf(call),
      begin: (base) => ({ ...base, kind: "model", args }),
    }),
  );
  if (output === undefined) return { ...result, output: fromHost<z.output<S>>(null) };
  const parsed = output.safeParse(result.output);
  if (!parsed.success) {
    throw new Failure("bad_output", `The answer of model "${name}" does not fit: ${parsed.error.message}`);
  }
  return { ...result, output: parsed.data };
}

/** ctx.exec */
export async function exec(name: string, call: ExecCode | ExecModule): Promise<ExecResult> {
  const args = exactCopy<ExecArgs>(execArgs(call), `the arguments of exec "${name}"`);
  checkArgs((args.code === undefined) !== (args.module === undefined), name, "exec takes either code or module");
  checkArgs((args.code ?? "").length <= 1_000_000, name, "code has at most 1000000 characters");
  checkArgs((args.label ?? "").length <= 200, name, "label has at most 200 characters");
  return fromHost<ExecResult>(
    await callLeaf({
      kind: "exec",
      name,
      digest: digestible(args.module === undefined ? args : { ...args, module: placed(args.module) }),
      policy: policyOf(call),
      begin: (base) => ({ ...base, kind: "exec", args }),
    }),
  );
}

function execArgs(call: ExecCode | ExecModule): ExecArgs {
  const { attempts: _a, backoff_s: _b, retry_on: _r, timeout_s: _t, ...rest } = call;
  return "module" in rest ? { ...rest, module: rest.module.href } : rest;
}

/** A module's place below its folder: where that lies on this machine is no argument. */
function placed(module: string): string {
  const folder = where()?.run.folder ?? null;
  return folder !== null && module.startsWith(`${folder}/`) ? module.slice(folder.length + 1) : module;
}

/** ctx.tool */
export async function tool<N extends ToolName>(
  name: N,
  input: ToolInput<N>,
  options: ToolOptions = {},
): Promise<ToolResults[N]> {
  return fromHost<ToolResults[N]>(await callLeaf(toolCall(name, input, options)));
}

/** ctx.callTool */
export async function callTool(name: string, input: JsonObject, options: ToolOptions = {}): Promise<ToolCall> {
  checkArgs(
    typeof name === "string" && /^[\w.-]{1,100}$/.test(name),
    "callTool",
    "the name of a tool is 1 to 100 characters",
  );
  return fromHost<ToolCall>(await callLeaf(toolCall(name, input, { ...options, with_args: true })));
}

function toolCall(name: string, input: object, how: ToolOptions & { with_args?: true }): LeafCall {
  const { gate, with_args, ...policy } = how;
  checkArgs(TOOLS.has(name), name, `there is no such tool; there are ${[...TOOLS].join(", ")}`);
  checkArgs(input !== null && typeof input === "object" && !Array.isArray(input), name, "arguments are an object");
  checkToolArgs(name, input);
  const args = fromHost<ToolArgs>(exactCopy({ ...input, tool: name }, `the arguments of tool "${name}"`));
  const asked = gate === undefined ? {} : { gate: gateArgs(name, gate) };
  const with_them = with_args === undefined ? {} : { with_args };
  return {
    kind: "tool",
    name,
    digest: digestible(args),
    policy: policyOf(policy),
    begin: (base) => ({ ...base, kind: "tool", args, ...asked, ...with_them }),
  };
}

function gateArgs(name: string, gate: true | Gate): GateArgs {
  if (gate === true) return {};
  const { title, description, timeout_s, on_timeout } = gate;
  checkArgs((title ?? "").length <= 300, name, "the gate's title has at most 300 characters");
  checkArgs((description ?? "").length <= 20_000, name, "the gate's description has at most 20000 characters");
  checkArgs(timeout_s === undefined || timeout_s > 0, name, "the gate's timeout_s is above 0");
  checkArgs(on_timeout === undefined || ON_TIMEOUT.has(on_timeout), name, "on_timeout is reject, approve or fail");
  return exactCopy<GateArgs>({
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(timeout_s === undefined ? {} : { timeout_s }),
    ...(on_timeout === undefined ? {} : { on_timeout }),
  }, `the gate of tool "${name}"`);
}

/** ctx.waitForMessage */
export async function waitForMessage(name: string, options: { timeout_s?: number } = {}): Promise<RunMessage[]> {
  const { timeout_s } = options;
  checkArgs(timeout_s === undefined || timeout_s >= 0, name, "timeout_s is 0 or more seconds");
  const takes = where()?.run.workflow.messages ?? true;
  checkArgs(takes, name, "nobody can send this workflow a message: define it with `messages: true`");
  const args = timeout_s === undefined ? {} : { timeout_s };
  const result = await callLeaf({
    kind: "message",
    name,
    digest: args,
    policy: {},
    begin: (base) => ({ ...base, kind: "message", args }),
  });
  return fromHost<RunMessage[]>(result);
}

/** ctx.sleep */
export async function sleep(name: string, until: number | Date): Promise<void> {
  const until_ms = typeof until === "number" ? now() + until * 1000 : Number(until);
  checkArgs(Number.isFinite(until_ms) && Math.abs(until_ms) <= 8.64e15, name, "it sleeps for seconds or until a Date");
  await callLeaf({
    kind: "sleep",
    name,
    digest: { until_ms },
    policy: {},
    begin: (base) => ({ ...base, kind: "sleep", args: { until_ms } }),
  });
}
