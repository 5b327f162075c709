// The store slow, away, or losing answers; clocks that disagree. Two engines on one store, or one.
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ExecSpec } from "@/lib/service/ports.ts";
import { LiveHub } from "@/lib/live/hub.ts";
import { Subscription } from "@/lib/live/subscription.ts";
import { configureLog } from "@/lib/log.ts";
import { AppError } from "@/lib/model/error.ts";
import { createRedactor } from "@/lib/service/redact.ts";
import { systemClock } from "@/lib/service/system.ts";
import type { Fate } from "../store/writer/hostile.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, type World } from "./support/world.ts";

/** Hangs in its first attempt, ends in its second. */
function hanging(attempts: number[]) {
  return workflow("hanging", (ctx) =>
    ctx.step("wait", ({ attempt }) => {
      attempts.push(attempt);
      return attempt === 1 ? new Promise<string>(() => {}) : "done";
    }));
}
/** A way to the store that can go away: calls hang for ever, or land 4 s later without an answer. */
class Way {
  away = false;
  #n = 0;
  readonly fate = (): Fate => this.away ? (++this.#n % 2 === 0 ? "lands_late" : "never") : "ok";
}
async function pass(worlds: World[], ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await worlds[0]?.pass(500);
    for (const world of worlds) await world.pass(0);
  }
}
const start = (world: World, mode: string) => world.holdfast.startTask(ADMIN, { task: "T", config: { mode } });
const reasons = async (world: World, session_id: string) =>
  (await world.events(session_id)).filter((event) => event.event_type === "workflow_resumed")
    .map((event) => event.data["reason"]);

