// The chaos harness: kills real servers over and over, and says what was lost, what ran twice, what got stuck.
//
//   deno run -A tests/chaos/main.ts --rounds 300 --seed 1     kills; five rounds are an episode, which depends on the seed
//                                                             and its number only: `--only 7` runs that one
//   deno run -A tests/chaos/main.ts --planted --seed 1        breaks the program on purpose, one way after the other, and
//                                                             says after how many rounds each was found
// Exit code 1 when anything is wrong, or a planted fault was not found.
import { type EpisodeResult, runEpisode } from "./episode.ts";
import { planEpisode, ROUNDS, roundText } from "./plan.ts";
import { findPlants, type Found } from "./planted.ts";
import { tallyText } from "./tally.ts";

const encoder = new TextEncoder();
const say = (text: string) => void Deno.stdout.writeSync(encoder.encode(`${text}\n`));
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

function option(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : args[at + 1];
}

/** Runs episodes; whether nothing was wrong. */
async function kill(seed: string, numbers: readonly number[]): Promise<boolean> {
  const started = performance.now();
  const results: EpisodeResult[] = [];
  for (const number of numbers) {
    const since = performance.now();
    const result = await runEpisode({ seed, number });
    results.push(result);
    const plan = planEpisode(seed, number).flat().map(roundText).join("; ");
    const { sessions, poisoned, breaches } = result;
    say(`episode ${number}: ${sessions} sessions, ${breaches.length} breaches, ${seconds(since)} (${plan})`);
    if (poisoned > 0) say(`  the poison guard ended ${poisoned} of its runs`);
    for (const breach of breaches) say(`  ${breach.slice(0, 2000)}`);
  }
  for (const line of tallyText(results.flatMap((result) => result.kills))) say(line);
  const total = (of: (result: EpisodeResult) => number) => results.reduce((sum, result) => sum + of(result), 0);
  const starts = results.flatMap((result) => result.starts_ms).sort((a, b) => a - b);
  say(`sessions ${total((one) => one.sessions)}, of them ended by the poison guard ${total((one) => one.poisoned)}`);
  say(`viewers connected ${total((one) => one.connections)} times`);
  say(`the server was ready after ${Math.round(starts[starts.length >> 1] ?? 0)} ms (median of ${starts.length})`);
  const breaches = total((result) => result.breaches.length);
  say(`${numbers.length * ROUNDS} rounds, seed ${seed}, ${seconds(started)}: ${breaches} breaches`);
  return breaches === 0;
}

/** Plants faults; whether each was found. */
async function plant(seed: string, only: string | undefined): Promise<boolean> {
  const told = ({ plant, rounds, breach }: Found) => {
    if (rounds === null) say(`${plant}: NOT FOUND ${breach.slice(0, 300)}`);
    else say(`${plant}: found in round ${rounds}: ${breach.slice(0, 300)}`);
  };
  const all = await findPlants(seed, told, only);
  return all.every((found) => found.rounds !== null);
}

if (import.meta.main) {
  const seed = option(Deno.args, "seed") ?? "1";
  const only = option(Deno.args, "only");
  const episodes = Math.ceil(Number(option(Deno.args, "rounds") ?? 25) / ROUNDS);
  const numbers = only === undefined ? Array.from({ length: episodes }, (_, i) => i) : [Number(only)];
  const good = Deno.args.includes("--planted") ? await plant(seed, only) : await kill(seed, numbers);
  Deno.exit(good ? 0 : 1);
}
