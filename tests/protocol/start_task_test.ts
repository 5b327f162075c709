import { assertEquals, assertLess } from "@std/assert";
import { StartTask } from "@/lib/protocol/rest.ts";

Deno.test("[RJS3] the config of a start is checked in one pass, however many keys it has", () => {
  const config = Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`k${i}`, i]));
  const since = performance.now();
  const parsed = StartTask.parse({ task: "t", config: { mode: "m", ...config } });
  // Two passes against each other took five seconds, in which nobody was answered.
  assertLess(performance.now() - since, 2_000);
  assertEquals([parsed.config.mode, parsed.config["k59999"], Object.keys(parsed.config).length], ["m", 59_999, 60_001]);
  assertEquals(StartTask.safeParse({ task: "t", config: { mode: 1 } }).success, false);
});
