// Small rows: blobs, first answers, connections, snapshots, migrations, keys, locks, deadlines of calls.
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { z } from "zod";
import { AppError } from "@/lib/model/error.ts";
import { STALE_MS } from "@/lib/store/connections.ts";
import { KEPT_MS } from "@/lib/store/idempotency.ts";
import { keys } from "@/lib/store/keys.ts";
import { guardKv, type Kv, openStore } from "@/lib/store/kv.ts";
import { takeLock, takeLocks } from "@/lib/store/lock.ts";
import { FIRST_VERSION, migrate, type Migration, MIGRATIONS, schemaVersion } from "@/lib/store/migrations.ts";
import { decodeRow, encodeRow, keyId } from "@/lib/store/mutation.ts";
import { SESSION } from "../engine/support/story.ts";
import { Place, turn } from "./support.ts";
import { type Fate, Hostile, World } from "./writer/hostile.ts";
import { VirtualClock } from "./writer/virtual_clock.ts";

Deno.test("[ROW-BLOB] a blob comes back byte for byte; half of one is none", async () => {
  await using place = await Place.open();
  await place.create(SESSION);
  const { blobs } = place.store;
  const bytes = crypto.getRandomValues(new Uint8Array(60_001));
  const ref = await blobs.put(SESSION, bytes, "image/png");
  assertEquals(await blobs.get(SESSION, ref.$blob.digest), { media_type: "image/png", bytes });
  assertEquals(await blobs.get(SESSION, "0".repeat(64)), null);
  const empty = await blobs.put(SESSION, new Uint8Array(), "text/plain");
  assertEquals((await blobs.get(SESSION, empty.$blob.digest))?.bytes.length, 0);
  await place.kv.atomic().delete(keys.blobPart(SESSION, ref.$blob.digest, 1)).commit();
  assertEquals(await blobs.get(SESSION, ref.$blob.digest), null);
});

Deno.test("[ROW-BLOB] resolving leaves alone what only looks like a reference", async () => {
  await using place = await Place.open();
  const fake = { $blob: { digest: "x", size_bytes: 1, media_type: "text/plain" }, preview: "" };
  const value = { a: [fake, null, 1, "s"], b: fake };
  assertEquals(await place.store.blobs.resolve(SESSION, value), value);
});

Deno.test("[ROW-IDEMPOTENCY] a first answer is kept for 24 h, a large one in a blob of its session", async () => {
  await using place = await Place.open();
  await place.create(SESSION);
  const { idempotency, writer, blobs } = place.store;
  const reply = { text: "r".repeat(300_000) };
  await writer.submit({
    session_id: SESSION,
    outside: [idempotency.key("scope")],
    urgent: true,
    owner: "person",
    decide: ({ state, now }) => ({
      commit: true,
      state,
      events: [],
      rows: idempotency.row(SESSION, { scope: "scope", body_digest: "d", reply, now }),
      reply: null,
    }),
  });
  const entry = await place.kv.get(idempotency.key("scope"));
  const now = place.clock.now();
  const kept = idempotency.read(entry, now + KEPT_MS - 1);
  assertEquals([kept?.session_id, kept?.body_digest], [SESSION, "d"]);
  assertEquals(await blobs.resolve(SESSION, kept!.reply), reply);
  assertEquals(idempotency.read(entry, now + KEPT_MS), null);
  assertEquals(idempotency.read(await place.kv.get(idempotency.key("other")), now), null);
});

Deno.test("[ROW-CONNECTIONS] rows are written in batches, stale after 90 s, and removed", async () => {
  await using place = await Place.open();
  const { connections } = place.store;
  const at = new Date(place.clock.now()).toISOString();
  const rows = Array.from({ length: 1000 }, (_, n) => ({
    connection_id: `c${n}`,
    connected_at: at,
    last_heartbeat: at,
    server_instance: "instance-a",
    session_id: n % 2 ? SESSION : null,
    user: "u",
  }));
  await connections.put(rows);
  assertEquals((await connections.list()).length, 1000);
  await connections.remove(rows.slice(1).map((row) => row.connection_id));
  assertEquals(await connections.list(), rows.slice(0, 1));
  place.clock.skip(STALE_MS + 1);
  assertEquals(await connections.list(), []);
});

Deno.test("[ROW-SNAPSHOT] a snapshot comes back whole; an older one replaces nothing, a newer one leaves no part", async () => {
  await using place = await Place.open();
  await place.create(SESSION);
  const { snapshots } = place.store;
  assertEquals(await snapshots.get(SESSION, 1), null);
  const view = { lines: Array.from({ length: 3000 }, (_, n) => `line ${n} ${"é".repeat(20)}`) };
  assertEquals(await snapshots.put(SESSION, { seq: 1000, view, format: 1 }), true);
  assertEquals(await snapshots.get(SESSION, 1), { seq: 1000, view });
  assertEquals(await snapshots.get(SESSION, 2), null);
  assertEquals(await snapshots.put(SESSION, { seq: 999, view: {}, format: 1 }), false);
  assertEquals(await snapshots.put(SESSION, { seq: 2000, view: { a: 1 }, format: 1 }), true);
  assertEquals(await snapshots.get(SESSION, 1), { seq: 2000, view: { a: 1 } });
  assertEquals((await Array.fromAsync(place.kv.list({ prefix: ["snapshot", SESSION] }))).length, 2);
  assertEquals(await snapshots.put(SESSION, { seq: 500, view: { b: 1 }, format: 2 }), true);
  assertEquals(await snapshots.put("unknown", { seq: 1, view: {}, format: 1 }), false);
});

