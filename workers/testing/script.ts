// The script of a test: what the outside answers to each leaf, by name or by function.
import type { Answer, Verb } from "../../lib/model/approval.ts";
import type { Json } from "../../lib/model/json.ts";
import type { AskArgs, BeginFrame, ExecArgs, ExecResult, ModelArgs, ModelResult } from "../../lib/protocol/sandbox.ts";
import type { FileArgs, ToolArgs } from "../../lib/protocol/sandbox.ts";
import { Failure } from "../sdk/failure.ts";
import { failureData } from "../runtime/thrown.ts";
import type { RunMessage } from "../sdk/types.ts";
import type { LeafResult } from "./journal.ts";

/** One call that the script answers. */
export interface ScriptCall<A> {
  readonly key: string;
  readonly name: string;
  readonly args: A;
  /** From 1; higher after a failed attempt. */
  readonly attempt: number;
  /** From 1: which call of this name it is. */
  readonly count: number;
}
/**
 * An answer, a list of answers for the calls of one name in turn (an answer that is a list stands in one), or a function.
 * A Failure is a failed attempt.
 */
export type Scripted<A, R> =
  | R
  | Failure
  | readonly (R | Failure)[]
  | ((call: ScriptCall<A>) => R | Failure | Promise<R | Failure>);
/** Answers by name, or one function for all. */
export type Answers<A, R> =
  | Readonly<Record<string, Scripted<A, R>>>
  | ((call: ScriptCall<A>) => R | Failure | Promise<R | Failure>);

/** A verb, `"expired"`, or an answer in full. */
export type ScriptedApproval = Verb | "expired" | { verb: Verb; value?: Json; feedback?: string; by?: string };

/** What the outside answers. */
export interface Script {
  /** A text, or parts of a result. */
  model?: Answers<ModelArgs, string | Partial<ModelResult>>;
  /** Parts of a result; the rest is that of code that printed nothing. */
  exec?: Answers<ExecArgs, Partial<ExecResult>>;
  /** Without an answer the files of the test are read and written. */
  tool?: Answers<ToolArgs, Json>;
  /** Answers at the gates of tools; without them every one is approved. */
  gate?: Answers<ToolArgs, ScriptedApproval>;
  approve?: Answers<AskArgs, ScriptedApproval>;
  /** The answer as a value, or a Failure. */
  ask?: Answers<AskArgs, Json>;
  /** Messages that lie in the mailbox; [] is the timeout. */
  message?: Answers<{ timeout_s?: number | undefined }, readonly (string | RunMessage)[]>;
}

const EXEC: ExecResult = {
  ok: true,
  ended: "exit",
  exit_code: 0,
  stdout: "",
  stderr: "",
  value: null,
  duration_ms: 0,
  files: [],
};
const MODEL = { text: "", calls: [], finish: "stop", output: null };
const USAGE = { input_tokens: 0, output_tokens: 0, cached_input_tokens: 0, cost_usd: 0, limit_tokens: null };

/** Answers the calls of one life by a script. */
export class ScriptReader {
  readonly #script: Script;
  readonly #files: Map<string, string>;
  readonly #counts = new Map<string, number>();
  constructor(script: Script, files: Map<string, string>) {
    this.#script = script;
    this.#files = files;
  }

