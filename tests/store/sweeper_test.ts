import { assert, assertEquals, assertRejects } from "@std/assert";
import { keys, SESSION_PREFIXES } from "@/lib/store/keys.ts";
import { guardKv, type Kv } from "@/lib/store/kv.ts";
import { decodeRow, encodeRow } from "@/lib/store/mutation.ts";
import { sweepRows } from "@/lib/store/sweep_rows.ts";
import { createSweeper } from "@/lib/store/sweeper.ts";
import { TrashMark } from "@/lib/store/writer/stage.ts";
import { askCommand, OWNER, SESSION, SYSTEM, uuid } from "../engine/support/story.ts";
import { output, Place, turn } from "./support.ts";

const OTHER_SESSION = SESSION.replace("7b", "7c");

/** A session with rows of every kind, then deleted. */
async function deleted(place: Place): Promise<void> {
  const { store } = place;
  await place.create(SESSION);
  await place.start(SESSION, { run_id: "run-a", task: "t".repeat(200_000), begun: true });
  const { head } = await store.sessions.state(SESSION);
  const by = { kind: "run", session_id: SESSION, run_id: "run-a", fence: head.fence } as const;
  for (let n = 1; n <= 3; n++) await place.say(SESSION, { by, command: askCommand(`k${n}`, uuid(n)) });
  for (let n = 0; n < 30; n++) await place.append(SESSION, [output("x".repeat(70_000)), output(`line ${n}`)]);
  const message = { message_id: "m", content: "m".repeat(70_000), by: "u", at: "2026-01-05T09:00:00.000Z" };
  const scope = '["u-ada","POST /x","key"]';
  await store.writer.submit({
    session_id: SESSION,
    outside: [store.idempotency.key(scope)],
    urgent: true,
    owner: "person",
    decide: ({ state, now }) => ({
      commit: true,
      state: { ...state, mailbox: [message] },
      events: [],
      rows: store.idempotency.row(SESSION, { scope, body_digest: "d", reply: { big: "r".repeat(90_000) }, now }),
      reply: null,
    }),
  });
  await store.snapshots.put(SESSION, { seq: 5, view: { lines: "v".repeat(150_000) }, format: 1 });
  await store.blobs.put(SESSION, new Uint8Array(130_000).fill(7), "image/png");
  const gate = await store.files.gate(SESSION, null);
  assert(gate !== null);
  await store.files.keep(gate, "digest", new Uint8Array(130_000));
  const file = { path: "a.bin", digest: "digest", size_bytes: 130_000, modified_ms: 0, stored: true };
  await store.files.change(gate, { set: [file], removed: [], unused: [] });
  for (const kind of SESSION_PREFIXES) {
    const rows = await Array.fromAsync(place.kv.list({ prefix: [kind, SESSION] }));
    assert(rows.length > 0, `no row of kind ${kind} to sweep`);
  }
  await place.say(SESSION, { by: OWNER, command: { type: "cancel_run", run_id: "run-a" } });
  await place.say(SESSION, { by: SYSTEM, command: { type: "settle_run", run_id: "run-a", fence: head.fence } });
  await place.say(SESSION, { by: OWNER, command: { type: "delete_session" } });
}
const named = async (place: Place) => (await place.allKeys()).map((key) => JSON.stringify(key)).sort();

Deno.test("[SW-NOTHING] a deleted session leaves no key, within or outside; others keep all of theirs", async () => {
  await using place = await Place.open();
  await place.create(OTHER_SESSION);
  await place.start(OTHER_SESSION, { run_id: "run-b" });
  const before = await named(place);
  await deleted(place);
  assert((await named(place)).length > before.length + 50);
  await place.store.sweeper.pass();
  assertEquals(await named(place), before);
});

Deno.test("[SW-HIDDEN] a deleted session is in no list before it is swept", async () => {
  await using place = await Place.open();
  await deleted(place);
  const { kv } = place;
  for (const prefix of [keys.summaries(), keys.dues(), keys.leases()]) {
    assertEquals(await Array.fromAsync(kv.list({ prefix })), []);
  }
  assertEquals((await kv.get(keys.gate(SESSION))).versionstamp, null);
  assertEquals(
    await place.store.blobs.put(SESSION, new Uint8Array(9), "image/png").catch((error) => error.code),
    "not_found",
  );
  assertEquals(await place.store.snapshots.put(SESSION, { seq: 9000, view: {}, format: 1 }), false);
});

