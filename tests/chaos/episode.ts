// Five kills on one data folder, checks after each, and in the end everything ends.
//
//   E1. Whatever it does is chosen by the seed and the number of the episode alone.
//   E2. After each kill everything is checked that anybody knows; a check that is itself cut off is done by the next life.
import { checkEnds, checkStore } from "./after.ts";
import { MODEL_SHELF, RUNBOOK_SHELF } from "./books.ts";
import { type Chance, chance } from "./chance.ts";
import { checkAll, type CheckParts } from "./checks.ts";
import { Crowd } from "./crowd.ts";
import { FLOWS, OUTSIDE } from "./flow_books.ts";
import { Host } from "./host.ts";
import { carryOut, killBeside, passedPlace } from "./kills.ts";
import { Memory } from "./memory.ts";
import { People } from "./people.ts";
import { type Aim, faultOf, type Life, needOf, planEpisode, type Round } from "./plan.ts";
import type { Kill } from "./report.ts";
import { startSpeaker } from "./speaker.ts";
import { openWire, type Wire } from "./wire.ts";

const SETTLE_MS = 60_000;
const SWEEP_MS = 20_000;
const TOLD_MS = 5_000;
/** Whatever hangs, the test goes on with the next episode. */
const EPISODE_MS = 300_000;

/** What an episode came to. */
export interface EpisodeResult {
  readonly breaches: readonly string[];
  readonly kills: readonly Kill[];
  readonly sessions: number;
  /** Of each run that the poison guard ended, the round that came before, from 0. */
  readonly poisoned: readonly number[];
  readonly connections: number;
  readonly starts_ms: readonly number[];
}
/** Which episode. */
export interface EpisodeOptions {
  readonly seed: string;
  readonly number: number;
  /** A way in which the program is broken on purpose. */
  readonly plant?: string;
  /** Where that would show. */
  readonly aim?: Aim;
}

/** Runs one episode. */
export async function runEpisode(options: EpisodeOptions): Promise<EpisodeResult> {
  const memory = new Memory();
  const wire = openWire();
  const host = await Host.open({ memory, wire });
  const speaker = startSpeaker();
  const people = new People({ memory, target: host.target, wire });
  const of = chance(`${options.seed}/${options.number}`);
  const late = setTimeout(() => {
    memory.breach("episode", `not at rest after ${EPISODE_MS} ms`);
    void host.kill();
  }, EPISODE_MS);
  try {
    return await new Episode({ memory, wire, host, people, of, options, speaker_url: speaker.url }).run();
  } finally {
    clearTimeout(late);
    await people.leave();
    wire.close();
    await host.dispose();
    await speaker[Symbol.asyncDispose]();
  }
}

interface Parts {
  readonly memory: Memory;
  readonly wire: Wire;
  readonly host: Host;
  readonly people: People;
  readonly of: Chance;
  readonly options: EpisodeOptions;
  /** Where a model service speaks. */
  readonly speaker_url: string;
}

