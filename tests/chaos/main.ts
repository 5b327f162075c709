// The chaos harness: kills real servers over and over, and says what was lost, what ran twice, what got stuck.
//
//   deno run -A tests/chaos/main.ts --rounds 300 --seed 1
// Five rounds are an episode: one data folder. An episode depends on the seed and its number only; `--only 7` runs that one.
import { type EpisodeResult, runEpisode } from "./episode.ts";
import { planEpisode, ROUNDS, roundText } from "./plan.ts";
import { tallyText } from "./tally.ts";

const encoder = new TextEncoder();
const say = (text: string) => void Deno.stdout.writeSync(encoder.encode(`${text}\n`));

function option(name: string, otherwise: string): string {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? otherwise : Deno.args[at + 1] ?? otherwise;
}

if (import.meta.main) {
  const seed = option("seed", "1");
  const only = option("only", "");
  const episodes = Math.ceil(Number(option("rounds", "25")) / ROUNDS);
  const numbers = only === "" ? Array.from({ length: episodes }, (_, i) => i) : [Number(only)];
  const started = performance.now();
  const results: EpisodeResult[] = [];
  for (const n of numbers) {
    const since = performance.now();
    const result = await runEpisode({ seed, number: n });
    results.push(result);
    const plan = planEpisode(seed, n).flat().map(roundText).join("; ");
    say(
      `episode ${n}: ${result.sessions} sessions, ${result.poisoned} ended by the poison guard, ` +
        `${result.breaches.length} breaches, ${((performance.now() - since) / 1000).toFixed(1)} s (${plan})`,
    );
    for (const breach of result.breaches) say(`  ${breach.slice(0, 2000)}`);
  }
  for (const line of tallyText(results.flatMap((result) => result.kills))) say(line);
  const breaches = results.reduce((sum, result) => sum + result.breaches.length, 0);
  say(
    `${results.length * ROUNDS} rounds in ${((performance.now() - started) / 1000).toFixed(1)} s: ${breaches} breaches`,
  );
  Deno.exit(breaches === 0 ? 0 : 1);
}
