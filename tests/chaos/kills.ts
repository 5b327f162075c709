// One kill carried out: waits until the server comes to the place of the plan, kills there, and says what it was.
//
//   L1. A place that is not reached in time is no failure of the server: it is killed then, and counted as at a time.
//   L2. A server that is dead without having said that it passed its place has ended by itself: that is a breach.
import type { Chance } from "./chance.ts";
import type { Host } from "./host.ts";
import { parseLog, runStatus } from "./log_rules.ts";
import type { Memory } from "./memory.ts";
import type { Round } from "./plan.ts";
import type { Phase } from "./points.ts";
import { below, isBlock, isStopped, signal } from "./processes.ts";
import type { Kill } from "./tally.ts";
import type { Wire } from "./wire.ts";

const REACH_MS = 8_000;
const LOOK_MS = 4;

/** What kills need. */
export interface KillParts {
  readonly host: Host;
  readonly wire: Wire;
  readonly memory: Memory;
  /** Called each time that the place is not reached yet: people do what leads there. */
  press(round: Round): void;
}

/** Carries out one kill. */
export async function carryOut(parts: KillParts, round: Round, of: Chance): Promise<Kill> {
  const { kind } = round;
  const reached = await waitFor(parts, round);
  const named = round.at === "place" && reached;
  // The server stands still or is dead when its place was reached: what is seen now is what was then.
  const phase = named ? round.place.phase : seenPhase(parts.memory);
  if (kind === "server") await killServer(parts, round);
  else if (kind === "sandbox") killSandboxes(parts, of);
  else parts.wire.cut();
  if (parts.host.pid !== null) signal(parts.host.pid, "SIGCONT");
  return { kind, phase, named };
}

/** Waits until the place is reached; false when the time is over. Recovery is over before a server is ready. */
async function waitFor(parts: KillParts, round: Round): Promise<boolean> {
  const { host } = parts;
  const since = performance.now();
  const over = () => {
    const ms = performance.now() - since;
    if (round.at === "place") return ms >= (round.place.phase === "in recovery" ? 0 : REACH_MS);
    return ms >= round.ms && (!round.running || ms > REACH_MS || seenPhase(parts.memory) === "in a leaf");
  };
  while (!over()) {
    if (!host.alive) return round.at === "place" && round.kind === "server";
    if (round.at === "place" && round.kind !== "server" && host.pid !== null && isStopped(host.pid)) return true;
    parts.press(round);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return false;
}

async function killServer({ host, memory }: KillParts, round: Round): Promise<void> {
  if (!host.alive) passedPlace(memory, host.output, round);
  await host.kill();
  memory.lost();
  await host.noOrphans();
}

/** A server that died must have said where it did. */
export function passedPlace(memory: Memory, output: string, round: Round): void {
  const point = round.at === "place" ? round.place.point : "none";
  if (!output.includes(`fault point ${point}\n`)) memory.breach("server", `ended by itself: ${output.slice(-2000)}`);
}

/** All processes below the server, or one of them with what is below it. */
function killSandboxes({ host, memory }: KillParts, of: Chance): void {
  const { pid } = host;
  if (pid === null) return;
  const all = host.sandboxes();
  const one = all.length > 0 && of.yes(0.4) ? of.pick(all) : null;
  const doomed = one === null ? all : [one, ...below(one.pid)];
  // Killed alone, a block's end is its result: the run goes on from there, or fails as the block did.
  if (one !== null && isBlock(one.pid)) memory.blocksKilled();
  for (const process of doomed) signal(process.pid, "SIGKILL");
  memory.lost();
}

/** What those outside can see of the phase. */
function seenPhase(memory: Memory): Phase {
  const statuses = memory.kept.map((known) => runStatus(parseLog(known.log)));
  if (statuses.includes("running")) return "in a leaf";
  if (statuses.includes("queued")) return "in a start";
  return statuses.includes("waiting") ? "in a wait" : "idle";
}
