// Five losses of two servers that share one store, checks over both after each, and in the end everything ends.
//
//   PE1. What it does is chosen by the seed and the number of the episode alone.
//   PE2. After each round all that anybody knows is asked of both servers; lists follow within some seconds.
import { checkEnds, checkStore } from "../after.ts";
import { countedBook, RUNBOOK_SHELF } from "../books.ts";
import { chance } from "../chance.ts";
import { type CheckParts, checkSessions, listBreaches } from "../checks.ts";
import { Crowd } from "../crowd.ts";
import { settingsOf } from "../episode.ts";
import { FLOWS, OUTSIDE } from "../flow_books.ts";
import { Memory } from "../memory.ts";
import { People } from "../people.ts";
import { openWire } from "../wire.ts";
import { openCounter } from "./counter.ts";
import { type PairRound, planPair } from "./plan.ts";
import { carryOutPair, type PairLoss, type RoundParts } from "./rounds.ts";
import { Servers } from "./servers.ts";
import { Twice } from "./twice.ts";

const SETTLE_MS = 90_000;
const LIST_MS = 5_000;
const SWEEP_MS = 30_000;
const EPISODE_MS = 600_000;

/** What an episode came to. */
export interface PairResult {
  readonly breaches: readonly string[];
  readonly losses: readonly PairLoss[];
  readonly sessions: number;
  readonly connections: number;
}
/** Which episode; `rounds` in the place of its plan. */
export interface PairOptions {
  readonly program: string;
  readonly seed: string;
  readonly number: number;
  readonly rounds?: readonly PairRound[];
}

/** Runs one episode. */
export async function runPair(options: PairOptions): Promise<PairResult> {
  const { program, seed, number } = options;
  const of = chance(`${seed}/${number}/pair`);
  const memory = new Memory();
  const wire = openWire();
  await using counter = openCounter();
  const env = {
    ...settingsOf(of.fork("settings")),
    HOLDFAST_WORKFLOWS: FLOWS,
    HOLDFAST_ASK_READ: OUTSIDE,
    HOLDFAST_NET_PRIVATE: counter.host,
  };
  await using servers = await Servers.open(program, { memory, wire, env });
  const people = new People({ memory, target: servers.target, wire });
  const keyed = { n: 0 };
  const crowd = new Crowd({
    memory,
    people,
    shelf: RUNBOOK_SHELF,
    made: (book) => countedBook(book, { url: counter.url, host: counter.host, key: `${++keyed.n}` }),
  });
  const disks = servers.hosts.map(({ data }) => data);
  const checks = servers.hosts.map(({ target }) => ({ memory, target, disks, counter }));
  const late = setTimeout(() => {
    memory.breach("episode", `not at rest after ${EPISODE_MS} ms`);
    for (const host of servers.hosts) void host.kill();
  }, EPISODE_MS);
  try {
    const pair = new Pair({ parts: { servers, memory, wire, crowd }, people, checks });
    return await pair.run(options.rounds ?? planPair(seed, number), of);
  } finally {
    clearTimeout(late);
    await people.leave();
    wire.close();
  }
}

interface PairParts {
  readonly parts: RoundParts;
  readonly people: People;
  /** Of each server. */
  readonly checks: readonly CheckParts[];
}

class Pair {
  readonly #parts: PairParts;

  constructor(parts: PairParts) {
    this.#parts = parts;
  }

  async run(rounds: readonly PairRound[], of: ReturnType<typeof chance>): Promise<PairResult> {
    const { parts: { servers, memory, crowd }, people } = this.#parts;
    const losses: PairLoss[] = [];
    using _twice = new Twice({ memory, hosts: servers.hosts });
    await Promise.all([servers.start(0), servers.start(1)]);
    for (const [n, round] of rounds.entries()) {
      if (!servers.whole) break;
      const own = of.fork(`round ${n}`);
      const rests = round.what === "kill" && round.round.at === "place" && round.round.place.need === "rest";
      if (!rests) crowd.start("runs", own.fork("tasks"), own.between(1, 3));
      losses.push(await carryOutPair(this.#parts.parts, round, own));
      memory.rounds = losses.length;
      await this.#check();
    }
    await this.#settle();
    return { breaches: memory.breaches, losses, sessions: memory.sessions.size, connections: people.connections };
  }

  async #check(): Promise<void> {
    const { checks, parts: { memory, servers } } = this.#parts;
    servers.countLapses();
    for (const one of checks) {
      // One that could not be started is a breach of its own.
      if (one.target.url === null) continue;
      try {
        await checkSessions(one);
        let found = await listBreaches(one);
        for (
          const since = performance.now();
          found.length > 0 && performance.now() - since < LIST_MS;
          await rest(100)
        ) {
          found = await listBreaches(one);
        }
        for (const [where, what] of found) memory.breach(where, what);
      } catch (error) {
        memory.breach("check", error instanceof Error ? error.stack ?? error.message : String(error));
      }
    }
  }

  /** Everything ends. */
  async #settle(): Promise<void> {
    const { parts: { servers, memory, crowd }, people, checks } = this.#parts;
    const since = performance.now();
    const settled = () => people.busy === 0 && memory.kept.every(({ ended }) => ended !== null) && people.caughtUp();
    while (!settled() && performance.now() - since < SETTLE_MS) await rest(20);
    if (!settled()) {
      const behind = people.behind().join("; ");
      memory.breach("settle", `not at rest after ${SETTLE_MS} ms: ${people.busy} requests; viewers: ${behind}`);
    }
    if (memory.sessions.size !== crowd.started) {
      memory.breach("settle", `${memory.sessions.size} of ${crowd.started} started`);
    }
    await this.#check();
    const [first] = checks;
    if (first !== undefined) await checkEnds(first);
    for (const host of servers.hosts) await host.noBlocks();
    await people.leave();
    await this.#swept();
    for (const host of servers.hosts) {
      await host.drain();
      await host.noOrphans();
    }
    if (first !== undefined) await checkStore(first, { path: servers.store.url, shared: true });
  }

  /** Waits until the folders of deleted sessions are gone from both disks. */
  async #swept(): Promise<void> {
    const { parts: { servers, memory } } = this.#parts;
    const deleted = [...memory.sessions.values()].filter((known) => known.deleting === "acknowledged");
    const folders = servers.hosts.flatMap(({ data }) => deleted.map((known) => `${data}/sessions/${known.session_id}`));
    for (const since = performance.now(); performance.now() - since < SWEEP_MS; await rest(50)) {
      const there = await Promise.all(folders.map((folder) => Deno.stat(folder).then(() => true, () => false)));
      if (!there.includes(true)) return;
    }
  }
}

const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
