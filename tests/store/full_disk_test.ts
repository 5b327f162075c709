// A store whose disk is full: every write is refused until there is room again.
import { assertEquals } from "@std/assert";
import { project } from "@/lib/engine/project.ts";
import { guardKv, type Kv } from "@/lib/store/kv.ts";
import { createStore } from "@/lib/store/store.ts";
import { SESSION, SETTINGS, uuid } from "../engine/support/story.ts";
import { output, Place, testIds, turn } from "./support.ts";
import { Hostile, World } from "./writer/hostile.ts";
import { VirtualClock } from "./writer/virtual_clock.ts";

Deno.test("[ROW-FULL] a full disk refuses persons at once and loses nothing; the first write that is taken ends it", async () => {
  using raw = await Deno.openKv(":memory:");
  const clock = new VirtualClock();
  let room = true;
  const world = new World(raw as unknown as Kv, () => {});
  const guard = guardKv(roomy(new Hostile(world, clock, () => "ok"), () => room), { clock });
  /** Lets time go on, but not while the store works, until a promise is settled. */
  const until = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false;
    promise.then(() => over = true, () => over = true);
    for (; !over; clock.step()) for (let turns = 0; turns < 5; turns++) await world.quiet().then(turn);
    return await promise;
  };
  const connection = { ...guard, remote: false, onAway: guard.onAway, watch: () => new ReadableStream(), close() {} };
  const store = await until(createStore(
    Object.defineProperties(connection, { away: { get: () => guard.away }, full: { get: () => guard.full } }),
    { clock, ids: testIds, instance: "instance-a", project: (state) => project(state, SETTINGS) },
  ));
  const place = new Place(store, connection, clock);
  await until(place.create(SESSION));
  room = false;
  const flying = place.create(uuid(5)).catch((error) => error.code);
  while (!guard.full) await turn();
  assertEquals(await place.create(uuid(6)).catch((error) => error.code), "full");
  const said = place.append(SESSION, [output("waits for room")]);
  assertEquals(await until(flying), "in_doubt");
  room = true;
  const { last_seq } = await until(said);
  assertEquals([guard.full, last_seq], [false, await place.store.events.headSeq(SESSION) ?? 0]);
  await until(place.create(uuid(6)));
  await until(place[Symbol.asyncDispose]());
});

/** A store that takes writes only while there is room. */
function roomy(kv: Kv, room: () => boolean): Kv {
  const atomic = (op: ReturnType<Kv["atomic"]>): ReturnType<Kv["atomic"]> => ({
    check: (...checks) => atomic(op.check(...checks)),
    set: (...row) => atomic(op.set(...row)),
    delete: (key) => atomic(op.delete(key)),
    commit: () => room() ? op.commit() : Promise.reject(new Error("database or disk is full")),
  });
  return {
    get: (key) => kv.get(key),
    getMany: (many) => kv.getMany(many),
    list: (selector, options) => kv.list(selector, options),
    atomic: () => atomic(kv.atomic()),
  };
}
