// What agents answer: one schema for every model, the built-in runbook model too.
//
// An engineer's or researcher's turn says something and does one thing: run code, ask for a yes, ask a question, or be
// done. A reviewer's answer is a verdict on a plan; a report is made of step results. The descriptions are part of the contract: a model reads them.
// Leaves to workers/agents: what each act leads to; to lib/llm: how a model is made to answer so.
import * as z from "zod";
import { JsonObject } from "./json.ts";
import { PlanStep } from "./plan.ts";

/** Name of the built-in model: it follows the task as it is written and mends nothing. */
export const RUNBOOK_MODEL = "runbook";

/** Code to run in the session's folder. */
export const CodeAct = z.strictObject({
  kind: z.literal("code"),
  code: z.string().max(900_000).describe("A whole program. Empty when only files are to be written."),
  language: z.enum(["ts", "js"]).default("ts"),
  title: z.string().max(200).optional().describe("What this code does, in a few words"),
  files: z.record(z.string().max(200), z.string()).optional()
    .describe("Files to write before the code starts: path inside the folder -> text"),
  as_written: z.strictObject({
    attempts: z.int().min(1).max(100),
    timeout_s: z.number().positive().max(86_400).optional(),
  }).optional().describe(
    "Only for code that the author of the task wrote and that must not be changed: it is repeated as it is, and its failure is the step's failure. Leave it out for code of your own.",
  ),
});
/** Code to run in the session's folder. */
export type CodeAct = z.infer<typeof CodeAct>;

/** One thing that an agent wants done. */
export const Act = z.discriminatedUnion("kind", [
  CodeAct,
  z.strictObject({
    kind: z.literal("approve"),
    why: z.string().max(2000).describe("What a person must agree to before you go on, and why"),
  }),
  z.strictObject({
    kind: z.literal("ask"),
    question: z.string().min(1).max(2000).describe("A question that only a person can answer"),
  }),
  z.strictObject({
    kind: z.literal("done"),
    summary: z.string().max(50_000).describe("What was done and found, with the figures, in Markdown"),
    more: z.boolean().optional().describe("true when a further part of the task remains to be done"),
  }),
]);
/** One thing that an agent wants done. */
export type Act = z.infer<typeof Act>;

/** One turn of an engineer or researcher. */
export const Turn = z.strictObject({
  say: z.string().max(50_000).default("").describe(
    "What you think and do, for the people who watch; one to three sentences",
  ),
  step: z.strictObject({ id: PlanStep.shape.id, title: PlanStep.shape.title }).optional()
    .describe("The part of the task that this turn belongs to; a new id when you go on to the next part"),
  act: Act,
});
/** One turn of an engineer or researcher. */
export type Turn = z.infer<typeof Turn>;

/** A reviewer's verdict on a plan. */
export const Review = z.strictObject({
  verdict: z.enum(["nothing_to_add", "change"]),
  remarks: z.string().max(20_000).default("").describe("What to change and why; empty when there is nothing to add"),
});
/** A reviewer's verdict on a plan. */
export type Review = z.infer<typeof Review>;

/** What became of one step, for the report and for the steps after it. */
export const StepResult = z.strictObject({
  id: z.string(),
  title: z.string(),
  status: z.enum(["done", "skipped", "failed"]),
  /** What the agent said about it, in Markdown. */
  summary: z.string(),
  /** The end of what its code printed. */
  printed: z.string(),
  /** Files that it made or changed. */
  files: z.array(z.string()),
});
/** What became of one step. */
export type StepResult = z.infer<typeof StepResult>;

/** Gives the JSON Schema of what a model must answer: defaults may be left out. */
export function outputSchema(schema: z.ZodType): JsonObject {
  return JsonObject.parse(z.toJSONSchema(schema, { io: "input" }));
}
