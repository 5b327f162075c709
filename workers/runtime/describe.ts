// What the server knows of a workflow without loading its code.
import { z } from "zod";
import type { JsonObject } from "../../lib/model/json.ts";
import type { WorkflowDescription } from "../../lib/model/workflow.ts";
import type { Workflow } from "../sdk/types.ts";
import { sha256 } from "./sha256.ts";

/** Describes a workflow. */
export function describe(workflow: Workflow, source_digest: string | null): WorkflowDescription {
  const { id, label, description, version, config, messages, asks } = workflow;
  return {
    id,
    label,
    description,
    version,
    config_schema: JSON.parse(JSON.stringify(z.toJSONSchema(config, { io: "input" }))) as JsonObject,
    supports_resume: true,
    supports_hitl: asks.length > 0,
    takes_messages: messages,
    asks: [...asks],
    source_digest: source_digest ?? digestOfSource(workflow),
  };
}

/** Digest of what can be seen of a workflow from inside: its own function and its config. */
export function digestOfSource(workflow: Workflow): string {
  const { id, version, config, run } = workflow;
  return sha256(JSON.stringify([id, version, z.toJSONSchema(config, { io: "input" }), String(run)]));
}
