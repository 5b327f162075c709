// What many episodes came to: kills by phase, what is wrong by its kind, and one line that says it all.
//
//   T1. Whatever is wrong counts, also what is of no known kind.
//   T2. Rounds that end by the poison guard are counted apart: a run that was lost too often has ended as it should, and
//       proves nothing of the phase in which it was killed.
//   T3. In a long test (100 rounds and more) each phase has at least 5 % of the kills, or the test has failed.
import type { EpisodeResult } from "./episode.ts";
import { type Kind, type Phase, PHASES } from "./points.ts";

/** One kill that happened. */
export interface Kill {
  readonly kind: Kind;
  readonly phase: Phase;
  /** At a place that was planned; else at a time. */
  readonly named: boolean;
}
/** What can be wrong. */
export type Wrong = "lost" | "repeated" | "stuck" | "other";

/** Kinds of what is wrong, by the words of breaches; the first that fits. */
const WORDS: readonly (readonly [Wrong, RegExp])[] = [
  [
    "repeated",
    /began again|says again|which was over|had begun$|were acknowledged|was received [2-9]|shows .* [2-9] times|is line/,
  ],
  [
    "stuck",
    /never ended|not at rest|said nothing|waits for|shows no wait|was not answered|outlived|are left after|at rest$/,
  ],
  [
    "lost",
    /was acknowledged|were seen|was reset|stands where|was given seq|ends at|is completed with|and is now|is missing|was received 0|lost|shows .* 0 times|was answered|was .*, is|sessions of \d|answers \d|of \d+ started/,
  ],
];

/** Of which kind a breach is. */
export function wrongOf(breach: string): Wrong {
  return WORDS.find(([, words]) => words.test(breach))?.[0] ?? "other";
}

/** Share of the kills below which a phase was not tried enough, in a long test. */
const LEAST_SHARE = 0.05;
const LONG_ROUNDS = 100;

/** What the rounds of a seed came to. */
export interface Report {
  readonly lines: readonly string[];
  /** `300 rounds, seed 1: 0 lost, …`. */
  readonly summary: string;
  readonly good: boolean;
}

/** Counts. */
export function reportOf(seed: string, results: readonly EpisodeResult[]): Report {
  const kills = results.flatMap(({ kills, poisoned }) => kills.filter((_, round) => !poisoned.includes(round)));
  const rounds = results.reduce((sum, { kills }) => sum + kills.length, 0);
  const runs = results.reduce((sum, { poisoned }) => sum + poisoned.length, 0);
  const starts = results.flatMap(({ starts_ms }) => starts_ms).sort((a, b) => a - b);
  const breaches = results.flatMap((result) => result.breaches);
  const count = (wrong: Wrong) => breaches.filter((breach) => wrongOf(breach) === wrong).length;
  const thin = PHASES.filter((phase) => shareOf(kills, phase) < LEAST_SHARE);
  const other = count("other");
  const wrong = `${count("lost")} lost, ${count("repeated")} repeated, ${count("stuck")} stuck`;
  const phases = `phases ${
    PHASES.length - PHASES.filter((phase) => shareOf(kills, phase) === 0).length
  } of ${PHASES.length}`;
  const enough = rounds < LONG_ROUNDS || thin.length === 0;
  return {
    lines: [
      ...tallyText(kills),
      `at a random time ${
        results.flatMap((one) => one.kills).filter((kill) => !kill.named).length
      } of ${rounds} rounds`,
      `ended by the poison guard, counted apart: ${rounds - kills.length} rounds (${runs} runs)`,
      `sessions ${results.reduce((sum, one) => sum + one.sessions, 0)}, viewers connected ${
        results.reduce((sum, one) => sum + one.connections, 0)
      } times`,
      `start to ready: median ${ms(starts, 0.5)}, 95 % ${ms(starts, 0.95)}, longest ${
        ms(starts, 1)
      } of ${starts.length}`,
      ...enough ? [] : [`less than 5 % of the kills: ${thin.join(", ")}`],
    ],
    summary: `${rounds} rounds, seed ${seed}: ${wrong}${other === 0 ? "" : `, ${other} other breaches`}, ${phases}`,
    good: breaches.length === 0 && enough,
  };
}

const ms = (sorted: readonly number[], at: number) =>
  `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? 0)} ms`;

function shareOf(kills: readonly Kill[], phase: Phase): number {
  return kills.length === 0 ? 0 : kills.filter((kill) => kill.phase === phase).length / kills.length;
}

/** The table of kills by phase. */
function tallyText(kills: readonly Kill[]): string[] {
  const row = (name: string, of: readonly Kill[]) => {
    const count = (kind: Kind) => `${of.filter((kill) => kill.kind === kind).length}`.padStart(8);
    const named = `${of.filter((kill) => kill.named).length}`.padStart(12);
    const share = (kills.length === 0 ? 0 : 100 * of.length / kills.length).toFixed(1).padStart(8);
    return `${name.padEnd(28)}${count("server")}${count("sandbox")}${count("socket")}${named}${share} %`;
  };
  const [server, sandbox, socket] = ["server", "sandbox", "socket"].map((name) => name.padStart(8));
  return [
    `${"killed".padEnd(28)}${server}${sandbox}${socket}${"at a place".padStart(12)}${"share".padStart(8)}`,
    ...PHASES.map((phase) => row(phase, kills.filter((kill) => kill.phase === phase))),
    row("all", kills),
  ];
}
