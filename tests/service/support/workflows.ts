// Workflows that tests start: real SDK, real runtime. What their steps did is noted outside, so that doing it twice shows.
import { defineWorkflow, z } from "@/workers/sdk/mod.ts";
import { commonConfig } from "@/lib/model/config.ts";
import type { Ctx, Workflow } from "@/workers/sdk/types.ts";

/** A workflow of one function; takes the keys of every mode. */
export function workflow(id: string, run: (ctx: Ctx) => unknown, more: { messages?: boolean } = {}): Workflow {
  return defineWorkflow({ id, config: z.strictObject({ ...commonConfig }), run, ...more });
}
