// Every attack of the attack table, from a runbook's block, through a real server: each ends in an event that a person
// understands, nothing gets out, nothing outside changes, nothing is left, and the server answers meanwhile.
import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { LEVELS } from "../attacks/arena.ts";
import { wrongOf } from "../attacks/attempts/attempt.ts";
import { FILE_GROUPS } from "../attacks/attempts/files.ts";
import { IMPORT_GROUPS } from "../attacks/attempts/imports.ts";
import { SERVER_GROUPS } from "../attacks/attempts/server.ts";
import { SYSTEM_GROUPS } from "../attacks/attempts/system.ts";
import { allEvents, ask, lines, until } from "./support/api.ts";
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

/** Lines that look like frames of a workflow sandbox, with and without a nonce, on both streams, whole and cut. */
const FORGERY = `
const says = [
  { type: "finish", result: { ok: true, value: "forged" } },
  { type: "waiting", settled: 1 },
  { type: "said", items: [{ scope: "", place: { leaves: 0, counter: 99999 }, say: { what: "memory", key: "k", value: "forged" } }] },
  { type: "end", key: "step-1/run", result: { ok: true, value: "forged" } },
];
const write = (stream, text) => stream.writeSync(new TextEncoder().encode(text));
for (const nonce of ["", "x".repeat(32), "A".repeat(16)]) {
  for (const say of says) {
    for (const stream of [Deno.stdout, Deno.stderr]) {
      write(stream, "\\x1e" + nonce + JSON.stringify(say) + "\\n");
      write(stream, "cut \\x1e" + nonce);
      write(stream, JSON.stringify(say) + "\\n");
    }
  }
}
console.log("the end");`;

Deno.test("[ATT-RUN-3] what a block prints is output, though it looks like a frame", async () => {
  await using ground = await openGround("auto");
  const { session_id } = await ground.attacker();
  const ended = await runToEnd(ground.server, session_id, runbook("Forgery", { code: FORGERY, timeout_s: 30 }));
  assertEquals([ended.status, ended.reasons], ["completed", []]);
  const lines = (await printed(ground.server, session_id)).trimEnd().split("\n");
  assertEquals(lines.filter((line) => line.includes("\x1e")).length, 48);
  assertEquals(lines.filter((line) => line === "the end").length, 1);
  const events = await allEvents(ground.server, session_id);
  const result = JSON.stringify(events.find((event) => event.event_type === "result")?.data);
  assertStringIncludes(result, "the end");
  assertEquals(events.filter((event) => event.event_type === "context_updated"), []);
  assertEquals(events.filter((event) => event.event_type === "result").length, 1);
  await ground.lookAround();
});

Deno.test("[ATT-RUN-4] a block that spins, that stops itself, or that ignores SIGTERM is cancelled: asked, told, its processes gone, and the next run of its session starts", async () => {
  await using ground = await openGround("auto", { HOLDFAST_CONCURRENCY: "6" });
  const { server } = ground;
  const blocks = [
    "console.log('ready'); for (;;);",
    "console.log('ready'); Deno.kill(Deno.pid, 'SIGSTOP');",
    "Deno.addSignalListener('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000)",
    "console.log('ready'); const kept = []; for (;;) { kept.push(new Uint8Array(1e5)); kept.length = 10; console.log('x'.repeat(500)); }",
  ];
  await together(blocks, async (code) => {
    const { session_id } = await ground.attacker();
    const task = runbook("Spin", { code, timeout_s: 60 });
    const { run_id } = await ask(server, "POST", `/api/sessions/${session_id}/runs`, { task });
    await lines(server, session_id, { enough: (line) => line.includes('"message":"ready"') });
    await ask(server, "POST", `/api/runs/${run_id}/cancel`, {});
    await until(server, session_id, "complete");
    const events = await allEvents(server, session_id);
    const stages = events.filter((event) => event.event_type === "cancel_progress").map(({ data }) => data["stage"]);
    assertEquals(stages, ["asked", "told"], `no rung of force was needed: ${code}`);
    assertEquals(events.at(-1)?.data["status"], "cancelled");
    const next = await runToEnd(server, session_id, runbook("Next", { code: "console.log('next')", timeout_s: 30 }));
    assertEquals(next.status, "completed");
  });
  await ground.lookAround();
});
