// The short version of the harness for two servers, part of the test command; left out where there is no denokv.
import { assertEquals } from "@std/assert";
import { findDenokv } from "../../e2e/support/denokv.ts";
import { block, code, counted } from "../blocks.ts";
import { PLACES } from "../points.ts";
import { runPair } from "./episode.ts";
import { PAIR_PHASES, type PairRound, planPair, ROUNDS } from "./plan.ts";
import { pairReport } from "./report.ts";

const program = await findDenokv();
const working = PLACES.find(({ point }) => point === "leaf.output");
/** A kill at work, and a server that stands still for longer than its lease. */
const SHORT: readonly PairRound[] = [
  ...working === undefined
    ? []
    : [{ what: "kill", victim: 0, round: { at: "place", kind: "server", place: working, pass: 5 } } as const],
  { what: "freeze", victim: 1, ms: 9_000 },
  { what: "away", killed: true, ms: 500 },
];

Deno.test("[PAIR1] the seed alone says what two servers go through, and every phase comes within 60 rounds", () => {
  assertEquals(planPair("1", 3), planPair("1", 3));
  const rounds = Array.from({ length: 12 }, (_, n) => planPair("5", n)).flat();
  assertEquals(rounds.length, 12 * ROUNDS);
  const phases = rounds.map((round) =>
    round.what === "freeze"
      ? "server stands still"
      : round.what === "away"
      ? round.killed ? "store killed" : "store stands still"
      : round.round.at === "place"
      ? round.round.place.phase
      : "random"
  );
  for (const phase of PAIR_PHASES) {
    assertEquals(phases.filter((one) => one === phase).length > 0, true, phase);
  }
  assertEquals(phases.filter((phase) => phase === "random").length, 12);
});

Deno.test("[PAIR2] marks of blocks go to a counter outside, each with its block and its attempt", () => {
  const text = counted(code(block("Alpha", 2, 0)), "http://localhost:1/7");
  assertEquals(text.includes("ran.txt"), false);
  assertEquals(text.includes("fetch(`http://localhost:1/7/${what}/Alpha/${id}`)"), true);
});

Deno.test("[PAIR3] the report says by phase what was lost, the takeovers seen, their median and the longest", () => {
  const loss = { kind: "server", phase: "in a leaf", named: true, taken_ms: [6_000, 7_000, 8_500] } as const;
  const { lines, good } = pairReport("1", [{ breaches: [], losses: [loss], sessions: 2, connections: 3 }]);
  const row = lines.find((line) => line.startsWith("in a leaf"));
  assertEquals(row?.replaceAll(/ +/g, " "), "in a leaf 1 3 median 7.0 s, longest 8.5 s");
  assertEquals(good, true);
  assertEquals(pairReport("1", [{ breaches: ["a: b"], losses: [], sessions: 0, connections: 0 }]).good, false);
});

Deno.test({
  name: "[PAIR4] one of two servers is killed, one stands still past its lease, their store is killed: " +
    "nothing lost, nothing twice, nothing stuck",
  ignore: program === null,
  async fn() {
    const { breaches, losses } = await runPair({ program: program ?? "", seed: "1", number: 0, rounds: SHORT });
    assertEquals(breaches, []);
    assertEquals(losses.length, SHORT.length);
  },
});
