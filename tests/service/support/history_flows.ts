// The workflows of the histories, and the gates that a history opens.
import type { Workflow } from "@/workers/sdk/types.ts";
import type { Kind } from "./history_model.ts";
import { workflow } from "./workflows.ts";

/** Seconds of a nap: longer than what keeps its process. */
export const NAP_S = 11;

/** Workflows of every kind, and the steps that stand. */
export interface Flows {
  readonly workflows: Workflow[];
  /** Whether a step of this task stands and can be opened. */
  stands(task: string): boolean;
  /** Lets the step of a task end. */
  open(task: string, well: boolean): boolean;
  /** What stood stands no more: its sandbox is gone. */
  forget(task?: string): void;
}

/** Makes them. */
export function flows(): Flows {
  const gates = new Map<string, (well: boolean) => void>();
  const bodies: Record<Kind, Workflow> = {
    gated: workflow(
      "gated",
      (ctx) =>
        ctx.step(
          "work",
          () =>
            new Promise<null>((resolve, reject) =>
              gates.set(ctx.task, (well) => well ? resolve(null) : reject(new Error("the step failed")))
            ),
        ),
    ),
    asks: workflow(
      "asks",
      async (ctx) => (await ctx.approve("ask", { type: "step_approval", title: "Go?", subject: 1 })).verb,
    ),
    naps: workflow("naps", async (ctx) => {
      await ctx.sleep("nap", NAP_S);
      return null;
    }),
    quick: workflow("quick", () => Promise.resolve("done")),
    fails: workflow("fails", () => Promise.reject(new Error("it fails"))),
  };
  return {
    workflows: Object.values(bodies),
    stands: (task) => gates.has(task),
    forget: (task) => task === undefined ? gates.clear() : void gates.delete(task),
    open(task, well) {
      const gate = gates.get(task);
      gates.delete(task);
      gate?.(well);
      return gate !== undefined;
    },
  };
}
