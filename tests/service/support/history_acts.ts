// The acts of which histories are made, and how one is played.
import { ENV } from "./history_compare.ts";
import { flows } from "./history_flows.ts";
import { History } from "./history.ts";
import { type Plant, Tamper } from "./history_plants.ts";
import { openWorld } from "./world.ts";

/** One act: what, on which session, and how. */
export interface Act {
  readonly what: (typeof WHAT)[number];
  readonly a: number;
  readonly b: number;
}
/** Everything that may happen. */
export const WHAT = [
  "create",
  "start",
  "open",
  "pauseRun",
  "resumeRun",
  "suspend",
  "resume",
  "cancel",
  "retry",
  "answer",
  "update",
  "bulk",
  "delete",
  "wait",
  "rest",
  "crash",
  "message",
] as const;

/** Plays a history. Throws at the first step that the model does not allow. */
export async function play(acts: readonly Act[], options: { kv?: string; plant?: Plant } = {}): Promise<void> {
  const steps = flows();
  const tamper = new Tamper(options.plant ?? null);
  const kv = options.kv === undefined ? {} : { kv: options.kv };
  await using world = await openWorld({ workflows: steps.workflows, env: ENV, tamper: tamper.writer, ...kv });
  const history = new History(world, { steps, tamper });
  for (const [n, act] of acts.entries()) {
    try {
      await history.step(act);
      await history.compare();
    } catch (error) {
      throw new Error(`act ${n} ${JSON.stringify(act)}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
}
