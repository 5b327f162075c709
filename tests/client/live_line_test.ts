import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { backoff_ms, clientClock } from "@/lib/client/clock.ts";
import { LiveClient } from "@/lib/client/live.ts";
import { event, frame, HandClock, handLine, TOPIC } from "./fake_line.ts";

function connected(token?: string) {
  const hand = handLine();
  const client = new LiveClient({ ...hand.options, ...(token === undefined ? {} : { token }) });
  client.connect();
  return { ...hand, client };
}

Deno.test("[LC2] the wait before a try is between 0.5 s and 30 s, grows twofold, and half of it is chance", () => {
  const clock = new HandClock();
  fc.assert(
    fc.property(fc.nat(2000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, chance) => {
      clock.chance = chance;
      const wait = backoff_ms(attempt, clock);
      const full = Math.min(30_000, 1000 * 2 ** attempt);
      assertGreaterOrEqual(wait, Math.max(500, full / 2));
      assertLessOrEqual(wait, full);
    }),
    { seed: 7 },
  );
  clock.chance = 0;
  assertEquals([0, 1, 2, 3, 4, 5, 6, 60].map((n) => backoff_ms(n, clock)), [
    500,
    1000,
    2000,
    4000,
    8000,
    15e3,
    15e3,
    15e3,
  ]);
});

Deno.test("[LC2] each loss is told with the time of the next try, which comes then and not before", () => {
  const { clock, sockets, states, last } = connected();
  clock.chance = 0.5;
  for (const [i, wait] of [750, 1500, 3000, 6000].entries()) {
    last().lose();
    assertEquals(states.at(-1), { state: "offline", retry_at: clock.now() + wait, attempt: i + 1 });
    clock.advance(wait - 1);
    assertEquals(sockets.length, i + 1);
    clock.advance(1);
    assertEquals(sockets.length, i + 2);
    assertEquals(states.at(-1), { state: "connecting" });
  }
});

Deno.test("[LC2] the back-off begins anew after a line that has held, not after one that was ended at once", () => {
  const { clock, states, last } = connected();
  for (const wait of [500, 1000, 2000]) {
    last().open();
    last().lose(1013);
    assertEquals(states.at(-1), { state: "offline", retry_at: clock.now() + wait, attempt: Math.log2(wait / 500) + 1 });
    clock.advance(wait);
  }
  last().open();
  clock.advance(10_000);
  last().lose();
  assertEquals(states.at(-1), { state: "offline", retry_at: clock.now() + 500, attempt: 1 });
});

Deno.test("[LC2] wake() tries at once and begins the back-off anew", () => {
  const { clock, client, sockets, states, last } = connected();
  for (let i = 0; i < 5; i++) {
    last().lose();
    clock.advance(30_000);
  }
  last().lose();
  client.wake();
  assertEquals(states.at(-1), { state: "connecting" });
  assertEquals(sockets.length, 7);
  clock.advance(60_000);
  assertEquals(sockets.length, 7);
  last().lose();
  assertEquals(states.at(-1), { state: "offline", retry_at: clock.now() + 500, attempt: 1 });
});

Deno.test("[LC2] wake() asks a line that seems to stand, and gives it up when nothing comes in 5 s", () => {
  const { clock, client, sockets, last } = connected();
  last().open();
  client.wake();
  assertEquals(last().sent, [{ type: "ping" }]);
  clock.advance(4000);
  last().say({ event_type: "pong", timestamp: "2026-11-24T10:00:00.000Z", data: {} });
  clock.advance(60_000);
  assertEquals(sockets.length, 1);
  client.wake();
  clock.advance(5000);
  assertEquals(sockets[0]?.closedWith, null);
  clock.advance(500);
  assertEquals(sockets.length, 2);
});

Deno.test("[LC2] wake() makes no second line beside one that is being opened", () => {
  const { client, sockets, last } = connected();
  client.wake();
  client.connect();
  assertEquals([sockets.length, last().sent.length], [1, 0]);
});

Deno.test("[LC7] a line that says nothing for 75 s is given up, any message keeps it", () => {
  const { clock, sockets, states, last } = connected();
  last().open();
  for (let i = 0; i < 5; i++) {
    clock.advance(74_000);
    last().say(frame("heartbeat", { head_seq: 0 }));
  }
  assertEquals(states.at(-1), { state: "live" });
  clock.advance(75_000);
  assertEquals(states.at(-1)?.state, "offline");
  assertEquals(sockets[0]?.closedWith, null);
});