Deno.test("[ROW-SCHEMA] a store names its version; a newer one is refused by name; steps go up and back", async () => {
  using raw = await Deno.openKv(":memory:");
  const kv = raw as unknown as Kv;
  assertEquals(await schemaVersion(kv), null);
  const newest = MIGRATIONS.at(-1)?.to ?? FIRST_VERSION;
  assertEquals(await migrate(kv), { from: newest, to: newest });
  assertEquals((await migrate(kv, { to: FIRST_VERSION })).to, FIRST_VERSION);
  const done: string[] = [];
  const step = (to: number): Migration => ({
    to,
    title: `step ${to}`,
    up: () => Promise.resolve(void done.push(`up ${to}`)),
    down: () => Promise.resolve(void done.push(`down ${to}`)),
  });
  const migrations = [step(2), step(3)];
  assertEquals(await migrate(kv, { migrations }), { from: 1, to: 3 });
  const error = await assertRejects(() => migrate(kv, { migrations: [step(2)] }), AppError);
  assertEquals(error.code, "conflict");
  assert(/version 3.*knows up to 2/.test(error.message));
  assertEquals(await migrate(kv, { migrations, to: 1 }), { from: 3, to: 1 });
  assertEquals(done, ["up 2", "up 3", "down 3", "down 2"]);
  let fails = true;
  const broken = { ...step(2), up: () => fails ? Promise.reject(new Error("cut off")) : Promise.resolve() };
  await assertRejects(() => migrate(kv, { migrations: [broken] }), Error, "cut off");
  assertEquals(await schemaVersion(kv), 1);
  fails = false;
  assertEquals((await migrate(kv, { migrations: [broken] })).to, 2);
});

Deno.test("[ROW-LOCKS] store and data folder are locked both or neither", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const paths = { kv_file: `${folder}/holdfast.kv`, data_folder: folder, pid: 12 };
    {
      using _other = await takeLock(`${folder}/lock`, 34);
      const error = await assertRejects(() => takeLocks(paths), AppError);
      assert(error.message.includes("34"));
      using _free = await takeLock(`${folder}/holdfast.kv.lock`, 56);
    }
    using _both = await takeLocks(paths);
    await assertRejects(() => takeLocks(paths), AppError, "12");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("[ROW-KEY] keys are told apart whatever stands in them; a foreign row is refused", () => {
  assertNotEquals(keyId(["a", "b"]), keyId(["a\u0000sb"]));
  assertNotEquals(keyId(["a", 1]), keyId(["a", "1"]));
  assertNotEquals(keyId(["ab", "c"]), keyId(["a", "bc"]));
  assertEquals(keyId(["a", 1, true]), keyId(["a", 1, true]));
  assertEquals(decodeRow(z.number(), { value: encodeRow(5) }), 5);
  assertEquals(decodeRow(z.number(), { value: null }), null);
  let thrown: unknown;
  try {
    decodeRow(z.number(), { value: { a: 1 } });
  } catch (error) {
    thrown = error;
  }
  assert(thrown instanceof TypeError);
});

Deno.test("[ROW-DEADLINE] every call ends after 3 s; then the store is away until any call is answered", async () => {
  using raw = await Deno.openKv(":memory:");
  const clock = new VirtualClock();
  let fate: Fate = "never";
  const world = new World(raw as unknown as Kv, () => {});
  const guard = guardKv(new Hostile(world, clock, () => fate), { clock });
  const turns: boolean[] = [];
  guard.onAway((away) => void turns.push(away));
  const calls = [
    guard.kv.get(["a"]),
    guard.kv.getMany([["a"]]),
    guard.kv.atomic().set(["a"], 1).commit(),
    Array.fromAsync(guard.kv.list({ prefix: [] })),
  ].map((call) => assertRejects(() => call as Promise<unknown>, AppError, "no answer in 3000 ms"));
  assertEquals(guard.away, false);
  for (let i = 0; i < 4; i++) {
    clock.step();
    await turn();
  }
  await Promise.all(calls);
  assertEquals([guard.away, turns], [true, [true]]);
  fate = "ok";
  while (guard.away) {
    clock.step();
    await world.quiet();
    await turn();
  }
  assertEquals(turns, [true, false]);
  guard.close();
});

Deno.test("[ROW-LIST] a list comes whole and in order whatever its batch is, with one deadline a batch", async () => {
  using raw = await Deno.openKv(":memory:");
  for (let i = 0; i < 25; i++) await raw.set(["row", i], i);
  let deadlines = 0;
  const clock = new VirtualClock();
  const after = clock.after.bind(clock);
  clock.after = (ms, fn) => {
    deadlines++;
    return after(ms, fn);
  };
  const { kv, close } = guardKv(raw as unknown as Kv, { clock });
  const read = async (options?: { limit?: number; batchSize?: number; reverse?: boolean }) => {
    deadlines = 0;
    return [(await Array.fromAsync(kv.list({ prefix: ["row"] }, options))).map(({ value }) => value), deadlines];
  };
  const all = Array.from({ length: 25 }, (_, i) => i);
  assertEquals(await read(), [all, 1]);
  assertEquals(await read({ batchSize: 10 }), [all, 3]);
  assertEquals(await read({ batchSize: 5, reverse: true }), [all.toReversed(), 6]);
  assertEquals(await read({ limit: 7, batchSize: 5 }), [all.slice(0, 7), 2]);
  assertEquals(await read({ limit: 1, batchSize: 500 }), [[0], 1]);
  for await (const entry of kv.list({ prefix: ["row"] }, { batchSize: 10 })) if (entry.value === 12) break;
  close();
});

Deno.test("[ROW-OPEN] a store is opened by path or in memory; where nobody listens it says so", async () => {
  const clock = new VirtualClock();
  const memory = await openStore(":memory:", { clock });
  assertEquals([memory.remote, memory.away], [false, false]);
  memory.close();
  await assertRejects(() => openStore("http://127.0.0.1:9", { clock }));
});
