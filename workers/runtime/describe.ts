// What the server knows of a workflow without loading its code.
import { z } from "zod";
import type { JsonObject } from "../../lib/model/json.ts";
import type { WorkflowDescription } from "../../lib/model/workflow.ts";
import type { Workflow } from "../sdk/types.ts";
import { sha256 } from "./sha256.ts";
import { authorPlace } from "./trace.ts";

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

/** Throws TypeError when an object of a config takes keys that nobody named: a typing error would go unseen. */
export function checkStrict(schema: unknown, path = "config"): void {
  if (typeof schema !== "object" || schema === null) return;
  if ("properties" in schema && (!("additionalProperties" in schema) || schema.additionalProperties !== false)) {
    throw new TypeError(`its ${path} is no strict object: use z.strictObject`);
  }
  for (const [key, value] of Object.entries(schema)) checkStrict(value, key === "properties" ? path : `${path}.${key}`);
}

/** Why a file is no workflow, for its author: what was thrown, and where. */
export function problemOf(thrown: unknown, folder: string | null): string {
  if (!(thrown instanceof Error)) return String(thrown).slice(0, 10_000);
  const at = authorPlace(thrown.stack ?? "", folder);
  const known = at === null || thrown.message.includes(at) ? "" : ` (${at})`;
  return `${thrown.name === "Error" ? "" : `${thrown.name}: `}${thrown.message}${known}`.slice(0, 10_000);
}