/** What was written to the log at level warning and above. */
async function logged(work: () => Promise<void>): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/log`;
  try {
    const close = await configureLog({
      log: { level: "warning", json: true, file },
      terminal: false,
      console: false,
      redact: createRedactor(new Map()).text,
    });
    await work().finally(close);
    const lines = (await Deno.readTextFile(file)).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line)["message"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("[AWAY1] while the store is away an instance is read-only and says so, its sandboxes stop, followers stay; it goes on by itself without a loss", async () => {
  const attempts: number[] = [];
  const way = new Way();
  await using world = await openWorld({ workflows: [hanging(attempts)], shared: true, way: way.fate });
  const hub = new LiveHub(systemClock);
  world.hub.also = hub;
  const { session_id } = await start(world, "hanging");
  await world.until(() => attempts.length === 1);
  const got: string[] = [];
  const ended: unknown[] = [];
  const subscription = new Subscription({
    session_id,
    after: 0,
    log: world.holdfast.log,
    hub,
    clock: systemClock,
    sink: {
      flush: (flush) => void got.push(...flush.lines),
      caughtUp: () => {},
      reset: () => ended.push("reset"),
      gone: () => ended.push("gone"),
      failed: (error) => ended.push(error),
      room: () => Promise.resolve(),
    },
  });
  await world.until(() => got.length > 0);
  const lines = await logged(async () => {
    way.away = true;
    await world.pass(5_000);
    assertEquals([world.store.writer.readonly, (await world.holdfast.health.ready()).ok], [true, false]);
    const refused = await assertRejects(() => start(world, "hanging"), AppError);
    assertEquals([refused.status, refused.code, refused.details.retry_after_s], [503, "store_away", 2]);
    assertEquals((await world.holdfast.query.sessions(ADMIN, { limit: 5 })).total, 1, "what is here can be read");
    // A heartbeat looks at the log.
    const beat = subscription.refresh();
    await world.pass(5_000);
    await beat;
    assertEquals(world.sandboxes.alive, [], "the lease time is up");
    way.away = false;
    await world.pass(5_000);
  });
  await world.status(session_id, "completed");
  assertEquals(lines.filter((line) => line === "store.away").length, 1);
  assertEquals(lines.filter((line) => line !== "store.away" && line !== "beat.lost"), []);
  const { run } = await world.state(session_id);
  assertEquals([attempts, run?.takeovers, await reasons(world, session_id)], [[1, 2], 0, ["takeover"]]);
  await world.until(() => got.at(-1)?.includes(`"event_type":"complete"`) === true);
  const all = (await world.holdfast.query.eventLines(ADMIN, session_id, { limit: 1000 })).lines;
  assertEquals([got, ended], [all, []]);
  subscription.close();
});

Deno.test("[AWAY2] the store is away for one of two: the other takes over, and the first writes nothing when it is back", async () => {
  const attempts: number[] = [];
  const way = new Way();
  await using first = await openWorld({ workflows: [hanging(attempts)], shared: true, way: way.fate });
  const { session_id } = await start(first, "hanging");
  await first.until(() => attempts.length === 1);
  const second = await first.next({ way: () => "ok" });
  await pass([first, second], 3_000);
  way.away = true;
  await pass([second], 10_000);
  await second.status(session_id, "completed");
  assertEquals(first.sandboxes.alive, []);
  const before = await second.events(session_id);
  way.away = false;
  await pass([first, second], 8_000);
  assertEquals(await second.events(session_id), before);
  assertEquals([attempts, await reasons(second, session_id)], [[1, 2], ["takeover"]]);
  // It is whole again: it takes new runs.
  const again = await start(first, "hanging");
  assertEquals((await first.state(again.session_id)).run?.run_id, again.run_id);
});

Deno.test("[AWAY3] the store is away for all for 10 s: nobody takes anybody over, and no run loses anything", async () => {
  const attempts: number[] = [];
  const way = new Way();
  await using first = await openWorld({ workflows: [hanging(attempts)], shared: true, way: way.fate });
  const { session_id } = await start(first, "hanging");
  await first.until(() => attempts.length === 1);
  const second = await first.next();
  await pass([first, second], 3_000);
  way.away = true;
  await pass([first, second], 10_000);
  assertEquals(first.sandboxes.alive, []);
  way.away = false;
  await pass([first, second], 10_000);
  await second.status(session_id, "completed");
  const { run } = await second.state(session_id);
  assertEquals([attempts, run?.takeovers], [[1, 2], 0]);
});

Deno.test("[AWAY4] a way that loses the answers of commits that landed: every run ends once, no step runs twice", async () => {
  const ran: string[] = [];
  const steps = workflow("steps", async (ctx) => {
    for (const name of ["a", "b", "c"]) await ctx.step(name, () => (ran.push(`${ctx.task}${name}`), name));
    return ctx.task;
  });
  let calls = 0;
  // Every fifth call: as KV Connect does it, a repeated request that fails on its own checks.
  const lossy = (): Fate => ++calls % 5 === 0 ? "lies_false" : "ok";
  await using first = await openWorld({ workflows: [steps], shared: true, way: lossy });
  const second = await first.next();
  const tasks = ["1", "2", "3", "4", "5", "6"];
  const started = await Promise.all(
    tasks.map((task, n) => (n % 2 ? first : second).holdfast.startTask(ADMIN, { task, config: { mode: "steps" } })),
  );
  for (const { session_id, run_id } of started) {
    await first.until(async () => {
      await pass([first, second], 500);
      return (await second.state(session_id)).run?.status === "completed";
    });
    const events = await second.events(session_id);
    assertEquals(events.map((event) => event.seq), events.map((_, n) => n + 1));
    assertEquals(events.filter((event) => event.event_type === "complete").length, 1);
    assertEquals((await second.holdfast.query.run(ADMIN, run_id)).status, "completed");
  }
  assertEquals(ran.toSorted(), tasks.flatMap((task) => ["a", "b", "c"].map((name) => task + name)));
});

Deno.test("[AWAY5] an answer to a claim that comes too late starts nothing; the run goes back without a loss", async () => {
  const attempts: number[] = [];
  const quick = workflow("quick", (ctx) => ctx.step("do", ({ attempt }) => (attempts.push(attempt), "done")));
  await using world = await openWorld({ workflows: [quick], shared: true });
  world.gate.stallAfter();
  const starting = start(world, "quick");
  // The start lands and its answer waits; then the claim's.
  await world.until(() => world.gate.waiting > 0);
  world.gate.goOne();
  const { session_id } = await starting;
  await world.until(() => world.gate.waiting > 0);
  world.clock.advance(3_500);
  assertEquals(world.sandboxes.started.length, 0);
  world.gate.go();
  await world.until(async () => {
    await world.pass(500);
    return (await world.state(session_id)).run?.status === "completed";
  });
  const { run, head } = await world.state(session_id);
  assertEquals([attempts, run?.takeovers, world.sandboxes.started.length, head.fence], [[1], 0, 1, 2]);
});

Deno.test("[AWAY6] code that asks for a page after the lease of its instance is over gets none: nothing is sent", async () => {
  const coding = workflow("coding", async (ctx) => (await ctx.exec("run", { code: "net" })).ended);
  const way = new Way();
  await using first = await openWorld({ workflows: [coding], shared: true, way: way.fate });
  const bridges: NonNullable<ExecSpec["bridge"]>[] = [];
  const url = "https://api.example.com/counted";
  first.sandboxes.scripts.set("net", (spec) => {
    if (spec.bridge !== undefined) bridges.push(spec.bridge);
    return new Promise(() => {});
  });
  const config = { mode: "coding", grants: { net: ["api.example.com"] } };
  await first.holdfast.startTask(ADMIN, { task: "T", config });
  await first.until(() => bridges.length === 1);
  // The very request that came while the process stood still: nothing has told the block yet that it is over.
  const order = { url, method: "POST", headers: {} };
  const asked = async () => await bridges[0]?.(order, new AbortController().signal);
  assertEquals((await asked() as { status?: number }).status, 200);
  way.away = true;
  await pass([first], 5_000);
  assertEquals("error" in (await asked() ?? {}), true);
  assertEquals(first.reach.sent.length, 1);
  way.away = false;
  await pass([first], 3_000);
});

Deno.test("[AWAY7] a store that is merely slow (each call 0.2 to 2.5 s): nothing lost, nothing twice, nothing stuck on two instances", async () => {
  const ran: string[] = [];
  const steps = workflow("steps", async (ctx) => {
    for (const name of ["a", "b"]) {
      await ctx.step(name, ({ attempt }) => (ran.push(`${ctx.task} ${name} ${attempt}`), name));
    }
    return ctx.task;
  });
  const slow = { on: false, n: 0 };
  const way = (): Fate => slow.on ? "slow" : "ok";
  // The same for every run, and spread over the whole range.
  const slow_ms = () => 200 + (++slow.n * 7_919) % 2_301;
  await using first = await openWorld({ workflows: [steps], shared: true, way, slow_ms });
  const second = await first.next();
  slow.on = true;
  const started: { session_id: string; run_id: string }[] = [];
  const refused: unknown[] = [];
  for (const [n, task] of ["1", "2"].entries()) {
    void (n % 2 ? first : second).holdfast.startTask(ADMIN, { task, config: { mode: "steps" } })
      .then((one) => started.push(one), (error) => refused.push(error));
  }
  const ended = async () => {
    const runs = await Promise.all(started.map(async ({ session_id }) => (await first.peek(session_id)).run?.status));
    return started.length + refused.length === 2 && runs.every((status) => status === "completed");
  };
  // Something is always on its way: a turn is not waited out, as it is elsewhere.
  for (let turns = 0; turns < 3_000 && (turns % 5 !== 0 || !await ended()); turns++) {
    first.clock.advance(200);
    for (let rest = 0; rest < 3; rest++) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals([refused, started.length], [[], 2]);
  slow.on = false;
  await pass([first, second], 5_000);
  for (const { session_id, run_id } of started) {
    const events = await second.events(session_id);
    assertEquals(events.map((event) => event.seq), events.map((_, n) => n + 1));
    assertEquals(events.filter((event) => event.event_type === "complete").length, 1);
    assertEquals((await first.holdfast.query.run(ADMIN, run_id)).status, "completed");
  }
  // No attempt ran twice, and nothing that had finished.
  assertEquals(ran.length, new Set(ran).size);
  for (const task of ["1", "2"]) {
    const names = ran.filter((one) => one.startsWith(task)).map((one) => one.split(" ")[1]);
    assertEquals([...new Set(names)], ["a", "b"]);
    assertEquals(names, names.toSorted());
  }
});

Deno.test("[AWAY8] a store whose every call takes 2 s: who executes keeps its lease, and who dies is taken over", async () => {
  const attempts: number[] = [];
  let hangs = true;
  const long = workflow("long", (ctx) =>
    ctx.step("wait", ({ attempt }) => {
      attempts.push(attempt);
      return hangs ? new Promise<string>(() => {}) : "done";
    }));
  const slow = { on: false };
  const way = (): Fate => slow.on ? "slow" : "ok";
  await using first = await openWorld({ workflows: [long], shared: true, way, slow_ms: () => 2_000 });
  const { session_id } = await start(first, "long");
  await first.until(() => attempts.length === 1);
  const second = await first.next();
  slow.on = true;
  const time = async (ms: number, over: () => Promise<boolean>) => {
    for (let passed = 0; passed < ms; passed += 200) {
      first.clock.advance(200);
      for (let rest = 0; rest < 3; rest++) await new Promise((resolve) => setTimeout(resolve, 1));
      if (passed % 1_000 === 0 && await over()) return;
    }
  };
  const never = () => Promise.resolve(false);
  let lives = [first, second];
  try {
    // What a store that turns slow at once takes away is over by then.
    await time(60_000, never);
    const before = [...attempts];
    await time(60_000, never);
    assertEquals(attempts, before, "the lease stands");
    const [runs] = lives.filter((world) => world.sandboxes.alive.length > 0);
    assertEquals((await first.peek(session_id)).run?.status, "running");
    hangs = false;
    runs?.crash();
    lives = lives.filter((world) => world !== runs);
    await time(120_000, async () => (await first.peek(session_id)).run?.status === "completed");
    assertEquals((await first.peek(session_id)).run?.status, "completed");
  } finally {
    // What is on its way has its time, or nobody could close.
    slow.on = false;
    await time(10_000, never);
  }
  assertEquals(lives.length, 1);
});

for (const hours of [1, -1]) {
  Deno.test(`[CLK1] clocks that disagree by an hour (${hours}) neither take a living instance over nor keep a dead one`, async () => {
    const attempts: number[] = [];
    await using first = await openWorld({ workflows: [hanging(attempts)], shared: true });
    const { session_id } = await start(first, "hanging");
    await first.until(() => attempts.length === 1);
    const second = await first.next({ skew: { ms: hours * 3_600_000 } });
    await pass([first, second], 20_000);
    assertEquals([attempts, (await second.state(session_id)).run?.status], [[1], "running"]);
    first.crash();
    await pass([second], 9_000);
    await second.status(session_id, "completed");
    assertEquals(attempts, [1, 2]);
  });
}

Deno.test("[CLK2] a clock that jumps by an hour and back takes nothing away from who executes", async () => {
  const attempts: number[] = [];
  const skew = { ms: 0 };
  const env = { RUN_TIMEOUT: "86400" };
  await using first = await openWorld({ workflows: [hanging(attempts)], shared: true, skew, env });
  const { session_id } = await start(first, "hanging");
  await first.until(() => attempts.length === 1);
  const second = await first.next({ skew: { ms: 0 } });
  for (const ms of [3_600_000, -3_600_000, 0]) {
    skew.ms = ms;
    await pass([first, second], 8_000);
    assertEquals([attempts, first.sandboxes.alive.length], [[1], 1]);
  }
  assert((await second.state(session_id)).run?.status === "running");
});
