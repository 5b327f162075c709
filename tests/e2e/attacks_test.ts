// Every attack of the attack table, from a runbook's block, through a real server: each ends in an event that a person
// understands, nothing gets out, nothing outside changes, nothing is left, and the server answers meanwhile.
import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { LEVELS } from "../attacks/arena.ts";
import { wrongOf } from "../attacks/attempts/attempt.ts";
import { FILE_GROUPS } from "../attacks/attempts/files.ts";
import { IMPORT_GROUPS } from "../attacks/attempts/imports.ts";
import { SERVER_GROUPS } from "../attacks/attempts/server.ts";
import { SYSTEM_GROUPS } from "../attacks/attempts/system.ts";
import { openGround } from "./support/attack_ground.ts";
import { healthWhile } from "./support/attack_health.ts";
import {
  assertSaid,
  groupBlock,
  printed,
  runbook,
  runToEnd,
  singleAttacks,
  SMALL,
  together,
} from "./support/attack_runs.ts";

/** Ten times what a person would bear to wait. */
const WORST_MS = 10_000;
const GROUPS = [...FILE_GROUPS, ...IMPORT_GROUPS, ...SYSTEM_GROUPS, ...SERVER_GROUPS];

for (const { level, missing } of LEVELS) {
  const skipped = missing === "" ? "" : ` (left out: ${missing})`;
  Deno.test(
    `[ATT-RUN-1] every try of every group from a block: refused as it must be, told as a refusal, and nothing gets out [${level}]${skipped}`,
    {
      ignore: missing !== "",
    },
    async () => {
      await using ground = await openGround(level, { HOLDFAST_MEMORY_MB: "1400", HOLDFAST_CONCURRENCY: "6" });
      const health = await healthWhile(ground.server.url, () =>
        together(GROUPS, async (group) => {
          const { session_id, around } = await ground.attacker();
          const code = groupBlock(group, around);
          const ended = await runToEnd(ground.server, session_id, runbook(group.id, { code, timeout_s: 60 }));
          assertEquals(wrongOf(group.attempts, await printed(ground.server, session_id), ground.level), [], group.id);
          const refusals = group.attempts.some(({ expect }) => `${expect}`.includes("NotCapable: Requires"));
          if (refusals) assertSaid(ended, /it asked for a right that it does not have: \w+/, group.id);
        }));
      await ground.lookAround();
      assertEquals(health.failed, 0);
      assertLess(health.worst, WORST_MS);
    },
  );
}

Deno.test("[ATT-RUN-2] code that spins, takes memory, floods, fills the disk, dies oddly or loads what it may not: its run fails and says why, and the server answers meanwhile", async () => {
  await using ground = await openGround("auto", SMALL);
  const health = await healthWhile(
    ground.server.url,
    () =>
      together(singleAttacks(ground.secrets), async ({ code, ends, timeout_s }) => {
        const { session_id } = await ground.attacker();
        assertSaid(await runToEnd(ground.server, session_id, runbook("Attack", { code, timeout_s })), ends, code);
      }),
  );
  await ground.lookAround();
  assert(health.samples > 100);
  assertEquals(health.failed, 0);
  assertLess(health.worst, WORST_MS);
});
