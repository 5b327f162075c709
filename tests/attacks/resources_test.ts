// Code from outside tries to use up the machine, and the host must stay able to answer: attack table, resources.
import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { type Arena, attack, type Outcome } from "./arena.ts";
import { fills, FLOODS, GRABS, ODD_ENDS, OWN_MEMORY_ERROR, SPINS } from "./attempts/resources.ts";
import { spec } from "../sandbox/support.ts";

/** The longest time in which the host did nothing else while `fn` ran. */
async function longestGap(fn: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 2);
  await fn();
  clearInterval(timer);
  return longest;
}
/** On a shared machine with two cores the host itself is not always scheduled. */
const ANSWERS_MS = 5_000;

attack("[SBX-ATT-24] code that spins ends by the clock, however it spins", async ({ run }) => {
  const gap = await longestGap(async () => {
    for (const code of SPINS) {
      const result = await run(spec(code, { timeout_s: 0.25 }));
      assertEquals([result.ended, result.exit_code], ["timeout", 137], `${code} ${result.stderr}`);
      assertLess(result.duration_ms, 15_000);
    }
  });
  assertLess(gap, ANSWERS_MS);
});

attack("[SBX-ATT-25] code that takes memory ends, whatever kind of memory", async ({ run }) => {
  const gap = await longestGap(async () => {
    for (const code of GRABS) {
      const result = await run(spec(code, { memory_mb: 200, timeout_s: 120 }));
      assert(!result.ok, code);
      const caught = result.ended === "exit" && OWN_MEMORY_ERROR.test(result.stderr);
      assert(caught || result.ended === "memory", `${code}: ${JSON.stringify(result).slice(0, 600)}`);
    }
  });
  assertLess(gap, ANSWERS_MS);
});

attack("[SBX-ATT-26] a flood of output ends at its limit, in any shape", async ({ run }) => {
  const gap = await longestGap(async () => {
    for (const code of FLOODS) {
      const result = await run(spec(code, { output_bytes: 1_000_000, timeout_s: 120 }));
      assertEquals([result.ended, result.exit_code], ["output", 137], code);
      assert(result.heard.length <= 1_000_000, `${code} ${result.heard.length}`);
      assert(result.stdout.length <= 32_768 && result.stderr.length <= 32_768);
    }
  });
  assertLess(gap, ANSWERS_MS);
});

attack("[SBX-ATT-27] a disk is filled no further than the limit", async (arena: Arena) => {
  const gap = await longestGap(async () => {
    for (const code of fills({ files: 1000, disk_mb: 50 })) {
      const result: Outcome = await arena.run(spec(code, { disk_mb: 50, files: 1000, timeout_s: 100 }));
      assertEquals(result.ended, "disk", `${code}: ${JSON.stringify(result).slice(0, 500)}`);
      assertEquals([...Deno.readDirSync(arena.work)].length, 0, code);
    }
  });
  assertLess(gap, ANSWERS_MS);
});

attack("[SBX-ATT-28] open files, odd exits and deep stacks are the code's own trouble", async ({ run }) => {
  for (const { code, exit, stderr } of ODD_ENDS) {
    const result = await run(spec(code, { timeout_s: 60 }));
    assertStringIncludes(`${result.ended} ${result.exit_code}`, exit, code);
    assertMatch(result.stderr, stderr, code);
  }
});
