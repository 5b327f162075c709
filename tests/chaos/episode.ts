// Five rounds on one data folder: each a kill at a moment chosen by the seed, checks after each, and in the end everything
// ends.
import { KINDS, makeBook } from "./books.ts";
import { type Chance, chance } from "./chance.ts";
import { checkAll, type CheckParts } from "./checks.ts";
import { checkEnds, checkStore } from "./after.ts";
import { Host } from "./host.ts";
import { chooseManner } from "./manners.ts";
import { Memory } from "./memory.ts";
import { People } from "./people.ts";
import { openWire, type Wire } from "./wire.ts";

/** Kills of an episode. */
export const ROUNDS = 5;
const SETTLE_MS = 60_000;
const LIVE = 5;

/** What an episode came to. */
export interface EpisodeResult {
  readonly breaches: readonly string[];
  readonly sessions: number;
  readonly poisoned: number;
  readonly connections: number;
  readonly starts_ms: readonly number[];
}

/** Runs one episode. */
export async function runEpisode(seed: string): Promise<EpisodeResult> {
  const memory = new Memory();
  const wire = openWire();
  const host = await Host.open({ memory, wire });
  const people = new People({ memory, target: host.target, at: { url: wire.url, token: host.target.token } });
  const episode = new Episode({ memory, wire, host, people, chance: chance(seed) });
  try {
    return await episode.run();
  } finally {
    await people.leave();
    wire.close();
    await host.dispose();
  }
}

interface Parts {
  readonly memory: Memory;
  readonly wire: Wire;
  readonly host: Host;
  readonly people: People;
  readonly chance: Chance;
}

class Episode {
  readonly #parts: Parts;
  readonly #checks: CheckParts;
  readonly #env: Record<string, string>;
  #started = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { memory, host } = parts;
    // Kills come faster than progress can: only now and then may the poison guard end a run of it.
    const guarded = parts.chance.fork("guard").yes(0.2);
    this.#env = guarded ? {} : { HOLDFAST_MAX_TAKEOVERS: "100" };
    this.#checks = { memory, target: host.target, data: host.data };
  }

  async run(): Promise<EpisodeResult> {
    const { memory, host, people, chance } = this.#parts;
    for (let round = 0; round < ROUNDS; round++) {
      await this.#life(chance.fork(round));
    }
    await this.#start({});
    const poisoned = await this.#settle();
    return {
      breaches: memory.breaches,
      sessions: memory.sessions.size,
      poisoned,
      connections: people.connections,
      starts_ms: host.starts_ms,
    };
  }

  async #start(env: Record<string, string>): Promise<void> {
    const { host, memory } = this.#parts;
    const died = await host.start({ ...this.#env, ...env });
    if (died !== null) memory.breach("start", died.output);
  }

  async #life(of: Chance): Promise<void> {
    const { host, memory } = this.#parts;
    await this.#start({});
    await this.#check();
    this.#startTasks(of.fork("tasks"), of.between(1, 3));
    await new Promise((resolve) => setTimeout(resolve, of.between(20, 1200)));
    if (!host.alive) memory.breach("server", `ended by itself: ${host.output.slice(-2000)}`);
    await host.kill();
    memory.lost();
    await host.noOrphans();
  }

  #startTasks(of: Chance, count: number): void {
    const { memory, people } = this.#parts;
    const live = memory.kept.filter((known) => known.ended === null).length;
    for (let i = 0; i < Math.min(count, LIVE - live); i++) {
      const task = of.fork(i);
      this.#started++;
      void people.start(makeBook(task.pick(KINDS), task.fork("book")), chooseManner(task.fork("manner")));
    }
  }

  /** Checks a server that may be killed meanwhile: then the next life is checked. */
  async #check(): Promise<void> {
    const { host, memory } = this.#parts;
    try {
      await checkAll(this.#checks);
    } catch (error) {
      if (host.alive) memory.breach("check", error instanceof Error ? error.stack ?? error.message : String(error));
    }
  }

  /** Everything ends; the number of runs that the poison guard ended. */
  async #settle(): Promise<number> {
    const { host, memory, people } = this.#parts;
    const since = performance.now();
    const settled = () => people.busy === 0 && memory.kept.every((known) => known.ended !== null) && people.caughtUp();
    while (!settled() && performance.now() - since < SETTLE_MS) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (!settled()) memory.breach("settle", `not at rest after ${SETTLE_MS} ms: ${people.busy} requests`);
    if (memory.sessions.size !== this.#started) {
      memory.breach("settle", `${memory.sessions.size} of ${this.#started} started`);
    }
    await this.#check();
    const poisoned = await checkEnds(this.#checks);
    await people.leave();
    await this.#swept();
    await host.drain();
    await host.noOrphans();
    await checkStore(this.#checks);
    return poisoned;
  }

  /** Waits until deleted sessions are swept: their folder goes before their last row. */
  async #swept(): Promise<void> {
    const { host, memory } = this.#parts;
    const deleted = [...memory.sessions.values()].filter((known) => known.deleting === "acknowledged");
    for (const since = performance.now(); performance.now() - since < 5_000;) {
      const left = deleted.filter(({ session_id }) => exists(`${host.data}/sessions/${session_id}`));
      if (left.length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
