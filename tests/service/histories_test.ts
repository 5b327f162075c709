// Life cycles of sessions, runs and approvals against a small model: random histories of what people, clocks and crashes
// do, through the real service on the real store, in memory and in a file.
//
// HISTORIES=3000 plays that many, SEED=2 others. A failure names its seed and the history; SHRINK=1 looks for a shorter one, which takes
// a while: what does not come to rest is waited for each time.
import { assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { type Act, play, WHAT } from "./support/history_acts.ts";
import type { Plant } from "./support/history_plants.ts";

const NUMBER = Number(Deno.env.get("HISTORIES") ?? "12");
const MOST_ACTS = 20;
// The same histories each time; SEED=2 plays others.
const seed = Number(Deno.env.get("SEED") ?? "1");
const endOnFailure = Deno.env.get("SHRINK") === undefined;

const act: fc.Arbitrary<Act> = fc.record({
  what: fc.constantFrom(...WHAT, "create", "start", "open", "answer", "resume", "retry"),
  a: fc.nat(63),
  b: fc.nat(63),
});
const history = fc.array(act, { minLength: 4, maxLength: MOST_ACTS })
  .map((acts): Act[] => [{ what: "create", a: acts.length, b: 1 }, ...acts]);

Deno.test("[HIST1] every history of sessions, runs and approvals goes as the model says, on a store in memory", async () => {
  await fc.assert(fc.asyncProperty(history, (acts) => play(acts)), { seed, numRuns: NUMBER, endOnFailure });
});

Deno.test("[HIST2] so it goes on a store in a file, over crashes", async () => {
  const folder = await Deno.makeTempDir();
  let n = 0;
  try {
    await fc.assert(fc.asyncProperty(history, (acts) => play(acts, { kv: `${folder}/${++n}.kv` })), {
      seed,
      numRuns: Math.ceil(NUMBER / 5),
      endOnFailure,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Short histories that show what a planted fault does; without it they go as the model says. */
const SHOWN: Record<Plant, { acts: Act[]; found: RegExp }> = {
  resume_completed: {
    acts: [{ what: "create", a: 3, b: 1 }, { what: "resume", a: 0, b: 0 }],
    found: /act 1 .*taken or refused/s,
  },
  keeps_questions: {
    acts: [{ what: "create", a: 1, b: 1 }, { what: "cancel", a: 0, b: 0 }],
    found: /act 1 .*(pending approvals|pulse)/s,
  },
  loses_version: {
    acts: [{ what: "create", a: 3, b: 0 }, { what: "suspend", a: 0, b: 0 }],
    found: /act 1 .*version/s,
  },
};

for (const plant of ["resume_completed", "keeps_questions", "loses_version"] as const) {
  Deno.test(`[HIST3] a planted fault is found: ${plant}`, async () => {
    const { acts, found } = SHOWN[plant];
    await play(acts);
    const error = await assertRejects(() => play(acts, { plant }), Error);
    assertMatch(error.message, found);
  });
}
