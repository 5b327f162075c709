// Where the writer's patience ends: tries, time limits, sizes, a store that is away, a close.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { keys } from "@/lib/store/keys.ts";
import { applied, codeOf, Desk, event } from "./desk.ts";

Deno.test("[WR-BUSY] a person's command is decided five times, then busy; a run's until it lands", async () => {
  await using desk = await Desk.open();
  await desk.submit("a");
  for (const owner of ["person", "run"] as const) {
    let decided = 0;
    const sent = desk.submit("b", {
      owner,
      decide: ({ state }) => {
        // Another instance moves the head between each decision and its commit, eight times.
        if (++decided <= 8) void desk.kv.set(keys.head("s-1"), new TextEncoder().encode(JSON.stringify(state.head)));
        return applied(state, "b");
      },
    });
    if (owner === "person") assertEquals(await codeOf(sent), "busy");
    else assertEquals((await sent).reply, "b");
    assertEquals(decided, owner === "person" ? 5 : 9);
  }
});

Deno.test("[WR-ALONE] one session whose head has moved does not hold up the others of its batch", async () => {
  await using desk = await Desk.open();
  await Promise.all([desk.submit("a"), desk.submit("a", { session_id: "s-2" })]);
  const decided = { "s-1": 0, "s-2": 0 };
  const submit = (session_id: "s-1" | "s-2") =>
    desk.submit("b", {
      session_id,
      decide: ({ state }) => {
        // Another instance moves the head of one of them before their common commit.
        const moved = new TextEncoder().encode(JSON.stringify(state.head));
        if (++decided[session_id] === 1 && session_id === "s-2") void desk.kv.set(keys.head("s-2"), moved);
        return applied(state, "b");
      },
    });
  await Promise.all([submit("s-1"), submit("s-2")]);
  assertEquals(decided, { "s-1": 1, "s-2": 2 });
});

Deno.test("[WR-LIMITS] time limits and signals end what is not in flight, and say that it has not happened", async () => {
  await using desk = await Desk.open();
  desk.fates = ["ok", "ok", "never"];
  const flying = desk.submit("a", { deadline_ms: 20, owner: "person" });
  await desk.quiet();
  const aborted = new AbortController();
  const queued = desk.submit("b", { deadline_ms: 10, owner: "person" });
  const signalled = desk.submit("c", { signal: aborted.signal });
  aborted.abort(new Error("the client has gone"));
  await assertRejects(() => signalled, Error, "the client has gone");
  assertEquals(desk.writer.backlog_bytes, 1024);
  assertEquals(await codeOf(desk.until(queued)), "busy");
  assertEquals(await codeOf(desk.until(flying)), "in_doubt");
  assertEquals(desk.writer.backlog_bytes, 0);
  await desk.until(desk.submit("d"));
  assert(!(await desk.log()).includes('"b"'));
});

Deno.test("[WR-AWAY] while the store is away persons are refused at once; runs wait; it recovers by itself", async () => {
  await using desk = await Desk.open();
  await desk.submit("a");
  desk.fates = Array(9).fill("never");
  const lost = desk.submit("b");
  while (!desk.writer.readonly) {
    await desk.quiet();
    desk.clock.step();
  }
  assertEquals(await codeOf(desk.submit("c", { owner: "person" })), "store_away");
  const waits = desk.submit("d");
  await desk.until(Promise.all([lost, waits]));
  assertEquals(desk.writer.readonly, false);
  assertEquals((await desk.log()).split("\n").map((line) => /"message":"(.)"/.exec(line)?.[1]).join(""), "abd");
});

Deno.test("[WR-CLOSE] close commits what is queued, takes nothing more, and removes the writer's row", async () => {
  const desk = await Desk.open();
  const sent = desk.submit("a", { urgent: false });
  const second = desk.submit("b", { urgent: false });
  const closed = desk.writer.close();
  assertEquals(await codeOf(desk.submit("c")), "draining");
  await Promise.all([sent, second, closed]);
  assertEquals((await desk.kv.get(keys.writer("w-1"))).versionstamp, null);
  desk.kv.close();
});

Deno.test("[WR-CLOSE] a close that the store keeps waiting ends at its time", async () => {
  const desk = await Desk.open();
  desk.fates = ["ok", "ok", ...Array(50).fill("throws_before")];
  const doubted = codeOf(desk.submit("a"));
  await desk.quiet();
  const queued = codeOf(desk.submit("b"));
  const closed = desk.writer.close(100);
  await desk.until(closed);
  assertEquals(await queued, "draining");
  assertEquals(await desk.until(doubted), "in_doubt");
  desk.kv.close();
});

Deno.test("[WR-SIZES] a window that is larger than a commit goes in several, a command of many events too", async () => {
  await using desk = await Desk.open();
  const big = Array.from({ length: 2 }, () => event("x".repeat(50_000)));
  const sent = Array.from(
    { length: 20 },
    (_, i) => desk.submit(`o${i}`, { decide: ({ state }) => applied(state, `o${i}`, big) }),
  );
  const done = await Promise.all(sent);
  assertEquals(done.map(({ first_seq }) => first_seq), sent.map((_, i) => 1 + 2 * i));
  assert(desk.atomics >= 4, `${desk.atomics} commits`);
});

Deno.test("[WR-SIZES] a command that no spilling makes small enough is refused and harms nobody", async () => {
  await using desk = await Desk.open();
  const many = Array.from({ length: 1000 }, () => event("x".repeat(1900)));
  const refused = desk.submit("a", { decide: ({ state }) => applied(state, "a", many) });
  const fine = desk.submit("b");
  assertEquals(await codeOf(refused), "too_large");
  assertEquals((await fine).first_seq, 1);
  const outside = Array.from({ length: 30 }, (_, n) => ["k", n]);
  assertEquals(await codeOf(desk.submit("c", { outside })), "too_large");
});