Deno.test("[SW-RESUME] a sweep that is cut off after any commit goes on at the next start, on the same file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const location = `${folder}/holdfast.kv`;
    {
      await using place = await Place.open({ location });
      await deleted(place);
    }
    let cuts = 0;
    for (let swept = false; !swept; cuts++) {
      await using place = await Place.open({ location });
      const { kv } = place;
      let commits = 0;
      const guard = guardKv({
        ...kv,
        atomic: () => {
          // The process is killed before its second commit.
          if (++commits > 1) throw new Error("killed");
          return kv.atomic();
        },
      }, { clock: place.clock });
      const sweeper = createSweeper(guard.kv, {
        clock: place.clock,
        shared: false,
        writerLives: () => Promise.resolve(false),
      });
      await sweeper.pass();
      swept = (await kv.get(keys.trash(SESSION))).versionstamp === null;
    }
    assert(cuts > 5, `${cuts} cuts`);
    await using place = await Place.open({ location });
    const left = await place.allKeys();
    assertEquals(left.map((key) => key[0]).sort(), ["schema", "writer"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("[SW-FOLDER] rows stay until the folder is gone, which waits for the sandbox's end", async () => {
  await using place = await Place.open();
  await deleted(place);
  const { sweeper } = place.store;
  let gone = false;
  let asked = 0;
  sweeper.start({
    folderGone: () => {
      asked++;
      return Promise.resolve(gone);
    },
  });
  while (asked < 1) await turn();
  const before = await named(place);
  await sweeper.pass();
  assertEquals(await named(place), before);
  gone = true;
  sweeper.kick();
  while ((await place.kv.get(keys.trash(SESSION))).versionstamp !== null) await turn();
  assertEquals((await place.allKeys()).map((key) => key[0]).sort(), ["schema", "writer"]);
});

Deno.test("[SW-ALIVE] a session that is there is never swept, whatever its trash row says", async () => {
  await using place = await Place.open();
  await place.create(SESSION);
  const before = await named(place);
  await place.kv.atomic().set(keys.trash(SESSION), encodeRow({})).commit();
  await place.store.sweeper.pass();
  assertEquals(await named(place), before);
});

Deno.test("[SW-PROVISIONAL] a provisional row is spared while its writer lives; a dead one's blobs go", async () => {
  await using place = await Place.open();
  const { kv, store } = place;
  const write = (writer_id: string) =>
    kv.atomic().set(keys.trash(SESSION), encodeRow({ provisional: writer_id }))
      .set(keys.blobPart(SESSION, "d", 0), new Uint8Array(9)).commit();
  await write(store.writer.id);
  await store.sweeper.pass();
  assertEquals(decodeRow(TrashMark, await kv.get(keys.trash(SESSION))), { provisional: store.writer.id });
  await write("a-writer-of-an-earlier-start");
  await store.sweeper.pass();
  assertEquals((await place.allKeys()).map((key) => key[0]).sort(), ["schema", "writer"]);
});

Deno.test("[SW-WRITERS] rows of dead writers are swept at the start, and their batches never land", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const location = `${folder}/holdfast.kv`;
    const first = await Place.open({ location });
    const mark = await first.kv.get(keys.writer(first.store.writer.id));
    first.connection.close();
    await using second = await Place.open({ location, instance: "instance-b" });
    const writers = await Array.fromAsync(second.kv.list({ prefix: keys.writers() }));
    assertEquals(writers.map(({ key }) => key[1]), [second.store.writer.id]);
    const late = second.kv.atomic().check({ key: mark.key, versionstamp: mark.versionstamp }).set(["x"], 1);
    assertEquals((await late.commit()).ok, false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("[SW-FENCED] a blob part in flight never lands behind the delete", async () => {
  await using place = await Place.open();
  await place.create(SESSION);
  const raw = place.kv;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { createBlobs } = await import("@/lib/store/blobs.ts");
  const slow: Kv = {
    ...raw,
    atomic() {
      const op = raw.atomic();
      const commit = op.commit.bind(op);
      op.commit = async () => {
        await held;
        return await commit();
      };
      return op;
    },
  };
  const upload = createBlobs(slow).put(SESSION, new Uint8Array(500_000), "image/png");
  await turn();
  await place.say(SESSION, { by: OWNER, command: { type: "delete_session" } });
  await place.store.sweeper.pass();
  release();
  await assertRejects(() => upload, Error, "is gone");
  assertEquals((await place.allKeys()).map((key) => key[0]).sort(), ["schema", "writer"]);
});

Deno.test("[SW-SMALL] a sweep removes at most 500 keys a commit", async () => {
  await using place = await Place.open();
  await deleted(place);
  const { kv } = place;
  for (let from = 0; from < 1500; from += 500) {
    const op = kv.atomic();
    for (let n = from; n < from + 500; n++) op.set(keys.ownedKey(SESSION, ["row", n]), encodeRow(null));
    await op.commit();
  }
  const sizes: number[] = [];
  const counting: Kv = {
    ...kv,
    atomic() {
      const op = kv.atomic();
      const remove = op.delete.bind(op);
      sizes.push(0);
      op.delete = (key) => {
        sizes[sizes.length - 1]!++;
        return remove(key);
      };
      return op;
    },
  };
  const sweeper = createSweeper(counting, {
    clock: place.clock,
    shared: false,
    writerLives: () => Promise.resolve(false),
  });
  await sweeper.pass();
  assertEquals((await place.allKeys()).map((key) => key[0]).sort(), ["schema", "writer"]);
  assert(Math.max(...sizes) <= 500, `${Math.max(...sizes)} keys in one commit`);
});

Deno.test("[SW-RESUME] a sweep ends where another has changed the trash row; nothing more is removed", async () => {
  await using place = await Place.open();
  await deleted(place);
  const before = await named(place);
  const { kv } = place;
  const { versionstamp } = await kv.get(keys.trash(SESSION));
  await kv.atomic().set(keys.trash(SESSION), encodeRow({})).commit();
  assertEquals(await sweepRows(kv, { session_id: SESSION, trash: versionstamp!, told: false }), false);
  assertEquals(await named(place), before);
});
