import { assert, assertEquals } from "@std/assert";
import { Connection, ENDINGS, MAX_BUFFERED } from "@/lib/live/connection.ts";
import { Connections, HEARTBEAT_MS, MAX_STUCK } from "@/lib/live/connections.ts";
import { AppError } from "@/lib/model/error.ts";
import type { ConnectionRow } from "@/lib/service/holdfast.ts";
import { FakeClock } from "@/tests/service/support/fake_clock.ts";
import { HandSocket, settle } from "./support.ts";

function setup() {
  const clock = new FakeClock();
  const socket = new HandSocket();
  const events: string[] = [];
  const connection = new Connection({
    id: "c1",
    socket,
    clock,
    left: (stuck) => events.push(`left ${stuck}`),
    closed: (stuck) => events.push(`closed ${stuck}`),
  });
  const said: string[] = [];
  connection.talk({
    opened: () => events.push("opened"),
    message: (text) => {
      connection.spoken();
      said.push(text);
      return Promise.resolve();
    },
    ended: () => events.push("ended"),
  });
  socket.open();
  return { clock, socket, connection, events, said };
}

Deno.test("[CONN1] a reader that leaves more than 1 MB unread gets nothing more, is out at once and closed 4499", () => {
  const { socket, connection, events } = setup();
  socket.stuck = true;
  let frames = 0;
  while (connection.isOpen) {
    connection.send("x".repeat(100_000));
    frames++;
    assert(frames < 50);
  }
  assertEquals(socket.closed?.code, 4499);
  assertEquals(events, ["opened", "ended", "left true"]);
  assertEquals(MAX_BUFFERED, 1_000_000);
  assert(socket.bufferedAmount <= MAX_BUFFERED + 100_000);
  const sent = socket.sent.length;
  connection.send("more");
  assertEquals(socket.sent.length, sent);
  socket.die();
  socket.die();
  assertEquals(events, ["opened", "ended", "left true", "closed true"]);
});

Deno.test("[CONN2] a replay waits for room and ends a reader that makes none for 30 s", async () => {
  const { clock, socket, connection } = setup();
  connection.spoken();
  socket.bufferedAmount = 300_000;
  let roomy = 0;
  void connection.room().then(() => roomy++);
  for (let ms = 0; ms < 10_000; ms += 1000) {
    clock.advance(1000);
    await settle();
  }
  assertEquals(roomy, 0);
  socket.bufferedAmount = 0;
  clock.advance(20);
  await settle();
  assertEquals(roomy, 1);
  socket.bufferedAmount = 300_000;
  void connection.room().then(() => roomy++);
  for (let ms = 0; ms < 31_000; ms += 20) {
    clock.advance(20);
    await Promise.resolve();
    await Promise.resolve();
  }
  await settle();
  assertEquals([roomy, socket.closed?.code], [2, 4499]);
});

Deno.test("[CONN3] no first message in 30 s is 4408; one message stops that clock", () => {
  const silent = setup();
  silent.clock.advance(29_999);
  assertEquals(silent.socket.closed, null);
  silent.clock.advance(1);
  assertEquals(silent.socket.closed?.code, 4408);
  assertEquals(silent.events, ["opened", "ended", "left false", "closed false"]);
  const { clock, socket, connection } = setup();
  connection.spoken();
  clock.advance(60_000);
  assertEquals(socket.closed, null);
});

Deno.test("[CONN4] a message over 1 MiB is 1009, counted in UTF-8; too many at once are 4429", async () => {
  const fits = setup();
  fits.socket.say("é".repeat(524_288));
  await settle();
  assertEquals([fits.said.length, fits.socket.closed], [1, null]);
  for (const large of ["é".repeat(524_289), "x".repeat(1_048_577)]) {
    const { socket, said } = setup();
    socket.say(large);
    await settle();
    assertEquals([said.length, socket.closed?.code], [0, 1009]);
  }
  const { clock, socket, said } = setup();
  for (let n = 0; n < 120; n++) socket.say("{}");
  await settle();
  assertEquals([said.length, socket.closed], [120, null]);
  clock.advance(1000);
  for (let n = 0; n < 40; n++) socket.say("{}");
  await settle();
  assertEquals([said.length, socket.closed], [160, null]);
  socket.say("{}");
  assertEquals(socket.closed?.code, 4429);
});

Deno.test("[CONN5] messages are handled one at a time, in order, and none after the end", async () => {
  const { socket, connection } = setup();
  const order: string[] = [];
  let finish = Promise.withResolvers<void>();
  connection.talk({
    opened: () => undefined,
    async message(text) {
      order.push(`begin ${text}`);
      await finish.promise;
      order.push(`end ${text}`);
    },
    ended: () => undefined,
  });
  for (const text of ["1", "2", "3"]) socket.say(text);
  await settle();
  assertEquals(order, ["begin 1"]);
  finish.resolve();
  finish = Promise.withResolvers();
  await settle();
  assertEquals(order, ["begin 1", "end 1", "begin 2"]);
  connection.end(ENDINGS.done);
  finish.resolve();
  await settle();
  assertEquals(order, ["begin 1", "end 1", "begin 2", "end 2"]);
});

