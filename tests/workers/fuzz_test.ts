// Random programs, killed anywhere: what they return, do and say is that of a run that was never killed.
//
// HISTORIES sets how many are tried; a failure names its number.
import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import type { Faults } from "../../workers/runtime/faults.ts";
import { type Commits, SimpleCommits } from "./fuzz/commits.ts";
import { EngineCommits } from "./fuzz/engine_commits.ts";
import { type History, history, type Kills, START } from "./fuzz/host.ts";
import { programOf } from "./fuzz/program.ts";
import { compareWithUnkilled } from "./fuzz/reference.ts";
import { Rng } from "./fuzz/rng.ts";

const HISTORIES = Number(Deno.env.get("HISTORIES") ?? 150);
/** Within how many histories a planted fault must be found. */
const FOUND_WITHIN = 600;

function nowAndThen(rng: Rng): Kills {
  const chance = rng.pick([0.01, 0.03, 0.06, 0.1, 0.2]);
  let left = rng.int(1, 10);
  return () => left > 0 && rng.chance(chance) && left-- > 0;
}

interface How {
  faults?: Faults;
  kills?: Kills;
  commits?: Commits;
}

/** Runs one history and compares it. Throws Error with its number. */
async function one(number: number, how: How = {}): Promise<History> {
  const { faults = {}, kills, commits = new SimpleCommits() } = how;
  const program = programOf(number);
  const rng = new Rng(number * 7919 + 1);
  try {
    const killed = await history({ program, rng, kills: kills ?? nowAndThen(rng), commits, faults });
    await compareWithUnkilled(program, killed, faults);
    return killed;
  } catch (error) {
    throw new Error(`history ${number}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

Deno.test("[WK-FZ1] a history that is killed now and then equals the run that was never killed", async () => {
  const sum = { lives: 0, entries: 0, dropped: 0 };
  for (let number = 0; number < HISTORIES; number++) {
    const { lives, journal } = await one(number);
    sum.lives += lives;
    sum.entries += journal.n;
    sum.dropped += [...journal.scopes.values()].filter(({ status }) => status === "dropped").length;
  }
  assertGreater(sum.lives, HISTORIES * 2, "most were killed");
  assertGreater(sum.entries, HISTORIES * 5, "they had something to do");
  assertGreater(sum.dropped, HISTORIES / 10, "branches were dropped");
});

Deno.test("[WK-FZ2] a history that is killed at any one point equals the run that was never killed", async () => {
  for (let number = 0; number < Math.ceil(HISTORIES / 50); number++) {
    const { actions } = await one(number, { kills: () => false });
    let sum = 0;
    for (let at = 0; at < actions; at++) sum += (await one(number, { kills: (action) => action === at })).lives;
    // Not twice as many: a host that lives on reads a dead sandbox's pipe to its end, which may hold the finish.
    assertGreater(sum, actions * 1.5, `history ${number} was killed at nearly every action`);
  }
});

Deno.test("[WK-FZ8] with the engine as its journal a killed history equals the run that was never killed", async () => {
  let lives = 0;
  let waits = 0;
  for (let number = 0; number < HISTORIES; number++) {
    const commits = new EngineCommits(START.run_id);
    lives += (await one(number, { commits })).lives;
    waits += commits.waits;
  }
  assertGreater(lives, HISTORIES * 2, "most were killed");
  assertGreater(waits, HISTORIES / 2, "they waited without a slot");
});

const PLANTED: [string, Faults, string][] = [
  ["WK-FZ3", { settle_all: true }, "stored leaves that settle at once"],
  ["WK-FZ4", { begin_early: true }, "an effect that begins before the last stored one has settled"],
  ["WK-FZ5", { count_across: true }, "names that are counted in call order across branches"],
  ["WK-FZ6", { say_again: true }, "what is said again"],
];
for (const [id, faults, what] of PLANTED) {
  Deno.test(`[${id}] the fuzz test finds ${what}`, async () => {
    const found = async () => {
      for (let number = 0; number < FOUND_WITHIN; number++) await one(number, { faults });
    };
    await assertRejects(found, Error, "history ");
  });
}

Deno.test("[WK-FZ7] a seed gives the same program and the same choices again", () => {
  assertEquals(programOf(7), programOf(7));
  assertEquals(new Rng(7).next(), new Rng(7).next());
});