  /** The result of one attempt of a leaf. Throws Error when the script has no answer. */
  async answer(frame: BeginFrame, attempt: number): Promise<LeafResult> {
    try {
      return { ok: true, value: JSON.parse(JSON.stringify(await this.#value(frame, attempt))) };
    } catch (thrown) {
      if (thrown instanceof Failure) return { ok: false, failure: failureData(thrown) };
      throw thrown;
    }
  }

  async #value(frame: BeginFrame, attempt: number): Promise<unknown> {
    switch (frame.kind) {
      case "model": {
        const answer = await this.#of(this.#script.model, frame, attempt);
        const parts = typeof answer === "string" ? { text: answer } : answer;
        return { ...MODEL, usage: { ...USAGE, model: "script" }, ...parts };
      }
      case "exec":
        return { ...EXEC, ...await this.#of(this.#script.exec, frame, attempt) };
      case "tool":
        return await this.#tool(frame, attempt);
      case "approve":
        return approvalOf(frame.args, await this.#of(this.#script.approve, frame, attempt));
      case "ask":
        return { verb: "answered", value: await this.#of(this.#script.ask, frame, attempt), ...ANSWERED };
      case "message":
        return (await this.#of(this.#script.message, frame, attempt)).map(messageOf);
      case "sleep":
      case "step":
        return null;
      default:
        return frame satisfies never;
    }
  }

  async #tool(frame: ToolFrame, attempt: number): Promise<unknown> {
    const args = frame.gate === undefined || this.#script.gate === undefined
      ? frame.args
      : allowedArgs(frame, await this.#of(this.#script.gate, frame, attempt));
    const scripted = this.#script.tool !== undefined || args.tool === "fetch";
    const value = scripted
      ? await this.#of(this.#script.tool, { ...frame, args }, attempt)
      : serveFiles(this.#files, args);
    const { tool: _tool, ...given } = args;
    return frame.with_args === true ? { value, args: given } : value;
  }

  async #of<A, R>(
    answers: Answers<A, R> | undefined,
    frame: BeginFrame & { args: A },
    attempt: number,
  ): Promise<R> {
    const { key, name, kind, args } = frame;
    const count = (this.#counts.get(`${kind} ${name}`) ?? 0) + 1;
    this.#counts.set(`${kind} ${name}`, count);
    const call: ScriptCall<A> = { key, name, args, attempt, count };
    const found: unknown = typeof answers === "function" ? answers : answers?.[name];
    const answer: unknown = typeof found === "function"
      ? await found(call)
      : Array.isArray(found)
      ? found[count - 1]
      : found;
    if (answer === undefined) {
      throw new Error(`The script has no answer for ${kind} "${name}" (call ${count}, key "${key}")`);
    }
    if (answer instanceof Failure) throw answer;
    // The types of Script say what an answer may be; authors' tests are checked against them.
    return answer as R;
  }
}

type ToolFrame = Extract<BeginFrame, { kind: "tool" }>;

/** The arguments that a gate lets through. Throws Failure for a no. */
function allowedArgs({ args, name }: ToolFrame, answer: ScriptedApproval): ToolArgs {
  if (answer === "expired") throw new Failure("expired", `Nobody answered "${name}" in time`);
  const { verb, value } = typeof answer === "string" ? { verb: answer } : answer;
  if (verb === "rejected") throw new Failure("rejected", `tester said no to "${name}"`, { verb });
  // What a person wrote fits the tool's schema, or the host would not have taken it.
  return verb === "modified" && typeof value === "object" ? { ...value, tool: args.tool } as ToolArgs : args;
}

const ANSWERED = { edited: false, feedback: null, by: "tester" };

function approvalOf(args: AskArgs, answer: ScriptedApproval): Answer {
  if (answer === "expired") return { verb: null, value: args.subject, edited: false, feedback: null, by: "timeout" };
  const given = typeof answer === "string" ? { verb: answer } : answer;
  const { verb, value, feedback = null, by = "tester" } = given;
  if (!args.allowed.includes(verb)) {
    throw new Error(`The script answers "${verb}", which is not offered: ${args.allowed.join(", ")}`);
  }
  return { verb, value: value ?? args.subject, edited: value !== undefined, feedback, by };
}

function messageOf(message: string | RunMessage, index: number): RunMessage {
  if (typeof message !== "string") return message;
  return { message_id: `message-${index + 1}`, content: message, by: "tester", at: "2026-01-01T00:00:00.000Z" };
}

/** The tools on the files of the test. */
export function serveFiles(files: Map<string, string>, args: FileArgs): Json {
  const size = (content: string) => new TextEncoder().encode(content).length;
  switch (args.tool) {
    case "files_list":
      return [...files].map(([path, content]) => ({ path, size_bytes: size(content) }));
    case "files_read": {
      const content = files.get(args.path);
      if (content === undefined) throw new Failure("not_found", `Cannot read "${args.path}": there is no such file`);
      const cut = args.max_bytes === undefined ? content : content.slice(0, args.max_bytes);
      return { content: cut, size_bytes: size(content), truncated: cut.length < content.length };
    }
    case "files_write":
      files.set(args.path, args.content);
      return { path: args.path, size_bytes: size(args.content) };
    default:
      return args satisfies never;
  }
}
