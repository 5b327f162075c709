import { assertEquals } from "@std/assert";
import { createHealth } from "@/lib/service/health.ts";
import { Counters, prometheusText } from "@/lib/service/metrics.ts";
import { FakeClock } from "./support/fake_clock.ts";

function health(kv: () => Promise<string>) {
  const clock = new FakeClock();
  const fine = () => Promise.resolve("fine");
  let draining = false;
  let away = false;
  const it = createHealth({
    version: "0",
    instance: "i",
    isolation: "plain",
    clock,
    checks: { kv, sandbox: fine, recovery: fine, disk: fine },
    away: () => away,
    draining: () => draining,
    metrics: () => "",
  });
  return { clock, it, drain: () => draining = true, leave: (gone: boolean) => away = gone };
}

Deno.test("[HEA1] checks are exercised at most once in 5 s, however many ask", async () => {
  let asked = 0;
  const { it, clock } = health(() => Promise.resolve(`asked ${++asked}`));
  await Promise.all([it.ready(), it.ready()]);
  clock.advance(5_000);
  await it.ready();
  assertEquals(asked, 1);
  clock.advance(1);
  assertEquals((await it.ready()).checks.kv.detail, "asked 2");
});

Deno.test("[HEA2] a check that fails or does not end makes the instance not ready, and says why", async () => {
  const failed = health(() => Promise.reject(new Error("the store is away")));
  assertEquals((await failed.it.ready()).checks.kv, { ok: false, detail: "the store is away" });
  const stuck = health(() => new Promise<string>(() => {}));
  const ready = stuck.it.ready();
  stuck.clock.advance(4_000);
  assertEquals((await ready).ok, false);
});

Deno.test("[HEA3] an instance that drains is not ready", async () => {
  const { it, drain } = health(() => Promise.resolve("fine"));
  assertEquals((await it.ready()).ok, true);
  drain();
  assertEquals((await it.ready()).ok, false);
});

Deno.test("[HEA4] a store that is away makes the instance not ready at once, and ready at once when it is back", async () => {
  const { it, leave } = health(() => Promise.resolve("fine"));
  assertEquals((await it.ready()).ok, true);
  leave(true);
  const ready = await it.ready();
  assertEquals([ready.ok, ready.checks.kv.ok, ready.checks.disk.ok], [false, false, true]);
  leave(false);
  assertEquals((await it.ready()).ok, true);
});

Deno.test("[MET1] numbers are written as Prometheus text, labels escaped", () => {
  const counters = new Counters();
  counters.committed({ first_seq: 3, last_seq: 5, lines: new Uint8Array(10) });
  counters.committed({ first_seq: 6, last_seq: 5, lines: new Uint8Array(0) });
  counters.ended('o"dd');
  const text = prometheusText(counters.metrics());
  assertEquals(text.includes("holdfast_events_total 3\n"), true);
  assertEquals(text.includes("holdfast_commits_total 2\n"), true);
  assertEquals(text.includes('holdfast_runs_ended_total{status="o\\"dd"} 1\n'), true);
});
