// Whether the harness finds what is broken: each planted fault must show within 25 rounds.
import { PLANTS } from "@/lib/store/fault_point.ts";
import { runEpisode } from "./episode.ts";
import { ROUNDS } from "./plan.ts";

const MOST_ROUNDS = 25;

/** How a planted fault was found. */
export interface Found {
  readonly plant: string;
  /** Rounds until it was found, null: it was not. */
  readonly rounds: number | null;
  readonly breach: string;
}

/** Looks for one planted fault. */
export async function findPlant(plant: string, seed: string): Promise<Found> {
  let rounds = 0;
  for (let number = 0; rounds < MOST_ROUNDS; number++) {
    const { breaches, kills } = await runEpisode({ seed, number, plant });
    rounds += breaches.length > 0 ? Math.max(1, kills.length) : ROUNDS;
    if (breaches.length > 0) return { plant, rounds, breach: breaches[0] ?? "" };
  }
  return { plant, rounds: null, breach: "" };
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