Deno.test("[LC7] a line that is never opened is given up too", () => {
  const { clock, states, sockets } = connected();
  clock.advance(75_000);
  assertEquals(states.at(-1)?.state, "offline");
  clock.advance(500);
  assertEquals(sockets.length, 2);
});

Deno.test("[LC7] what a line says after it was given up is not heard", () => {
  const { clock, client, sockets, states } = connected();
  const seen: number[] = [];
  client.subscribe(TOPIC, 0, { events: (events) => void seen.push(...events.map((one) => one.seq)) });
  sockets[0]!.open();
  clock.advance(75_000);
  clock.advance(500);
  const told = states.length;
  sockets[0]!.say({ topic: TOPIC, batch: [event(1)] });
  sockets[0]!.open();
  sockets[0]!.lose(1008, "late");
  assertEquals(seen, []);
  assertEquals(states.length, told);
});

Deno.test("[LC8] 1008 ends the trying with its reason until somebody asks for it again", () => {
  const { clock, client, sockets, states, last } = connected();
  last().open();
  last().lose(1008, "not allowed");
  assertEquals(states.at(-1), { state: "refused", code: 1008, reason: "not allowed" });
  clock.advance(600_000);
  assertEquals([sockets.length, clock.waiting], [1, 0]);
  client.wake();
  assertEquals(sockets.length, 2);
});

Deno.test("[LC8] every other close code is tried again", () => {
  for (const code of [1000, 1001, 1006, 1009, 1011, 1013, 4404, 4408, 4429, 4499]) {
    const { clock, sockets, states, last } = connected();
    last().open();
    last().lose(code);
    assertEquals(states.at(-1)?.state, "offline", `${code}`);
    clock.advance(500);
    assertEquals(sockets.length, 2);
  }
});

Deno.test("[LC8] an address or a token that no socket takes is refused in words, not thrown", () => {
  const { options, states } = handLine();
  new LiveClient({ url: options.url, clock: options.clock, onState: options.onState, token: "not a token" }).connect();
  assertEquals(states.map((one) => one.state), ["connecting", "refused"]);
});

Deno.test("[LC9] close() ends everything: no timer, no try, no word", () => {
  const { clock, client, sockets, states, last } = connected();
  client.subscribe("pulse", 0, {});
  last().open();
  last().say(frame("error", { code: "busy", message: "Busy" }, "pulse"));
  const told = states.length;
  client.close();
  assertEquals(last().closedWith, 1000);
  last().lose(1000);
  client.wake();
  client.connect();
  clock.advance(600_000);
  assertEquals([sockets.length, clock.waiting, states.length], [1, 0, told]);
});

Deno.test("[LC9] close() while it waits for the next try ends the waiting", () => {
  const { clock, client, sockets, last } = connected();
  last().lose();
  client.close();
  assertEquals(clock.waiting, 0);
  clock.advance(600_000);
  assertEquals(sockets.length, 1);
});

Deno.test("[LC9] the token goes as a sub-protocol, never in the address", () => {
  assertEquals(connected().last().protocols, ["holdfast.v1"]);
  const { last } = connected("t".repeat(20));
  assertEquals(last().protocols, ["holdfast.v1", `bearer.${"t".repeat(20)}`]);
  assertEquals(last().url, "ws://server/ws");
});

Deno.test("[LC9] the real clock runs once and can be cancelled", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  clientClock.after(0, () => resolve("never"))();
  clientClock.after(1, () => resolve("once"));
  assertEquals(await promise, "once");
  assert(clientClock.now() > 1_600_000_000_000);
  assert(clientClock.random() < 1);
});

Deno.test("[LC9] it speaks with a real WebSocket server", async () => {
  const heard = Promise.withResolvers<unknown>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "holdfast.v1" });
    socket.onmessage = ({ data }) => {
      heard.resolve(JSON.parse(data));
      socket.send(JSON.stringify({ topic: TOPIC, batch: [event(1), event(2)] }));
    };
    return response;
  });
  const events = Promise.withResolvers<number[]>();
  const client = new LiveClient({ url: `ws://127.0.0.1:${server.addr.port}/ws`, token: "t".repeat(20) });
  client.subscribe(TOPIC, 0, { events: (all) => events.resolve(all.map((one) => one.seq)) });
  client.connect();
  assertEquals(await heard.promise, { type: "subscribe", topic: TOPIC, after: 0, batch: true });
  assertEquals(await events.promise, [1, 2]);
  client.close();
  await server.shutdown();
});
