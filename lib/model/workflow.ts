// What the server knows of a workflow without ever loading its code: the answer to a `describe` frame, and for a workflow
// of one's own which files it was made of.
import * as z from "zod";
import { JsonObject } from "./json.ts";

/** What a workflow will be allowed to do; shown before the start. "none" is an empty list. */
export const GrantsManifest = z.strictObject({
  reads: z.array(z.string()),
  writes: z.array(z.string()),
  hosts: z.array(z.string()),
  programs: z.array(z.string()),
  secrets: z.array(z.string()),
  time_s: z.int().nullable(),
  memory_mb: z.int().nullable(),
  money_usd: z.number().nullable(),
  asks: z.array(z.string()),
});
/** What a workflow will be allowed to do. */
export type GrantsManifest = z.infer<typeof GrantsManifest>;

/** A workflow as its sandbox describes it. */
export const WorkflowDescription = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  label: z.string(),
  description: z.string(),
  version: z.int().min(1),
  /** JSON Schema of the config, `io: "input"`, strict objects. */
  config_schema: JsonObject,
  supports_resume: z.boolean(),
  supports_hitl: z.boolean(),
  takes_messages: z.boolean(),
  /** When the workflow will ask a person, one line each. */
  asks: z.array(z.string()),
  /** SHA-256 of the source it was loaded from. */
  source_digest: z.string(),
});
/** A workflow as its sandbox describes it. */
export type WorkflowDescription = z.infer<typeof WorkflowDescription>;

/** The files of a workflow of one's own, relative to its folder. */
export const OwnSource = z.strictObject({
  /** The file whose default export it is. */
  file: z.string().max(300),
  /** SHA-256 over all of them and what they stand on. */
  digest: z.string(),
  /** SHA-256 of each file that it is made of. */
  sources: z.record(z.string(), z.string()),
});
/** The files of a workflow of one's own. */
export type OwnSource = z.infer<typeof OwnSource>;

/** A workflow that can be started. */
export type DescribedWorkflow = WorkflowDescription & { readonly own?: OwnSource };

/** Why a file of the folder of own workflows is no mode. */
export const WorkflowProblem = z.strictObject({ file: z.string(), reason: z.string() });
/** Why a file of the folder of own workflows is no mode. */
export type WorkflowProblem = z.infer<typeof WorkflowProblem>;
