// One kill carried out: waits until the server comes to the place of the plan, kills there, and says what it was.
//
//   L1. A place that is not reached in time is no failure of the server: it is killed then, and counted as at a time.
//   L2. A server that is dead without having said that it passed its place has ended by itself: that is a breach.
import type { Chance } from "./chance.ts";
import type { Host } from "./host.ts";
import { attemptsOf, parseLog, runStatus } from "./log_rules.ts";
import type { Known, Memory } from "./memory.ts";
import type { Round } from "./plan.ts";
import type { Kind, Phase } from "./points.ts";
import { below, isBlock, isStopped, signal } from "./processes.ts";
import type { Kill } from "./report.ts";
import type { Wire } from "./wire.ts";

const REACH_MS = 20_000;
const LOOK_MS = 4;
/** How long a run whose sandbox was killed may say nothing, how long it is watched, how many events are enough. */
const SAY_MS = 30_000;
const GO_ON_MS = 4_000;
const ENOUGH = 30;

/** What kills need. */
export interface KillParts {
  readonly host: Host;
  readonly wire: Wire;
  readonly memory: Memory;
  /** Called each time that the place is not reached yet: people do what leads there. */
  press(round: Round): void;
  /** The server takes over from another one: recovery comes while it serves. */
  readonly takes_over?: boolean;
}

/** Carries out one kill. */
export async function carryOut(parts: KillParts, round: Round, of: Chance): Promise<Kill> {
  const { kind } = round;
  parts.host.stopAwaited = true;
  const reached = await waitFor(parts, round);
  const named = round.at === "place" && reached;
  // The server stands still or is dead when its place was reached: what is seen now is what was then.
  const phase = named ? round.place.phase : seenPhase(parts.memory);
  const { pid } = parts.host;
  if (kind === "server" || pid === null) parts.host.stopAwaited = false;
  if (kind === "server") await killServer(parts, round);
  else if (pid !== null) {
    const running = runningNow(parts.memory);
    killBeside(parts, { kind, pid, of, working: phase === "in a leaf" });
    parts.host.stopAwaited = false;
    if (kind === "sandbox") await goOn(parts, running);
  }
  return { kind, phase, named };
}

/**
 * Kills sandboxes or sockets of a server, which may stand still, and lets it go on. Of runs that are `working` only the
 * workflow goes: its block, a child of the server, is at work then and must not be heard of any more.
 */
export function killBeside(
  parts: Pick<KillParts, "memory" | "wire">,
  { kind, pid, of, working }: { kind: Kind; pid: number; of: Chance; working: boolean },
): void {
  const which = working ? "workflows" : of.pick(["workflows", "all", "one"] as const);
  if (kind === "sandbox") killSandboxes(parts.memory, { pid, which, of });
  else parts.wire.cut();
  signal(pid, "SIGCONT");
}

/** Phases that are over before a server is ready. */
const BEFORE_READY: readonly Phase[] = ["in recovery", "in a migration"];

/** Waits until the place is reached; false when the time is over. */
async function waitFor(parts: KillParts, round: Round): Promise<boolean> {
  const { host } = parts;
  const since = performance.now();
  const over = () => {
    const ms = performance.now() - since;
    if (round.at === "place") {
      return ms >= (!parts.takes_over && BEFORE_READY.includes(round.place.phase) ? 0 : REACH_MS);
    }
    if (ms < round.ms || ms > REACH_MS || !round.running) return ms >= round.ms;
    return round.kind === "sandbox" ? atWork(parts.memory) : seenPhase(parts.memory) === "in a leaf";
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

/** Processes below the server: those of workflows, all, or one of them with what is below it. */
function killSandboxes(
  memory: Memory,
  { pid, which, of }: { pid: number; which: "workflows" | "all" | "one"; of: Chance },
): void {
  const all = below(pid);
  const one = of.pick([null, ...all]);
  const doomed = which === "workflows" ? all.filter((process) => !isBlock(process.pid)) : all;
  const killed = which === "one" && one !== null ? [one, ...below(one.pid)] : doomed;
  // What a block's end is, that is its result, also when it was killed: the run goes on from there, or fails as it did.
  if (killed.some((process) => isBlock(process.pid))) memory.blocksKilled();
  for (const process of killed) signal(process.pid, "SIGKILL");
  memory.lost();
}

/** Sessions whose runs execute, with the length of their logs. */
function runningNow(memory: Memory): Map<Known, number> {
  const running = memory.kept.filter((known) => runStatus(parseLog(known.log)) === "running");
  return new Map(running.map((known) => [known, known.log.length]));
}

/** Runs whose sandboxes were killed go on: each is seen to say more, and for a while how those that were taken over go on. */
async function goOn({ host, memory }: KillParts, running: ReadonlyMap<Known, number>): Promise<void> {
  const all = [...running];
  const gone = ({ ended, deleting }: Known) => ended !== null || deleting !== "no";
  const spoke = ([known, at]: [Known, number]) => gone(known) || known.log.length > at;
  const settled = ([known, at]: [Known, number]) => {
    const log = parseLog(known.log.slice(at));
    const resumed = log.findIndex((event) => event.event_type === "workflow_resumed");
    const rests = ["waiting", "paused"].includes(runStatus(log) ?? "");
    return gone(known) || rests || (resumed >= 0 && log.length - resumed > ENOUGH);
  };
  await until(() => !host.alive || all.every(spoke), SAY_MS);
  for (const one of all.filter((one) => host.alive && !spoke(one))) {
    memory.breach(one[0].session_id, `said nothing for ${SAY_MS} ms after its sandbox was killed`);
  }
  await until(() => !host.alive || all.every(settled), GO_ON_MS);
}

async function until(seen: () => boolean, ms: number): Promise<void> {
  for (const since = performance.now(); !seen() && performance.now() - since < ms;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Whether a block that takes long has just begun to print. */
function atWork(memory: Memory): boolean {
  return memory.kept.some(({ book, log }) => {
    const last = log.at(-1);
    if (book.kind !== "long" || last === undefined) return false;
    const { attempts } = attemptsOf(parseLog([last]));
    return attempts.some(({ lines }) => lines < 60);
  });
}

/** What those outside can see of the phase. */
function seenPhase(memory: Memory): Phase {
  const statuses = memory.kept.map((known) => runStatus(parseLog(known.log)));
  if (statuses.includes("running")) return "in a leaf";
  if (statuses.includes("queued")) return "in a start";
  return statuses.includes("waiting") ? "in a wait" : "idle";
}
