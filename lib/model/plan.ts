// A plan: what the planner proposes, a person may edit, and control carries out.
import * as z from "zod";

/** One step of a plan. `agent` does it; `id` is stable over edits. */
export const PlanStep = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/),
  title: z.string().min(1).max(200),
  description: z.string().max(20_000).default(""),
  agent: z.enum(["engineer", "researcher"]).default("engineer"),
  /** Whether a person is asked before this step. */
  asks: z.boolean().optional(),
});
/** One step of a plan. */
export type PlanStep = z.infer<typeof PlanStep>;
/** A plan: 1 to 50 steps with ids of their own. */
export const Plan = z.strictObject({ steps: z.array(PlanStep).min(1).max(50) });
/** A plan. */
export type Plan = z.infer<typeof Plan>;
