// What the modes are tested against: the real runbook model, or a model that a test scripts; code that a test answers.
import type { ExecArgs, ExecResult, ModelArgs, ModelResult } from "@/lib/protocol/sandbox.ts";
import { FailureError } from "@/lib/llm/failure.ts";
import { createRunbookModel } from "@/lib/llm/runbook/model.ts";
import type { JsonObject } from "@/lib/model/json.ts";
import {
  Failure,
  type Script,
  testWorkflow,
  type WorkflowTest,
  type WorkflowTestResult,
} from "@/workers/testing/mod.ts";
import type { Workflow } from "@/workers/sdk/mod.ts";

/** A model's turn by agent and by how many it has had. */
export type Brain = (args: ModelArgs, count: number) => JsonObject | string | Failure;
/** What a program does. */
export type Program = (args: ExecArgs, count: number) => Partial<ExecResult> | Failure;

/** What happened in a test, in its order. */
export interface Seen {
  models: ModelArgs[];
  execs: ExecArgs[];
  /** Titles of the questions, in order. */
  asked: string[];
}
/** How a mode is run. */
export interface Outside extends Omit<WorkflowTest, "script"> {
  /** Without one the runbook model answers. */
  brain?: Brain;
  program?: Program;
  approve?: Script["approve"];
  ask?: Script["ask"];
}

const runbook = createRunbookModel();
const SILENT = { delta() {}, retry() {} };

async function runbookTurn(args: ModelArgs): Promise<ModelResult> {
  try {
    return await runbook.turn(args, SILENT, new AbortController().signal);
  } catch (error) {
    if (error instanceof FailureError) throw new Failure(error.code, error.message);
    throw error;
  }
}

/** Runs a mode and replays it after each entry. */
export async function runMode(workflow: Workflow, outside: Outside): Promise<WorkflowTestResult & { seen: Seen }> {
  const { brain, program = () => ({}), approve = {}, ask = {}, ...test } = outside;
  const seen: Seen = { models: [], execs: [], asked: [] };
  const counts = new Map<string, number>();
  const script: Script = {
    model: ({ args }) => {
      seen.models.push(args);
      if (brain === undefined) return runbookTurn(args);
      const count = (counts.get(args.agent) ?? 0) + 1;
      counts.set(args.agent, count);
      const answer = brain(args, count);
      if (answer instanceof Failure || typeof answer === "string") return answer;
      return { output: answer, text: JSON.stringify(answer) };
    },
    exec: ({ args }) => {
      seen.execs.push(args);
      return program(args, seen.execs.length);
    },
    approve: (call) => {
      seen.asked.push(call.args.action);
      const found = typeof approve === "function" ? approve : approve[call.name];
      const answer = typeof found === "function" ? found(call) : Array.isArray(found) ? found[call.count - 1] : found;
      return answer ?? new Failure("unanswered", `nobody answers "${call.name}"`);
    },
    ask: (call) => {
      seen.asked.push(call.args.action);
      const found = typeof ask === "function" ? ask : ask[call.name];
      return typeof found === "function" ? found(call) : Array.isArray(found) ? found[call.count - 1] : found ?? "yes";
    },
  };
  return { ...await testWorkflow(workflow, { ...test, script }), seen };
}

/** A program of a runbook: what it prints, or that it fails. */
export const printed = (stdout: string, files: string[] = []): Partial<ExecResult> => ({ stdout, files });
/** A program that failed. */
export const failed = (stderr: string): Partial<ExecResult> => ({ ok: false, exit_code: 1, stderr });
/** What agents said, as "agent: message". */
export const said = (run: WorkflowTestResult) => run.events("agent_message").map((e) => `${e.agent}: ${e.message}`);
/** A fenced block. */
export const block = (code: string, info = "ts") => `${"```"}${info}\n${code}\n${"```"}\n`;
