// The short version of the harness, part of the test command; `deno run -A tests/chaos/main.ts` is the long one.
import { assertEquals } from "@std/assert";
import { chance } from "./chance.ts";
import { runEpisode } from "./episode.ts";
import { breachesOf, parseLog } from "./log_rules.ts";
import { type Mark, markBreaches } from "./marks.ts";
import type { Book } from "./books.ts";
import { planEpisode, ROUNDS } from "./plan.ts";
import { findPlant } from "./planted.ts";
import { PHASES } from "./points.ts";
import { reportOf, wrongOf } from "./report.ts";

const EPISODES = 5;

Deno.test("[CHAOS1] the seed alone says what an episode does, and every phase has its share of the kills", () => {
  assertEquals(planEpisode("1", 3), planEpisode("1", 3));
  const kills = Array.from({ length: 60 }, (_, n) => planEpisode("7", n)).flat(2);
  assertEquals(kills.length, 60 * ROUNDS);
  assertEquals(kills.filter((kill) => kill.at === "random").length, 60);
  for (const phase of PHASES) {
    const share = kills.filter((kill) => kill.at === "place" && kill.place.phase === phase).length / kills.length;
    assertEquals(share >= 0.05, true, `${phase}: ${share}`);
  }
  const of = chance("same");
  assertEquals(of.fork("a").between(0, 1_000_000), chance("same").fork("a").between(0, 1_000_000));
});

const BOOK: Book = {
  kind: "two",
  task: "",
  config: {},
  ends: "completed",
  blocks: ["One", "Two"].map((name) => ({ name, step: name, lines: 2, pause_ms: 0 })),
};
const line = (seq: number, event_type: string, data: Record<string, unknown>) =>
  JSON.stringify({ seq, event_type, run_id: "r", session_id: "s", data });
const first = (...lines: string[]) => breachesOf("s", parseLog(lines), BOOK)[0]?.replace(/^seq \d+ /, "") ?? "none";

Deno.test("[CHAOS2] a log with a gap, a line twice, a line too few or a line of an attempt that was over is a breach", () => {
  const output = (seq: number, message: string) => line(seq, "output", { message });
  const done = (seq: number) => line(seq, "step_completed", { step_id: "one", name: "One", attempt: 1 });
  const [zero, one] = [output(1, "One 0123abcd 0"), output(2, "One 0123abcd 1")];
  assertEquals(first(zero, one, done(3)), "none");
  assertEquals(first(zero, output(3, "One 0123abcd 1")), "stands where 2 should");
  assertEquals(first(zero, output(2, "One 0123abcd 0")), "is line 0 of One 0123abcd, expected 1");
  assertEquals(first(zero, done(2)), "step One is completed with 1 of 2 lines of One");
  assertEquals(first(zero, one, done(3), done(4)), "says again what seq 3 says: step_completed one 1");
  assertEquals(
    first(zero, output(2, "One aaaaaaaa 0"), output(3, "One 0123abcd 1")),
    "is of attempt 0123abcd of One, which was over",
  );
  const resumed = line(2, "workflow_resumed", {});
  assertEquals(first(zero, resumed, output(3, "One aaaaaaaa 0")), "none");
  assertEquals(first(zero, resumed, output(3, "One 0123abcd 1")), "is of attempt 0123abcd of One, which was over");
});

Deno.test("[CHAOS3] a block that begins again after the next one, or ends after its next attempt began, is a breach", () => {
  const marks = (text: string) =>
    text.split(", ").map((one) => {
      const [what, block, id] = one.split(" ");
      return { what, block, id } as Mark;
    });
  const found = (text: string, losses: number) => markBreaches(marks(text), BOOK, losses).length;
  assertEquals(found("begin One a, end One a, begin Two b, end Two b", 0), 0);
  assertEquals(found("begin One a, begin One b, end One b", 1), 0);
  assertEquals(found("begin One a, begin One b, end One b", 0), 1);
  assertEquals(found("begin One a, begin One b, end One a", 1), 1);
  assertEquals(found("begin One a, end One a, begin Two b, begin One c", 1), 1);
});

Deno.test("[CHAOS5] the report counts what is wrong by its kind, kills by phase, and runs that the guard ended apart", () => {
  const breaches = [
    "session a: seq 7 says again what seq 3 says: result",
    "settle: not at rest after 60000 ms",
    "x: y",
  ];
  assertEquals(breaches.map(wrongOf), ["repeated", "stuck", "other"]);
  assertEquals(wrongOf("session a (gates): has 3 lines, 9 were seen"), "lost");
  const kill = { kind: "server", phase: "in a wait", named: true } as const;
  const result = { breaches: [], kills: [kill, kill], sessions: 1, poisoned: [], connections: 1, starts_ms: [5, 7] };
  const clean = reportOf("1", [result]);
  assertEquals(clean.summary, `2 rounds, seed 1: 0 lost, 0 repeated, 0 stuck, phases 1 of ${PHASES.length}`);
  assertEquals([clean.good, reportOf("1", [{ ...result, breaches }]).good], [true, false]);
  assertEquals(reportOf("1", Array.from({ length: 60 }, () => result)).good, false, "a phase was hardly tried");
  const apart = reportOf("1", [{ ...result, poisoned: [1, 1] }]).lines;
  assertEquals(
    apart.some((line) => line.startsWith("ended by the poison guard, counted apart: 1 rounds (2 runs)")),
    true,
  );
});

Deno.test("[CHAOS4] 25 kills of servers, sandboxes and sockets: nothing lost, nothing twice, nothing stuck", async () => {
  const kills: unknown[] = [];
  for (let number = 0; number < EPISODES; number++) {
    const result = await runEpisode({ seed: "1", number });
    assertEquals(result.breaches, []);
    kills.push(...result.kills);
  }
  assertEquals(kills.length, EPISODES * ROUNDS);
});

for (const plant of ["drop_chunk", "ack_early"] as const) {
  Deno.test(`[CHAOS6] a program that is broken by ${plant} is found within 25 rounds, by what shows it`, async () => {
    const found = await findPlant(plant, "1");
    assertEquals(found.rounds !== null, true, found.breach);
  });
}
