// The chaos harness: kills real servers, sandboxes and sockets over and over, and says what was lost, what ran twice, what
// got stuck; then breaks the program on purpose, one way after the other, and says after how many rounds each was found.
//
//   deno task test:chaos -- --rounds 300 --seed 1
//     --instances 2  two servers on one store: kills, a server or the store that stands still, takeovers
//     --only 7       one episode of five rounds: what it does depends on the seed and its number alone
//     --no-planted   kills only
//     --planted [X]  planted faults only, or that one
// Exit code 1 when anything is wrong or a planted fault was not found, 2 for wrong usage.
import { PLANTS } from "@/lib/store/fault_point.ts";
import { type EpisodeResult, runEpisode } from "./episode.ts";
import { planEpisode, ROUNDS, roundText } from "./plan.ts";
import { findPlants, type Found } from "./planted.ts";
import { findDenokv, WITHOUT_DENOKV } from "../e2e/support/denokv.ts";
import { type PairResult, runPair } from "./pair/episode.ts";
import { pairRoundText, planPair, ROUNDS as PAIR_ROUNDS } from "./pair/plan.ts";
import { pairReport } from "./pair/report.ts";
import { reportOf } from "./report.ts";

const encoder = new TextEncoder();
const say = (text: string) => void Deno.stdout.writeSync(encoder.encode(`${text}\n`));
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

interface Options {
  seed: string;
  rounds: number;
  only: number | null;
  instances: number;
  kills: boolean;
  planted: boolean;
  plant: string | null;
}

/** Reads the words of the command; null for words that it does not know. */
function readOptions(args: readonly string[]): Options | null {
  const options: Options = { seed: "1", rounds: 25, only: null, instances: 1, kills: true, planted: true, plant: null };
  const left = args.filter((arg) => arg !== "--");
  const number = (text: string | undefined) => text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    if (arg === "--seed") options.seed = left.shift() ?? "";
    else if (arg === "--rounds") options.rounds = number(left.shift());
    else if (arg === "--only") options.only = number(left.shift());
    else if (arg === "--instances") options.instances = number(left.shift());
    else if (arg === "--no-planted") options.planted = false;
    else if (arg === "--planted") {
      options.kills = false;
      if (left[0] !== undefined && !left[0].startsWith("--")) options.plant = left.shift() ?? null;
    } else return null;
  }
  const { seed, rounds, only, plant, instances } = options;
  const known = plant === null || PLANTS.some((one) => one === plant);
  if (instances !== 1 && (instances !== 2 || !options.kills)) return null;
  return seed === "" || !(rounds > 0) || Number.isNaN(only) || !known ? null : options;
}

/** Runs episodes; the summary, and whether nothing was wrong. */
async function kill({ seed, rounds, only }: Options): Promise<{ summary: string; good: boolean }> {
  const started = performance.now();
  const results: EpisodeResult[] = [];
  const numbers = only === null ? Array.from({ length: Math.ceil(rounds / ROUNDS) }, (_, i) => i) : [only];
  for (const number of numbers) {
    const since = performance.now();
    const result = await runEpisode({ seed, number });
    results.push(result);
    const plan = planEpisode(seed, number).flat().map(roundText).join("; ");
    const { sessions, poisoned, breaches } = result;
    say(`episode ${number}: ${sessions} sessions, ${breaches.length} breaches, ${seconds(since)} (${plan})`);
    if (poisoned.length > 0) say(`  the poison guard ended ${poisoned.length} of its runs`);
    for (const breach of breaches) say(`  ${breach.slice(0, 2000)}`);
  }
  const { lines, summary, good } = reportOf(seed, results);
  for (const line of lines) say(line);
  say(`${summary} (${seconds(started)})`);
  return { summary, good };
}

/** Runs episodes of two servers; the summary, and whether nothing was wrong. */
async function killOfTwo({ seed, rounds, only }: Options): Promise<{ summary: string; good: boolean }> {
  const program = await findDenokv();
  if (program === null) return { summary: `could not: ${WITHOUT_DENOKV}`, good: false };
  const results: PairResult[] = [];
  const numbers = only === null ? Array.from({ length: Math.ceil(rounds / PAIR_ROUNDS) }, (_, i) => i) : [only];
  for (const number of numbers) {
    const since = performance.now();
    const result = await runPair({ program, seed, number });
    results.push(result);
    const plan = planPair(seed, number).map(pairRoundText).join("; ");
    say(
      `episode ${number}: ${result.sessions} sessions, ${result.breaches.length} breaches, ${seconds(since)} (${plan})`,
    );
    for (const breach of result.breaches) say(`  ${breach.slice(0, 2000)}`);
  }
  const { lines, summary, good } = pairReport(seed, results);
  for (const line of lines) say(line);
  return { summary, good };
}

/** Plants faults; the summary, and whether each was found. */
async function plant(seed: string, only: string | null): Promise<{ summary: string; good: boolean }> {
  const told = ({ plant, rounds, breach }: Found) =>
    say(`planted ${plant}: ${rounds === null ? "NOT FOUND" : `found in round ${rounds}`}: ${breach.slice(0, 200)}`);
  const all = await findPlants(seed, told, only ?? undefined);
  const found = all.filter(({ rounds }) => rounds !== null);
  return { summary: `${found.length} of ${all.length} planted faults found`, good: found.length === all.length };
}

if (import.meta.main) {
  const options = readOptions(Deno.args);
  if (options === null) {
    say("usage: deno task test:chaos -- --instances 2 [--rounds N] [--seed S] [--only EPISODE]");
    say("usage: deno task test:chaos -- [--rounds N] [--seed S] [--only EPISODE] [--no-planted | --planted [FAULT]]");
    say(`faults: ${PLANTS.join(", ")}`);
    Deno.exit(2);
  }
  const parts = [
    ...options.kills ? [await (options.instances === 2 ? killOfTwo(options) : kill(options))] : [],
    ...options.planted && options.instances === 1 && options.only === null
      ? [await plant(options.seed, options.plant)]
      : [],
  ];
  say(parts.map((part) => part.summary).join("; "));
  Deno.exit(parts.every((part) => part.good) ? 0 : 1);
}
