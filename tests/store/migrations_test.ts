// The steps of the store's version, each on a real store: up, back, and cut off anywhere.
import { assert, assertEquals } from "@std/assert";
import { keys } from "@/lib/store/keys.ts";
import type { Kv } from "@/lib/store/kv.ts";
import { migrate, schemaVersion } from "@/lib/store/migrations.ts";
import { encodeRow } from "@/lib/store/mutation.ts";
import { runsByOwner } from "@/lib/store/migrations/runs_by_owner.ts";
import { newRun, OWNER, uuid } from "../engine/support/story.ts";
import { Place } from "./support.ts";

const BEN = { kind: "user", id: "u-ben", name: "Ben", admin: false } as const;
const runsOf = async (place: Place, owner_id: string) => {
  const page = await place.store.runs.between({ limit: 200, owner_id, visible: () => true });
  return page.items.map((run) => run.run_id).sort();
};
const rowsOf = (kv: Kv) => Array.fromAsync(kv.list({ prefix: ["run_of"] }));

/** Sessions of two people, a run each. */
async function filled(place: Place): Promise<void> {
  for (let n = 0; n < 200; n++) {
    const by = n % 4 === 0 ? BEN : OWNER;
    await place.create(uuid(n + 1), by);
    await place.say(uuid(n + 1), { by, command: { type: "start_run", run: newRun({ run_id: `run-${n}` }) } });
  }
}
const BENS = Array.from({ length: 50 }, (_, n) => `run-${4 * n}`).sort();

Deno.test("[MIG-RUNS] a person's runs are found by their rows alone; version 1 has none of them, version 2 all again", async () => {
  await using place = await Place.open();
  await filled(place);
  const { kv } = place;
  const before = await place.allKeys();
  assertEquals(await runsOf(place, BEN.id), BENS);
  assertEquals((await runsOf(place, OWNER.id)).length, 150);
  assertEquals(await migrate(kv, { to: 1 }), { from: 2, to: 1 });
  assertEquals((await rowsOf(kv)).length, 0);
  assertEquals((await place.allKeys()).length, before.length - 200);
  assertEquals(await migrate(kv), { from: 1, to: 2 });
  assertEquals(await place.allKeys(), before);
  assertEquals(await runsOf(place, BEN.id), BENS);
  assertEquals((await place.store.runs.between({ limit: 5, owner_id: "u-nobody", visible: () => true })).total, 0);
});

Deno.test("[MIG-CUT] a step that is cut off after any commit, up or back, is done again and comes to the same", async () => {
  await using place = await Place.open();
  await filled(place);
  const { kv } = place;
  const before = await place.allKeys();
  await migrate(kv, { to: 1 });
  for (let commits = 0;; commits++) {
    const done = await cutAfter(kv, commits, (cut) => migrate(cut));
    if (done) break;
    assertEquals(await schemaVersion(kv), 1);
  }
  assertEquals(await place.allKeys(), before);
  assertEquals(await cutAfter(kv, 0, (cut) => migrate(cut, { to: 1 })), false);
  assertEquals(await schemaVersion(kv), 2);
  await migrate(kv, { to: 1 });
  assertEquals((await rowsOf(kv)).length, 0);
});

Deno.test("[MIG-DELETED] a step writes nothing of a session that is deleted, and goes round one that moves meanwhile", async () => {
  await using place = await Place.open();
  await filled(place);
  const { kv } = place;
  await migrate(kv, { to: 1 });
  let moved = false;
  const racing: Kv = {
    ...kv,
    atomic() {
      return { ...hooked(kv.atomic(), () => moved ? undefined : race(place).then(() => void (moved = true))) };
    },
  };
  await runsByOwner.up(racing);
  assert(moved);
  assertEquals((await rowsOf(kv)).length, 199);
  assertEquals((await rowsOf(kv)).some(({ key }) => key.includes("run-3")), false);
});

/** One session is deleted, the gate of another moves. */
async function race(place: Place): Promise<void> {
  await place.say(uuid(4), { by: OWNER, command: { type: "cancel_run", run_id: "run-3" } });
  await place.say(uuid(4), { by: OWNER, command: { type: "delete_session" } });
  const gate = await place.kv.get(keys.gate(uuid(2)));
  await place.kv.atomic().check(gate).set(gate.key, encodeRow({ fence: 7 })).commit();
}

type Op = ReturnType<Kv["atomic"]>;

/** An atomic that calls `before` when it is about to be sent. */
function hooked(op: Op, before: () => Promise<void> | undefined): Op {
  return {
    check: (...checks) => hooked(op.check(...checks), before),
    set: (...row) => hooked(op.set(...row), before),
    delete: (key) => hooked(op.delete(key), before),
    commit: async () => {
      await before();
      return await op.commit();
    },
  };
}

/** Does something until so many commits are through and the next one throws; whether it came to its end. */
async function cutAfter(kv: Kv, commits: number, work: (kv: Kv) => Promise<unknown>): Promise<boolean> {
  let left = commits;
  const die = () => left-- > 0 ? undefined : Promise.reject(new Error("cut off"));
  try {
    await work({ ...kv, atomic: () => hooked(kv.atomic(), die) });
    return true;
  } catch (error) {
    if (error instanceof Error && error.message === "cut off") return false;
    throw error;
  }
}