/** A list of connections whose rows are written down. */
function listOf(max: number) {
  const clock = new FakeClock();
  const written: string[] = [];
  const rows = new Map<string, ConnectionRow>();
  const state = { draining: false, fail: false };
  const connections = new Connections({
    max,
    instance: "i1",
    clock,
    draining: () => state.draining,
    rows: {
      put(list) {
        written.push(`put ${list.length}`);
        if (state.fail) return Promise.reject(new AppError("store_away", "away"));
        for (const row of list) rows.set(row.connection_id, row);
        return Promise.resolve();
      },
      remove(ids) {
        written.push(`remove ${ids.length}`);
        if (state.fail) return Promise.reject(new AppError("store_away", "away"));
        for (const id of ids) rows.delete(id);
        return Promise.resolve();
      },
      list: () => Promise.resolve([...rows.values()]),
    },
  });
  const beats: string[] = [];
  const add = (id: string) =>
    connections.add({
      id,
      user: "u",
      session_id: () => null,
      beat: () => beats.push(id),
      goingAway: () => connections.leave(id, false),
    });
  const codeOf = () => {
    try {
      connections.admit();
      return "admitted";
    } catch (error) {
      return error instanceof AppError ? error.code : "?";
    }
  };
  return { clock, written, rows, state, connections, beats, add, codeOf };
}

Deno.test("[CONN6] full and draining are told before an upgrade; a stuck reader gives its place back but not for ever", () => {
  const { connections, add, codeOf, state } = listOf(2);
  add("a");
  assertEquals(codeOf(), "admitted");
  add("b");
  assertEquals(codeOf(), "full");
  connections.leave("a", true);
  assertEquals([codeOf(), connections.counts], ["admitted", { open: 1, stuck: 1, dropped: 1 }]);
  assertEquals([MAX_STUCK, HEARTBEAT_MS], [100, 30_000]);
  for (let n = 1; n < MAX_STUCK; n++) {
    add(`s${n}`);
    connections.leave(`s${n}`, true);
  }
  assertEquals(codeOf(), "full");
  connections.unstuck();
  assertEquals(codeOf(), "admitted");
  state.draining = true;
  assertEquals(codeOf(), "draining");
});

Deno.test("[CONN7] rows are written in batches, kept alive each 30 s, and gone after a drain", async () => {
  const { clock, written, rows, connections, beats, add } = listOf(10);
  for (const id of ["a", "b", "c"]) add(id);
  connections.leave("c", false);
  clock.advance(500);
  await settle();
  assertEquals(written, ["put 2", "remove 1"]);
  const before = rows.get("a")?.last_heartbeat ?? "";
  clock.advance(HEARTBEAT_MS);
  await settle();
  assertEquals(beats, ["a", "b"]);
  assert((rows.get("a")?.last_heartbeat ?? "") > before);
  assertEquals(rows.get("a")?.server_instance, "i1");
  await connections.drain();
  assertEquals([rows.size, connections.counts.open], [0, 0]);
});

Deno.test("[CONN8] a store that is away loses no removal", async () => {
  const { clock, rows, connections, add, state } = listOf(10);
  add("a");
  add("b");
  clock.advance(500);
  await settle();
  state.fail = true;
  connections.leave("a", false);
  clock.advance(500);
  await settle();
  assertEquals(rows.size, 2);
  state.fail = false;
  clock.advance(HEARTBEAT_MS + 500);
  await settle();
  assertEquals([...rows.keys()], ["b"]);
});

Deno.test("[CONN9] messages that wait for their turn are held up to 4 MiB, then the socket ends with 1013", async () => {
  const clock = new FakeClock();
  const socket = new HandSocket();
  const connection = new Connection({ id: "c1", socket, clock, left: () => {}, closed: () => {} });
  const { promise, resolve } = Promise.withResolvers<void>();
  const said: number[] = [];
  connection.talk({
    opened: () => {},
    message: (text) => {
      said.push(text.length);
      return promise;
    },
    ended: () => {},
  });
  socket.open();
  const large = "x".repeat(1024 * 1024);
  for (let n = 0; n < 4; n++) socket.say(large);
  assertEquals([connection.isOpen, said.length <= 1], [true, true]);
  resolve();
  await settle();
  assertEquals(said.length, 4);
  for (let n = 0; n < 4; n++) socket.say(large);
  assertEquals(connection.isOpen, true);
  socket.say("x");
  assertEquals([connection.isOpen, socket.closed?.code], [false, 1013]);
});
