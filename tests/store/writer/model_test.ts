// The writer against a store that delays, repeats, loses answers, throws and lies, and against another instance.
//
// HISTORIES sets how many histories are tried (default 400).
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Kv } from "@/lib/store/kv.ts";
import type { Faults } from "@/lib/store/writer/types.ts";
import type { History } from "./history.ts";
import { FATES } from "./hostile.ts";
import { runHistory } from "./model.ts";

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("submit" as const),
      session: fc.nat(2),
      what: fc.oneof(
        { weight: 8, arbitrary: fc.constant("add" as const) },
        { weight: 4, arbitrary: fc.constant("claim" as const) },
        { weight: 4, arbitrary: fc.constantFrom("look" as const, "look_out" as const) },
        { weight: 2, arbitrary: fc.constant("start" as const) },
        { weight: 1, arbitrary: fc.constantFrom("bulky" as const, "delete" as const) },
      ),
      key: fc.nat(1),
      urgent: fc.boolean(),
      owner: fc.constantFrom("run" as const, "person" as const),
      short: fc.nat(5).map((n) => n === 0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("interfere" as const),
      session: fc.nat(2),
      what: fc.constantFrom("add" as const, "claim" as const, "start" as const),
      key: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("race" as const), session: fc.nat(2), key: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("time" as const), timers: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.constant({ do: "turn" as const }) },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.constant({ do: "crash" as const }),
      fc.record({ do: fc.constant("forget" as const), session: fc.nat(2) }),
    ),
  },
);
const fate = fc.oneof({ weight: 4, arbitrary: fc.constantFrom("ok" as const, "ok" as const, "slow" as const) }, {
  weight: 3,
  arbitrary: fc.constantFrom(...FATES),
});
const history: fc.Arbitrary<History> = fc.record({
  remote: fc.boolean(),
  fates: fc.array(fate, { maxLength: 25 }),
  steps: fc.array(step, { minLength: 3, maxLength: 16 }),
});

async function tried(numRuns: number, faults: Faults): Promise<fc.RunDetails<[History]>> {
  using kv = await Deno.openKv(":memory:");
  const property = fc.asyncProperty(history, async (one) => {
    assertEquals(await runHistory(kv as unknown as Kv, one, faults), []);
  });
  return await fc.check(property, { numRuns, seed: 20, endOnFailure: Object.keys(faults).length > 0 });
}

Deno.test("[WR-MODEL] nothing acknowledged is missing, nothing stands twice, refusals rest on what is durable", async () => {
  const numRuns = Number(Deno.env.get("HISTORIES") ?? 400);
  const details = await tried(numRuns, {});
  assertEquals(details.failed, false, fc.defaultReportMessage(details));
  assertEquals(details.numRuns, numRuns);
});

const planted: Faults[] = [
  { believe_false: true },
  { overlap: true },
  { ack_early: true },
  { skip_head: true },
  { skip_outside: true },
];
for (const faults of planted) {
  Deno.test(`[WR-PLANTED] the model finds a writer that is broken by ${Object.keys(faults).join()}`, async () => {
    const details = await tried(3000, faults);
    assert(details.failed, "3,000 histories passed a broken writer");
  });
}