class Episode {
  readonly #parts: Parts;
  readonly #checks: CheckParts;
  readonly #env: Record<string, string>;
  readonly #crowd: Crowd;
  readonly #kills: Kill[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    const speaks = parts.of.fork("model").yes(0.25);
    const { memory, host, people } = parts;
    this.#crowd = new Crowd({ memory, people, shelf: speaks ? MODEL_SHELF : RUNBOOK_SHELF });
    this.#env = {
      ...settingsOf(parts.of.fork("settings")),
      HOLDFAST_WORKFLOWS: FLOWS,
      HOLDFAST_ASK_READ: OUTSIDE,
      ...(speaks ? { OPENAI_BASE_URL: parts.speaker_url, HOLDFAST_MODEL: "speaker" } : {}),
    };
    this.#checks = { memory, target: host.target, disks: [host.data] };
  }

  async run(): Promise<EpisodeResult> {
    const { memory, host, people, options } = this.#parts;
    let left: Life = [];
    const lives = planEpisode(options.seed, options.number, options.aim);
    for (let life = lives.shift(); life !== undefined && !this.#found; life = lives.shift()) {
      // What begins with its start comes before what the life before was too short for.
      const own = life.some((round) => needOf(round) === "old") ? [...life, ...left] : [...left, ...life];
      left = await this.#live(own, lives.length === 0);
      if (lives.length === 0 && !host.alive) lives.push([]);
    }
    const poisoned = this.#found ? [] : await this.#settle();
    return {
      breaches: memory.breaches,
      kills: this.#kills,
      sessions: memory.sessions.size,
      poisoned,
      connections: people.connections,
      starts_ms: host.starts_ms,
    };
  }

  /** A planted fault was found: nothing more has to be seen of it. */
  get #found(): boolean {
    return this.#parts.options.plant !== undefined && this.#parts.memory.breaches.length > 0;
  }

  /** One life of the server: from its start to its kill; gives the kills that it was too short for. */
  async #live(life: Life, last: boolean): Promise<Life> {
    const { of, memory, host, wire } = this.#parts;
    const rounds = await this.#start(life);
    if (!host.alive) return rounds;
    const checking = this.#check();
    const tasks = of.fork(`tasks ${this.#kills.length}`);
    const needs = rounds.map(needOf);
    if (rounds.length > 0 && !needs.includes("rest")) {
      const first = needs.includes("long runs") ? "long runs" : needs[0] ?? "runs";
      this.#crowd.start(first, tasks, tasks.between(1, 3));
    }
    for (const round of rounds) {
      const press = () => this.#crowd.press(needOf(round), tasks);
      this.#killed(await carryOut({ host, wire, memory, press }, round, of.fork(`kill ${this.#kills.length}`)));
    }
    await checking;
    // Sandboxes were killed, and the server lives: it ends as an operator would end it.
    if (!last && host.alive) {
      // It hands over what executes, which begins again.
      memory.lost();
      await host.drain();
    }
    return [];
  }

  /** Starts a life; gives its kills but for those that came before it was ready. */
  async #start(life: Life): Promise<Life> {
    const { host, memory, wire, of, options } = this.#parts;
    const plant = options.plant === undefined ? "" : `plant:${options.plant}`;
    if (life.some((round) => needOf(round) === "old")) await host.bringBack();
    const fault = [plant, faultOf(life)].filter((text) => text !== "").join(",");
    const left = [...life];
    const early = (round: Round | undefined): round is Round & { at: "place" } => {
      if (round?.at !== "place") return false;
      left.splice(left.indexOf(round), 1);
      this.#killed({ kind: round.kind, phase: round.place.phase, named: true });
      return true;
    };
    const died = await host.start({ ...this.#env, ...(fault === "" ? {} : { HOLDFAST_FAULT: fault }) }, (pid) => {
      const round = left.find((one) => one.at === "place");
      if (early(round)) {
        killBeside({ memory, wire }, { kind: round.kind, pid, of: of.fork(`early ${left.length}`), working: false });
      }
    });
    if (died === null) return left;
    const round = left.at(-1);
    if (!early(round)) memory.breach("start", died.output);
    else passedPlace(memory, died.output, round);
    memory.lost();
    await host.noOrphans();
    return left;
  }

  #killed(kill: Kill): void {
    this.#parts.memory.rounds = this.#kills.push(kill);
  }

  /** Checks a server that may be killed meanwhile: then the next life is checked. */
  async #check(): Promise<void> {
    const { host, memory } = this.#parts;
    const { starts_ms } = host;
    const life = starts_ms.length;
    try {
      await checkAll(this.#checks);
    } catch (error) {
      // A death is told after the connection broke: on a machine that is busy a while after.
      const cut = () => !host.alive || starts_ms.length !== life;
      for (const since = performance.now(); !cut() && performance.now() - since < TOLD_MS;) await pause(20);
      if (!cut()) memory.breach("check", error instanceof Error ? error.stack ?? error.message : String(error));
    }
  }

  /** Everything ends; the rounds that came before the ends of runs by the poison guard. */
  async #settle(): Promise<number[]> {
    const { host, memory, people } = this.#parts;
    const since = performance.now();
    const settled = () => people.busy === 0 && memory.kept.every((known) => known.ended !== null) && people.caughtUp();
    while (!settled() && !this.#found && performance.now() - since < SETTLE_MS) await pause(20);
    if (!settled()) {
      const behind = people.behind().join("; ");
      memory.breach("settle", `not at rest after ${SETTLE_MS} ms: ${people.busy} requests; viewers: ${behind}`);
    }
    if (memory.sessions.size !== this.#crowd.started) {
      memory.breach("settle", `${memory.sessions.size} of ${this.#crowd.started} started`);
    }
    await this.#check();
    const poisoned = await checkEnds(this.#checks);
    await host.noBlocks();
    await people.leave();
    await this.#swept();
    await host.drain();
    await host.noOrphans();
    await checkStore(this.#checks, { path: `${host.data}/holdfast.kv` });
    return poisoned;
  }

  /** Waits until deleted sessions are swept: their folder goes before their last row. */
  async #swept(): Promise<void> {
    const { host, memory } = this.#parts;
    const deleted = [...memory.sessions.values()].filter((known) => known.deleting === "acknowledged");
    for (const since = performance.now(); performance.now() - since < SWEEP_MS; await pause(20)) {
      if (deleted.every(({ session_id }) => !exists(`${host.data}/sessions/${session_id}`))) return;
    }
  }
}

/** The settings of an episode's servers. */
export function settingsOf(of: Chance): Record<string, string> {
  return {
    HOLDFAST_WAIT_HOLD: of.pick(["60", "0.1", "0"]),
    HOLDFAST_CONCURRENCY: of.pick(["10", "10", "2"]),
    HOLDFAST_WARM: of.pick(["2", "1", "0"]),
    // Kills come faster than progress can: only now and then may the poison guard end a run of it.
    ...(of.yes(0.2) ? {} : { HOLDFAST_MAX_TAKEOVERS: "100" }),
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
