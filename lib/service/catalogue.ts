// The workflows that can be started: what sandboxes said of them, kept with the check of their configs.
//
// Leaves to the port Sandboxes: reading a workflow's code. With a folder of own workflows the answer ages, because a file
// in it may be mended while the server runs; built-in modes never change in a process.
import { AppError } from "../model/error.ts";
import type { WorkflowDescription } from "../model/workflow.ts";
import { type ConfigCheck, createConfigCheck } from "./config_check.ts";
import type { Clock, Sandboxes } from "./ports.ts";

/** A mode with the check of its config. */
export interface CatalogueEntry {
  readonly description: WorkflowDescription;
  readonly check: ConfigCheck;
}
/** The workflows that can be started. */
export interface Catalogue {
  all(): Promise<CatalogueEntry[]>;
  /** Throws AppError `invalid` for a mode that does not exist. */
  get(mode: string): Promise<CatalogueEntry>;
  /** The mode as its source is now, or null when it is gone: asked again where it may have changed. */
  fresh(mode: string): Promise<CatalogueEntry | null>;
}

/** Age at which own workflows are asked for again, so that a burst of starts asks once. */
const MAX_AGE_MS = 2_000;
/** Sandboxes that are asked before a question fails: one that is killed meanwhile says nothing of the workflows. */
const ASKED_MOST = 3;

/** Makes the catalogue; nothing is asked before the first question. */
export function createCatalogue(parts: {
  sandboxes: Pick<Sandboxes, "describe">;
  clock: Clock;
  secrets: ReadonlySet<string>;
  /** Whether there is a folder of own workflows, whose files may change. */
  changes: boolean;
}): Catalogue {
  let kept: { at: number; entries: Promise<Map<string, CatalogueEntry>> } | null = null;

  const ask = async (): Promise<Map<string, CatalogueEntry>> => {
    const described = await askSandboxes(parts.sandboxes);
    return new Map(described.map((description) => [description.id, entryOf(description, parts.secrets)]));
  };
  const entries = (): Promise<Map<string, CatalogueEntry>> => {
    const old = parts.changes && kept !== null && parts.clock.monotonic() - kept.at > MAX_AGE_MS;
    if (kept !== null && !old) return kept.entries;
    const asked = { at: parts.clock.monotonic(), entries: ask() };
    kept = asked;
    // A failed question is not an answer to keep.
    asked.entries.catch(() => {
      if (kept === asked) kept = null;
    });
    return asked.entries;
  };
  return {
    all: async () => [...(await entries()).values()],
    async get(mode) {
      const known = await entries();
      const entry = known.get(mode);
      if (entry !== undefined) return entry;
      const message = `There is no mode "${mode}"; there are ${[...known.keys()].join(", ")}`;
      throw new AppError("invalid", `Cannot use this mode: ${message}`, { errors: [{ path: "mode", message }] });
    },
    fresh: async (mode) => (await entries()).get(mode) ?? null,
  };
}

async function askSandboxes(sandboxes: Pick<Sandboxes, "describe">): Promise<WorkflowDescription[]> {
  for (let asked = 1;; asked++) {
    try {
      return await sandboxes.describe();
    } catch (error) {
      if (asked === ASKED_MOST || (error instanceof AppError && error.retryable)) throw error;
    }
  }
}

function entryOf(description: WorkflowDescription, secrets: ReadonlySet<string>): CatalogueEntry {
  return { description, check: createConfigCheck(description.config_schema, secrets) };
}
