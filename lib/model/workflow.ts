// What the server knows of a workflow without ever loading its code: the answer to a `describe` frame.
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
