// What an episode does, known before it begins: five kills, four at places, one at a time chosen at random.
//
//   N1. The phases come out of a deck that the seed shuffles, so that each has its share however short a test is.
//   N2. A kill of the server ends a life; kills of sandboxes and sockets before it belong to the same life.
//   N3. What needs a run to have executed comes right after a kill of the server at a random time.
import { type Chance, chance } from "./chance.ts";
import { DECK, type Kind, type Need, type Phase, type Place, PLACES } from "./points.ts";

/** Kills of an episode. */
export const ROUNDS = 5;

/** One kill. */
export type Round =
  | { readonly at: "place"; readonly kind: Kind; readonly place: Place; readonly pass: number }
  | { readonly at: "random"; readonly kind: Kind; readonly ms: number; readonly running: boolean };
/** The kills of one life of the server, in their order; the last one may end it. */
export type Life = readonly Round[];

/** The plan of an episode. */
export function planEpisode(seed: string, episode: number): Life[] {
  const of = chance(`${seed}/${episode}/plan`);
  const placed = dealt(seed, episode).map((phase, i) => placeRound(phase, of.fork(i)));
  const first = placed.filter((round) => needOf(round) === "fresh");
  const later = placed.filter((round) => needOf(round) === "lease");
  const others = placed.filter((round) => !first.includes(round) && !later.includes(round));
  const needed = later.length > 0;
  const random: Round = {
    at: "random",
    kind: needed ? "server" : of.pick(["server", "sandbox", "socket"]),
    ms: of.between(10, 900),
    running: needed,
  };
  const rounds = needed ? [...first, ...others, random, ...later] : [...first, ...of.shuffled([...others, random])];
  return lives(rounds);
}

/** The four phases of an episode, from the deck. */
function dealt(seed: string, episode: number): Phase[] {
  const cards = ROUNDS - 1;
  return Array.from({ length: cards }, (_, i) => {
    const at = episode * cards + i;
    const deck = chance(`${seed}/deck/${Math.floor(at / DECK.length)}`).shuffled(DECK);
    return deck[at % DECK.length] ?? "in a leaf";
  });
}

function placeRound(phase: Phase, of: Chance): Round {
  const place = of.pick(PLACES.filter((one) => one.phase === phase));
  return { at: "place", kind: of.pick(place.kinds), place, pass: of.between(1, place.most) };
}

/** What people do so that a round comes to its kill. */
export function needOf(round: Round): Need {
  const need = round.at === "place" ? round.place.need : "runs";
  // What is cut off shows best while it is at work.
  return need === "runs" && round.kind === "sandbox" ? "long runs" : need;
}

function lives(rounds: readonly Round[]): Life[] {
  const all: Round[][] = [[]];
  for (const round of rounds) {
    all.at(-1)?.push(round);
    if (round.kind === "server") all.push([]);
  }
  return all;
}

/** What a life's kills are in HOLDFAST_FAULT. */
export function faultOf(life: Life): string {
  return life.flatMap((round) => {
    if (round.at === "random") return [];
    const { place: { point }, pass, kind } = round;
    return [`${point}:${pass}${kind === "server" ? "" : ":stop"}`];
  }).join(",");
}

/** A round in words. */
export function roundText(round: Round): string {
  if (round.at === "random") return `${round.kind} after ${round.ms} ms`;
  return `${round.kind} at ${round.place.point}:${round.pass}`;
}
