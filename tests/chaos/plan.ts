// What an episode does, known before it begins: five kills, four at places, one at a time chosen at random.
//
//   N1. The phases come out of a deck that the seed shuffles, so that each has its share however short a test is.
//   N2. A kill of the server ends a life; kills of sockets before it belong to the same life. A kill of sandboxes ends one
//       too: it is seen how their runs go on, then the server drains.
//   N3. What needs a run to have executed comes right after a kill of the server at a random time.
//   N4. Whoever looks for a fault aims one kill of each episode at where it would show; the others come as they come.
//   N5. A migration comes last, when the store has rows; its life begins with a store that was brought back.
import type { FaultPoint } from "@/lib/store/fault_point.ts";
import { type Chance, chance } from "./chance.ts";
import { type Card, DECK, type Kind, type Need, type Place, PLACES } from "./points.ts";

/** Kills of an episode. */
export const ROUNDS = 5;

/** One kill. */
export type Round =
  | { readonly at: "place"; readonly kind: Kind; readonly place: Place; readonly pass: number }
  | { readonly at: "random"; readonly kind: Kind; readonly ms: number; readonly running: boolean };
/** Where a fault that is looked for would show. */
export interface Aim {
  readonly point: FaultPoint;
  readonly kind: Kind;
}
/** The kills of one life of the server, in their order. */
export type Life = readonly Round[];

/** The plan of an episode; with an aim, one of its kills comes there. */
export function planEpisode(seed: string, episode: number, aim: Aim | null = null): Life[] {
  const of = chance(`${seed}/${episode}/plan`);
  const placed = dealt(seed, episode).map((card, i) =>
    aim !== null && i === 0 ? aimedRound(aim, of.fork(i)) : placeRound(card, of.fork(i))
  );
  const old = placed.filter((round) => needOf(round) === "old");
  const later = placed.filter((round) => needOf(round) === "lease");
  const others = placed.filter((round) => !old.includes(round) && !later.includes(round));
  const needed = later.length > 0;
  const kind = needed ? "server" : of.pick(["server", "sandbox", "socket", "socket"] as const);
  const random: Round = { at: "random", kind, ms: of.between(10, 900), running: needed || kind === "sandbox" };
  const rounds = needed ? [...others, random, ...later] : of.shuffled([...others, random]);
  return lives([...rounds, ...old]);
}

/** The four cards of an episode, from the deck. */
function dealt(seed: string, episode: number): Card[] {
  const cards = ROUNDS - 1;
  return Array.from({ length: cards }, (_, i) => {
    const at = episode * cards + i;
    const deck = chance(`${seed}/deck/${Math.floor(at / DECK.length)}`).shuffled(DECK);
    return deck[at % DECK.length] ?? { phase: "in a leaf" };
  });
}

function placeRound({ phase, kind }: Card, of: Chance): Round {
  const places = PLACES.filter((one) => one.phase === phase);
  // What is cut off shows best while it is at work.
  const place = of.pick(kind === "sandbox" ? places.filter(({ point }) => point === "leaf.output") : places);
  return { at: "place", kind: kind ?? of.pick(place.kinds), place, pass: of.between(1, place.most) };
}

function aimedRound({ point, kind }: Aim, of: Chance): Round {
  const place = of.pick(PLACES.filter((one) => one.point === point));
  return { at: "place", kind, place, pass: of.between(1, place.most) };
}

/** What people do so that a round comes to its kill. */
export function needOf(round: Round): Need {
  const need = round.at === "place" ? round.place.need : "runs";
  return need === "runs" && round.kind === "sandbox" ? "long runs" : need;
}

function lives(rounds: readonly Round[]): Life[] {
  const all: Round[][] = [[]];
  for (const round of rounds) {
    if (needOf(round) === "old" && all.at(-1)?.length !== 0) all.push([]);
    all.at(-1)?.push(round);
    if (round.kind !== "socket") all.push([]);
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
