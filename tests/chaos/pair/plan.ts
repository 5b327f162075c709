// What a pair of servers goes through, known before it begins: five rounds, each with a victim.
//
//   PP1. The phases come out of a deck that the seed shuffles; one round of five comes at a random time.
//   PP2. What a takeover passes is reached by killing the other one first: its victim is who takes over.
import { type Chance, chance } from "../chance.ts";
import { type Kind, type Phase, PHASES, type Place, PLACES } from "../points.ts";
import { type Round, roundText } from "../plan.ts";

/** Rounds of an episode. */
export const ROUNDS = 5;
/** A phase of a pair: those of one server but for its migrations, and what only two can live through. */
export type PairPhase =
  | Exclude<Phase, "in a migration">
  | "server stands still"
  | "store stands still"
  | "store killed";
/** The phases of a pair. */
export const PAIR_PHASES: readonly PairPhase[] = [
  ...PHASES.filter((phase) => phase !== "in a migration"),
  "server stands still",
  "store stands still",
  "store killed",
];

/** One of two servers. */
export type Which = 0 | 1;
/** One round. */
export type PairRound =
  | { readonly what: "kill"; readonly victim: Which; readonly round: Round }
  | { readonly what: "freeze"; readonly victim: Which; readonly ms: number }
  | { readonly what: "away"; readonly killed: boolean; readonly ms: number };

/** The deck: each phase once, and twice the kills at work and of the store's own. */
const DECK: readonly PairPhase[] = [...PAIR_PHASES, "in a leaf", "server stands still"];

/** The plan of an episode. */
export function planPair(seed: string, episode: number): PairRound[] {
  const of = chance(`${seed}/${episode}/pair`);
  const random = of.between(0, ROUNDS - 1);
  return Array.from({ length: ROUNDS }, (_, i) => {
    const own = of.fork(i);
    if (i === random) return randomRound(own);
    return roundOf(dealt(seed, episode * (ROUNDS - 1) + (i < random ? i : i - 1)), own);
  });
}

function dealt(seed: string, at: number): PairPhase {
  const deck = chance(`${seed}/pair deck/${Math.floor(at / DECK.length)}`).shuffled(DECK);
  return deck[at % DECK.length] ?? "in a leaf";
}

function randomRound(of: Chance): PairRound {
  const kind = of.pick(["server", "server", "sandbox", "socket"] as const);
  const round: Round = { at: "random", kind, ms: of.between(10, 900), running: kind !== "socket" };
  return { what: "kill", victim: of.pick([0, 1] as const), round };
}

function roundOf(phase: PairPhase, of: Chance): PairRound {
  const victim = of.pick([0, 1] as const);
  switch (phase) {
    case "server stands still":
      return { what: "freeze", victim, ms: of.between(9_000, 13_000) };
    case "store stands still":
      return { what: "away", killed: false, ms: of.between(8_000, 12_000) };
    case "store killed":
      return { what: "away", killed: true, ms: of.between(200, 8_000) };
    default:
      return { what: "kill", victim, round: placeRound(of.pick(PLACES.filter((one) => one.phase === phase)), of) };
  }
}

function placeRound(place: Place, of: Chance): Round {
  // Who takes over is killed as a server: what its sandboxes and sockets go through is seen at other places.
  const kinds: readonly Kind[] = place.need === "lease" ? ["server"] : place.kinds;
  return { at: "place", kind: of.pick(kinds), place, pass: of.between(1, place.most) };
}

/** A round in words. */
export function pairRoundText(round: PairRound): string {
  switch (round.what) {
    case "kill":
      return `${round.victim}: ${roundText(round.round)}`;
    case "freeze":
      return `${round.victim}: stands still for ${round.ms} ms`;
    case "away":
      return `the store ${round.killed ? "is killed" : "stands still"} for ${round.ms} ms`;
  }
}
