// A workflow sandbox that is hostile: it has the nonce and says what it likes. The host lives on, answers everybody else,
// and the log says the truth. Real service, real store, real processes; the acts are in support/attack_flow.ts.
import { assert, assertEquals, assertGreater, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import type { EventEnvelope } from "@/lib/model/event.ts";
import type { Run } from "@/lib/protocol/rest.ts";
import { LEVELS } from "../attacks/arena.ts";
import { until } from "../sandbox/support.ts";
import { type AttackedService, attackedService, longestGap } from "./support/attack_service.ts";

/** Ten times what a gap is on a machine that does nothing else. */
const GAP_MS = 2_000;
const isReady = (event: EventEnvelope) => event.data["message"] === "ready";
const stages = (events: readonly EventEnvelope[]) =>
  events.filter((event) => event.event_type === "cancel_progress").map((event) => event.data["stage"]);
const errorOf = (run: Run) => "error" in run && run.error !== undefined && run.error !== null ? run.error : null;

/** A run by somebody else still works. */
async function stillWorks(service: AttackedService): Promise<void> {
  const { run_id } = await service.attack("obeys");
  await service.becomes(run_id, "completed");
}

const BAD: Record<string, RegExp> = {
  deep_result: /nested deeper than 200 levels/,
  deep_failure: /nested deeper than 200 levels/,
  long_name: /does not fit the schema/,
  wrong_lines: /does not fit the schema/,
  wrong_files: /does not fit the schema/,
  wrong_type: /does not fit the schema/,
  host_word: /does not fit the schema/,
  too_long: /more than 2000000 bytes/,
  not_json: /not JSON/,
};

Deno.test("[FLOW-ATT-1] a frame that is too deep, too long, wrong in 900,000 places or no frame of a sandbox ends its run, says why in a line, and holds nobody up", async () => {
  await using service = await attackedService();
  const gap = await longestGap(async () => {
    const all = Object.entries(BAD).map(async ([name, why]) => {
      const { session_id, run_id } = await service.attack(name);
      const run = await service.becomes(run_id, "failed");
      assertEquals(errorOf(run)?.type, "bad_frame", name);
      assertMatch(errorOf(run)?.message ?? "", why, name);
      assertLess(errorOf(run)?.message.length ?? 0, 500);
      const events = await service.events(session_id);
      assertEquals(events.filter((event) => event.event_type === "error").length, 1, name);
      assertEquals(events.at(-1)?.event_type, "complete");
    });
    await Promise.all(all);
    await stillWorks(service);
  });
  assertLess(gap, GAP_MS);
});

Deno.test("[FLOW-ATT-2] what a run may not say is refused by the engine: a scope that is not its own, an answer of its own to its own question", async () => {
  await using service = await attackedService();
  const other = await service.attack("other_scope");
  assertEquals(errorOf(await service.becomes(other.run_id, "failed"))?.type, "conflict");
  const forged = await service.attack("forged_answer");
  await service.heard(forged.session_id, isReady);
  const events = await service.events(forged.session_id);
  assert(events.some((event) => event.event_type === "approval_requested"));
  assert(!events.some((event) => event.event_type === "approval_received"), "nobody answered");
  await service.cancel(forged.run_id);
  await service.becomes(forged.run_id, "cancelled");
});

Deno.test("[FLOW-ATT-3] an error and a result as large as a frame may be are kept whole and end the run", async () => {
  await using service = await attackedService();
  const error = await service.attack("long_error");
  const failed = await service.becomes(error.run_id, "failed");
  assertEquals([errorOf(failed)?.type, errorOf(failed)?.message.slice(0, 3)], ["hostile", "mmm"]);
  const result = await service.attack("huge_result");
  const completed = await service.becomes(result.run_id, "completed");
  assertGreater(JSON.stringify(completed.result).length, 1000);
  await stillWorks(service);
});

Deno.test("[FLOW-ATT-4] after its finish nothing of a sandbox is heard, and its process goes", async () => {
  await using service = await attackedService();
  const { session_id, run_id } = await service.attack("after_finish");
  const run = await service.becomes(run_id, "completed");
  assertEquals(run.result, "finished");
  await until(() => service.processes().length === 0, 10_000, "the end of its process");
  const events = await service.events(session_id);
  assertEquals(events.at(-1)?.event_type, "complete");
  assertEquals(events.filter((event) => event.event_type === "result" || event.event_type === "warning").length, 1);
});

Deno.test("[FLOW-ATT-5] 100,000 tiny frames: every line stands in the log once and in its order, and the host answers meanwhile", async () => {
  await using service = await attackedService({ HOLDFAST_OUTPUT_MB: "64" });
  let lines = "";
  const gap = await longestGap(async () => {
    const { session_id, run_id } = await service.attack("tiny_frames");
    await service.becomes(run_id, "completed");
    for await (const chunk of service.holdfast.log.chunks(session_id, 0)) {
      lines += new TextDecoder().decode(chunk.lines);
    }
  });
  const said = [...lines.matchAll(/"message":"w(\d+)"/g)].map((match) => Number(match[1]));
  assertEquals(said.length, 100_000);
  said.forEach((n, at) => n === at + 1 || assertEquals(n, at + 1));
  assertLess(gap, GAP_MS);
});

Deno.test("[FLOW-ATT-6] wishes without end cost the server neither its memory nor its store", async () => {
  await using service = await attackedService();
  const before = Deno.memoryUsage().rss;
  const gap = await longestGap(async () => {
    const floods = await Promise.all(["files_flood", "deaf_reads", "exec_flood"].map((name) => service.attack(name)));
    const [files, deaf, execs] = floods;
    assert(files !== undefined && deaf !== undefined && execs !== undefined);
    assertStringIncludes(errorOf(await service.becomes(execs.run_id, "failed"))?.message ?? "", "128 MB");
    await service.becomes(files.run_id, "completed");
    await service.heard(deaf.session_id, isReady);
    await stillWorks(service);
    assertLess(Deno.memoryUsage().rss - before, 700_000_000);
    await service.cancel(deaf.run_id);
    await service.becomes(deaf.run_id, "cancelled");
  });
  assertLess(gap, GAP_MS);
});

/** Rungs of the ladder to its top; under bwrap SIGTERM would leave no grace and is left out. */
const TO_THE_TOP: Record<string, string[]> = {
  limits: ["asked", "told", "terminated", "killed"],
  bwrap: ["asked", "told", "killed"],
};

async function climb(level: string, rungs: string[]): Promise<void> {
  await using service = await attackedService({ HOLDFAST_SANDBOX: level });
  await Promise.all(["spins", "stops", "ignores"].map(async (name) => {
    const { session_id, run_id } = await service.attack(name);
    await service.heard(session_id, isReady);
    const since = performance.now();
    await service.cancel(run_id);
    await service.becomes(run_id, "cancelled");
    const took = performance.now() - since;
    // SIGTERM ends what only spins, where it may be sent.
    const climbed = name === "spins" && rungs.includes("terminated") ? rungs.slice(0, 3) : rungs;
    assertEquals(stages(await service.events(session_id)), climbed, `${name} ${level}`);
    assertGreater(took, climbed.includes("killed") ? 4_900 : 1_900, `${name} ${level}`);
    assertLess(took, 20_000, `${name} ${level}`);
    const next = await service.attack("obeys", session_id);
    await service.becomes(next.run_id, "completed");
  }));
  await until(() => service.processes().length === 0, 10_000, "the end of all processes");
}

Deno.test("[FLOW-ATT-7] a sandbox that spins, that is stopped, or that ignores SIGTERM is gone 5 s after its cancel, each rung is told, and the next run of its session starts", async () => {
  const levels = LEVELS.filter(({ missing }) => missing === "").map(({ level }) => level);
  assertGreater(levels.length, 0);
  await Promise.all(levels.map((level) => climb(level, TO_THE_TOP[level] ?? [])));
});

Deno.test("[FLOW-ATT-8] once another fence was taken, nothing of the old sandbox is heard, whatever it goes on to say", async () => {
  await using service = await attackedService();
  const attacked = await service.attack("talks");
  const { session_id, run_id } = attacked;
  const pidOf = (event: EventEnvelope) => /^pid (\d+)$/.exec(`${event.data["message"]}`)?.[1];
  const first = pidOf(await service.heard(session_id, (event) => pidOf(event) !== undefined));
  await service.lose(attacked);
  await service.heard(session_id, (event) => ![undefined, first].includes(pidOf(event)));
  const events = await service.events(session_id);
  const resumed = events.findIndex((event) => event.event_type === "workflow_resumed");
  assertGreater(resumed, 0);
  assertEquals(events.slice(resumed).filter((event) => pidOf(event) === first), []);
  await service.cancel(run_id);
  await service.becomes(run_id, "cancelled");
});
