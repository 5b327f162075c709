// defineWorkflow: checks a workflow's description where it is written, and fills in what it leaves out.
import type { z } from "zod";
import type { Workflow, WorkflowDefinition } from "./types.ts";

const ID = /^[a-z][a-z0-9-]{0,63}$/;

/** Defines a workflow. Throws TypeError when its id or version cannot be one. */
export function defineWorkflow<S extends z.ZodObject>(definition: WorkflowDefinition<S>): Workflow {
  const { id, version = 1 } = definition;
  if (!ID.test(id)) {
    throw new TypeError(`Cannot define workflow "${id}": an id is a-z, 0-9 and -, begins with a letter, at most 64`);
  }
  if (!Number.isInteger(version) || version < 1) {
    throw new TypeError(`Cannot define workflow "${id}": its version is ${version}, not a whole number from 1`);
  }
  const workflow = Object.freeze({
    id,
    label: definition.label ?? id,
    description: definition.description ?? "",
    version,
    config: definition.config,
    messages: definition.messages ?? false,
    asks: definition.asks ?? [],
    run: definition.run,
  });
  made.add(workflow);
  return workflow;
}

const made = new WeakSet<object>();

/** Tells whether something was made by `defineWorkflow`. */
export function isWorkflow(value: unknown): value is Workflow {
  return typeof value === "object" && value !== null && made.has(value);
}
