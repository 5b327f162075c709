// Attacks as runbooks: one block a run, several runs at once, and what a person reads of how each ended.
import { assert } from "@std/assert";
import { type Block, blockOf, type Group } from "../../attacks/attempts/attempt.ts";
import { DELETES_ITSELF } from "../../attacks/attempts/files.ts";
import { importingBlocks } from "../../attacks/attempts/imports.ts";
import { fills, FLOODS, GRABS, ODD_ENDS, OWN_MEMORY_ERROR, SPINS } from "../../attacks/attempts/resources.ts";
import { ask, type Reached, type Seen } from "./api.ts";

/** How a run ended. */
export interface Ended {
  readonly run_id: string;
  readonly status: string;
  /** Texts of step_failed and error events. */
  readonly reasons: readonly string[];
}
/** One attack as a runbook, and what a person must be able to read of its end. */
export interface Attack extends Block {
  readonly timeout_s: number;
}

const DEADLINE_MS = 120_000;
const AT_ONCE = 6;
const TYPES = "step_failed,error";

/** Limits of the server against which resources are attacked; few, so that each attack is over soon. */
export const SMALL: Record<string, string> = {
  HOLDFAST_MEMORY_MB: "200",
  HOLDFAST_OUTPUT_MB: "1",
  HOLDFAST_DISK_MB: "50",
  HOLDFAST_CONCURRENCY: `${AT_ONCE}`,
};

/** A runbook of one block. */
export function runbook(title: string, { code, timeout_s }: { code: string; timeout_s: number }): string {
  return `---\ntimeout: ${timeout_s}\n---\n# ${title}\n\n## Step\n\n\`\`\`ts\n${code}\n\`\`\`\n`;
}

/** A group of tries as a runbook's block, which ends with the first refusal uncaught. */
export function groupBlock(group: Group, around: object): string {
  return blockOf(group.attempts, around, { rethrow: true });
}

/** Every attack that is a block of its own. */
export function singleAttacks(secrets: string): Attack[] {
  const take = (codes: readonly string[], ends: RegExp, timeout_s: number) =>
    codes.map((code) => ({ code, ends, timeout_s }));
  const memory = new RegExp(`took (more memory|\\d+ MB of memory)|${OWN_MEMORY_ERROR.source}`);
  const disk = /the session's files|file grew larger|are nested|more than \d+ files|take \d+ MB/;
  return [
    ...importingBlocks(secrets).map((block) => ({ ...block, timeout_s: 30 })),
    ...take(SPINS, /it ran longer than 0.5 s|more than 1 s of processor time/, 0.5),
    ...take(GRABS, memory, 30),
    ...take(FLOODS, /more output than its run may|more than \d+ bytes of output/, 30),
    ...take(fills({ files: 5000, disk_mb: 50 }), disk, 30),
    ...ODD_ENDS.map(({ code, ends }) => ({ code, ends, timeout_s: 30 })),
    {
      code: `${DELETES_ITSELF}; throw new Error("all gone")`,
      ends: /all gone|Read-only|NotCapable|os error/,
      timeout_s: 30,
    },
  ];
}

/** Starts a task in a session and waits for its end. */
export async function runToEnd(server: Reached, session_id: string, task: string): Promise<Ended> {
  const started = await ask(server, "POST", `/api/sessions/${session_id}/runs`, { task });
  const run_id = `${started["run_id"]}`;
  for (const since = performance.now(); performance.now() - since < DEADLINE_MS;) {
    const run = await ask(server, "GET", `/api/runs/${run_id}`);
    const status = `${run["status"]}`;
    if (["completed", "failed", "cancelled"].includes(status)) {
      return { run_id, status, reasons: await reasonsOf(server, session_id) };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`run ${run_id} did not end: ${task.slice(0, 300)}`);
}

async function reasonsOf(server: Reached, session_id: string): Promise<string[]> {
  const page = await ask(server, "GET", `/api/sessions/${session_id}/events?after=0&limit=1000&types=${TYPES}`);
  return (page["events"] as Seen[]).map(({ data }) => `${data["error"] ?? data["message"]}`);
}

/** What a session's blocks printed, pieces of a line joined. */
export async function printed(server: Reached, session_id: string): Promise<string> {
  const page = await ask(server, "GET", `/api/sessions/${session_id}/events?after=0&limit=1000&types=output`);
  return (page["events"] as Seen[]).map(({ data }) => `${data["message"]}${data["partial"] === true ? "" : "\n"}`).join(
    "",
  );
}

/** Does something for each, several at once. */
export async function together<T>(all: readonly T[], each: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await each(next);
  }));
}

/** Fails unless a person can read in one of the reasons what happened. */
export function assertSaid(ended: Ended, ends: RegExp, code: string): void {
  assert(ended.status === "failed", `${code}: ${ended.status}`);
  assert(ended.reasons.some((reason) => ends.test(reason)), `${code}: ${ended.reasons.join(" | ")} (wanted ${ends})`);
}
