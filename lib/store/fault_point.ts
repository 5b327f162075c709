// Named places at which a test lets this process die or stop: HOLDFAST_FAULT, for tests only.
//
//   FP1. `commit.landed:3` kills this process (SIGKILL) when it passes there for the third time; `leaf.began:2:stop` stops
//        it (SIGSTOP) until it is told to go on. Several, with commas between, are met one after the other: the next one
//        counts from when the one before was met.
//   FP2. `plant:NAME` breaks the program in one way, so that a test shows that it would find that.
//   FP3. Without the setting a pass is one comparison with null.
import { AppError } from "../model/error.ts";

/** The places. */
export const FAULT_POINTS = [
  // The writer: decided and not sent, at once or (with a command that somebody waits for) after the store has kept it
  // waiting; sent and not answered; durable and told to nobody; told and not answered.
  "commit.decided",
  "commit.slow",
  "commit.sent",
  "commit.landed",
  "commit.told",
  // A leaf: its begin is durable; it says something; its attempt is over and its end is not durable.
  "leaf.began",
  "leaf.output",
  "leaf.ended",
  // A wait: the run gives up its slot; its sandbox goes on.
  "wait.begun",
  "wait.over",
  // A start: the claim is durable; the journal is on its way to a sandbox that goes on with it.
  "claim.made",
  "replay.sent",
  // Recovery: a lease of a dead instance was found; its run is back in the queue.
  "recovery.found",
  "recovery.taken",
  // A delete: the trash is claimed; the folder is gone; some of the rows are.
  "sweep.claimed",
  "sweep.folder",
  "sweep.rows",
  // A migration: some of its rows are written; all are, and the store's version is not; the version is.
  "migrate.rows",
  "migrate.before",
  "migrate.after",
  // A turn of the timers while nothing executes.
  "idle.turn",
] as const;
/** A place. */
export type FaultPoint = (typeof FAULT_POINTS)[number];

/** The ways in which the program can be broken on purpose. */
export const PLANTS = [
  /** Answers before the commit. */
  "ack_early",
  /** Takes the word of a sandbox whatever its fence is, and lets what it left at work come to its end. */
  "skip_fence",
  /** Now and then a commit lacks its last chunk of lines. */
  "drop_chunk",
  /** Takes a second answer to an approval. */
  "double_answer",
  /** Says again in a replay what was said. */
  "replay_emits",
  /** Takes a sandbox for over when its process is gone, whatever it left at work, and starts the next one. */
  "start_early",
] as const;
/** A way in which the program is broken. */
export type Plant = (typeof PLANTS)[number];

interface Step {
  readonly point: FaultPoint;
  readonly stop: boolean;
  left: number;
}
interface Armed {
  readonly steps: Step[];
  readonly plants: ReadonlySet<Plant>;
}

/** How long the store keeps a batch waiting at `commit.slow`. */
const SLOW_MS = 300;

let armed: Armed | null = null;

/** Arms what a setting says, and nothing else; an empty one disarms. Throws AppError `invalid`. */
export function armFaults(setting: string): void {
  const items = setting.split(",").map((item) => item.trim()).filter((item) => item !== "");
  const plants = items.filter((item) => item.startsWith("plant:")).map(plantOf);
  const steps = items.filter((item) => !item.startsWith("plant:")).map(stepOf);
  armed = items.length === 0 ? null : { steps, plants: new Set(plants) };
}

function plantOf(item: string): Plant {
  const plant = PLANTS.find((one) => `plant:${one}` === item);
  if (plant === undefined) throw wrong(`"${item}" names none of ${PLANTS.join(", ")}`);
  return plant;
}

function stepOf(item: string): Step {
  const [, name, n, stop] = /^([a-z.]+):([1-9]\d{0,5})(:stop)?$/.exec(item) ?? [];
  const point = FAULT_POINTS.find((one) => one === name);
  if (point === undefined) throw wrong(`"${item}" is not point:n or point:n:stop of ${FAULT_POINTS.join(", ")}`);
  return { point, left: Number(n), stop: stop !== undefined };
}

const wrong = (what: string) => new AppError("invalid", `Cannot start: HOLDFAST_FAULT: ${what}`);

/** The program passes a place. */
export function passing(point: FaultPoint): void {
  if (armed !== null) pass(armed.steps, point);
}

/** Whether the program is broken in this way. */
export function planted(plant: Plant): boolean {
  return armed !== null && armed.plants.has(plant);
}

/**
 * The program passes a place at which it is kept waiting before it dies: null, or a promise that nothing settles. Only
 * passes for which `counts` are counted.
 */
export function passingSlowly(point: FaultPoint, counts: () => boolean): Promise<void> | null {
  const step = armed?.steps[0];
  if (armed === null || step?.point !== point || !counts() || !meets(armed.steps, point)) return null;
  armed.steps.shift();
  if (!step.stop) return new Promise(() => setTimeout(() => die(step), SLOW_MS));
  die(step);
  return null;
}

function meets(steps: readonly Step[], point: FaultPoint): boolean {
  const step = steps[0];
  return step?.point === point && --step.left === 0;
}

function pass(steps: Step[], point: FaultPoint): void {
  if (!meets(steps, point)) return;
  const step = steps.shift();
  if (step !== undefined) die(step);
}

function die(step: Step): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`fault point ${step.point}\n`));
  Deno.kill(Deno.pid, step.stop ? "SIGSTOP" : "SIGKILL");
  // Signals come a moment later: not one statement more may run.
  const until = performance.now() + 50;
  while (!step.stop || performance.now() < until);
}
