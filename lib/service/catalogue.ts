// The workflows that can be started: what sandboxes said of them, kept with the check of their configs.
//
// Leaves to the port Sandboxes: reading a workflow's code. With a folder of own workflows every question is asked anew,
// because a file in it may be mended while the server runs; built-in modes never change in a process.
import { AppError } from "../model/error.ts";
import type { DescribedWorkflow, WorkflowProblem } from "../model/workflow.ts";
import { type ConfigCheck, createConfigCheck } from "./config_check.ts";
import type { Sandboxes, Workflows } from "./ports.ts";

/** A mode with the check of its config. */
export interface CatalogueEntry {
  readonly description: DescribedWorkflow;
  readonly check: ConfigCheck;
}
/** The workflows that can be started. */
export interface Catalogue {
  all(): Promise<CatalogueEntry[]>;
  /** The mode as its source is now. Throws AppError `invalid` for a mode that does not exist. */
  get(mode: string): Promise<CatalogueEntry>;
  /** Files of the folder of own workflows that are no mode, and why. */
  problems(): Promise<readonly WorkflowProblem[]>;
}

/** Sandboxes that are asked before a question fails: one that is killed meanwhile says nothing of the workflows. */
const ASKED_MOST = 3;

/** Makes the catalogue; nothing is asked before the first question. */
export function createCatalogue(parts: {
  sandboxes: Pick<Sandboxes, "describe">;
  secrets: ReadonlySet<string>;
  /** Whether there is a folder of own workflows, whose files may change. */
  changes: boolean;
}): Catalogue {
  let kept: Promise<Workflows> | null = null;
  const made = new WeakMap<DescribedWorkflow, CatalogueEntry>();

  const entryOf = (description: DescribedWorkflow): CatalogueEntry => {
    const known = made.get(description);
    if (known !== undefined) return known;
    const entry = { description, check: createConfigCheck(description.config_schema, parts.secrets) };
    made.set(description, entry);
    return entry;
  };
  const ask = (): Promise<Workflows> => {
    if (kept !== null) return kept;
    const asked = askSandboxes(parts.sandboxes);
    if (parts.changes) return asked;
    kept = asked;
    // A failed question is not an answer to keep.
    asked.catch(() => {
      if (kept === asked) kept = null;
    });
    return asked;
  };
  return {
    all: async () => (await ask()).workflows.map(entryOf),
    async get(mode) {
      const { workflows, problems } = await ask();
      const found = workflows.find(({ id }) => id === mode);
      if (found !== undefined) return entryOf(found);
      const message = `There is no mode "${mode}"; there are ${workflows.map(({ id }) => id).join(", ")}` +
        problems.map(({ file, reason }) => `; ${file} is none: ${reason}`).join("").slice(0, 2000);
      throw new AppError("invalid", `Cannot use this mode: ${message}`, { errors: [{ path: "mode", message }] });
    },
    problems: async () => (await ask()).problems,
  };
}

async function askSandboxes(sandboxes: Pick<Sandboxes, "describe">): Promise<Workflows> {
  for (let asked = 1;; asked++) {
    try {
      return await sandboxes.describe();
    } catch (error) {
      if (asked === ASKED_MOST || (error instanceof AppError && error.retryable)) throw error;
    }
  }
}
