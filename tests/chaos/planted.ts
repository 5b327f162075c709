// Whether the harness finds what is broken: each planted fault must show within 25 rounds.
import { type Plant, PLANTS } from "@/lib/store/fault_point.ts";
import { runEpisode } from "./episode.ts";
import { type Aim, ROUNDS } from "./plan.ts";

const MOST_ROUNDS = 25;
/** What shows each fault: any other breach is one of its own, and no proof. */
const SHOWS: Record<Plant, RegExp> = {
  ack_early: /was acknowledged|was answered|were seen|was reset/,
  skip_fence: /which was over|had begun|is completed with/,
  drop_chunk: /answers 500|the log of .* ends at|stands where|was given seq/,
  double_answer: /were acknowledged|received/,
  replay_emits: /says again/,
  start_early: /had begun|processes of blocks/,
};

/** Where those show that few kills would show. */
const AIMS: Partial<Record<Plant, Aim>> = {
  ack_early: { point: "commit.slow", kind: "server" },
  skip_fence: { point: "leaf.output", kind: "sandbox" },
  start_early: { point: "leaf.output", kind: "sandbox" },
};

/** How a planted fault was found. */
export interface Found {
  readonly plant: Plant;
  /** Rounds until it was found, null: it was not. */
  readonly rounds: number | null;
  /** What showed it; where it was not found, what else was wrong. */
  readonly breach: string;
}

/** Looks for one planted fault. */
export async function findPlant(plant: Plant, seed: string): Promise<Found> {
  const aim = AIMS[plant];
  let rounds = 0;
  let other = "";
  for (let number = 0; rounds < MOST_ROUNDS; number++) {
    const { breaches, kills } = await runEpisode({ seed, number, plant, ...(aim === undefined ? {} : { aim }) });
    rounds += breaches.length > 0 ? Math.max(1, kills.length) : ROUNDS;
    const shown = breaches.find((breach) => SHOWS[plant].test(breach));
    if (shown !== undefined) return { plant, rounds, breach: shown };
    other ||= breaches[0] ?? "";
  }
  return { plant, rounds: null, breach: other };
}

/** Looks for every planted fault; `told` hears of each. */
export async function findPlants(seed: string, told: (found: Found) => void, only?: string): Promise<Found[]> {
  const all: Found[] = [];
  for (const plant of PLANTS.filter((one) => only === undefined || one === only)) {
    const found = await findPlant(plant, seed);
    told(found);
    all.push(found);
  }
  return all;
}
