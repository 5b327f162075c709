// What many episodes of a pair came to: by phase the losses, the takeovers seen, and how long these took.
import { wrongOf } from "../report.ts";
import type { PairResult } from "./episode.ts";
import { PAIR_PHASES } from "./plan.ts";

/** A report. */
export interface PairReport {
  readonly lines: readonly string[];
  readonly summary: string;
  readonly good: boolean;
}

/** Counts. */
export function pairReport(seed: string, results: readonly PairResult[]): PairReport {
  const losses = results.flatMap((result) => result.losses);
  const breaches = results.flatMap((result) => result.breaches);
  const row = (name: string, of: typeof losses) => {
    const times = of.flatMap(({ taken_ms }) => taken_ms).sort((a, b) => a - b);
    const median = times[Math.floor(times.length / 2)];
    const text = median === undefined ? "" : `median ${seconds(median)}, longest ${seconds(times.at(-1) ?? 0)}`;
    return `${name.padEnd(28)}${`${of.length}`.padStart(8)}${`${times.length}`.padStart(12)}  ${text}`;
  };
  const count = (wrong: ReturnType<typeof wrongOf>) => breaches.filter((breach) => wrongOf(breach) === wrong).length;
  const tried = PAIR_PHASES.filter((phase) => losses.some((loss) => loss.phase === phase)).length;
  const sum = (of: (result: PairResult) => number) => results.reduce((all, result) => all + of(result), 0);
  return {
    lines: [
      `${"two servers, one store".padEnd(28)}${"losses".padStart(8)}${"takeovers".padStart(12)}`,
      ...PAIR_PHASES.map((phase) => row(phase, losses.filter((loss) => loss.phase === phase))),
      row("all", losses),
      `at a random time ${losses.filter(({ named }) => !named).length} of ${losses.length} rounds`,
      `sessions ${sum(({ sessions }) => sessions)}, viewers connected ${sum(({ connections }) => connections)} times`,
    ],
    summary: `${losses.length} rounds with two servers, seed ${seed}: ${count("lost")} lost, ` +
      `${count("repeated")} repeated, ${count("stuck")} stuck, ${count("other")} other breaches, ` +
      `phases ${tried} of ${PAIR_PHASES.length}`,
    good: breaches.length === 0,
  };
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
