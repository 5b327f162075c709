import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { differences, LayeredMap, patch } from "../../lib/engine/layered.ts";
import { openEntries } from "../../lib/engine/open.ts";
import { ABSENT } from "../../lib/engine/state.ts";
import type { JournalEntry } from "../../lib/model/journal.ts";

type Value = { v: number };

Deno.test("[ENG-Y1] a patched map is like a Map, and the map before it stays as it was", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat())), (pairs) => {
      let map: ReadonlyMap<number, Value> = new Map(Array.from({ length: 200 }, (_, key) => [key, { v: -1 }]));
      const model = new Map(map);
      for (const [key, v] of pairs) {
        const before = map;
        const size = before.size;
        map = patch(map, key, { v });
        model.set(key, { v });
        assertEquals(before.size, size);
      }
      assertEquals([...map.keys()].toSorted((a, b) => a - b), [...model.keys()].toSorted((a, b) => a - b));
      for (const [key, value] of model) assertEquals(map.get(key), value);
      assertEquals([map.size, [...map.values()].length, map.has(-1)], [model.size, model.size, false]);
    }),
    { seed: 20260105 },
  );
});

Deno.test("[ENG-Y2] the differences of two maps are exactly what was set, on the same base and across bases", () => {
  const start: ReadonlyMap<number, Value> = new Map(Array.from({ length: 1000 }, (_, key) => [key, { v: 0 }]));
  let before = start;
  for (let n = 0; n < 200; n++) {
    const value = { v: n };
    const after = patch(before, n * 7, value);
    assertEquals(differences(before, after), [[n * 7, value]]);
    before = after;
  }
  assertEquals(differences(start, before).length, 200);
  assertEquals(differences(before, before), []);
});

Deno.test("[ENG-Y3] a patch of a large map shares its base", () => {
  const large: ReadonlyMap<number, Value> = new Map(Array.from({ length: 5000 }, (_, key) => [key, { v: 0 }]));
  const one = patch(large, 1, { v: 1 });
  assert(one instanceof LayeredMap);
  assertStrictEquals(one.base, large);
});

Deno.test("[ENG-Y4] open leaves are found in base and layer alike", () => {
  const entry = (key: string, open: boolean): JournalEntry => {
    const base = {
      key,
      scope: "",
      name: key,
      pos: 0,
      kind: "step",
      digest: "d",
      attempt: 1,
      at: "t",
      failures: [],
    } as const;
    return open
      ? { ...base, failures: [], status: "open" }
      : { ...base, failures: [], status: "done", n: 1, value: null };
  };
  let entries: ReadonlyMap<string, JournalEntry> = new Map(
    Array.from({ length: 500 }, (_, n) => [`k${n}`, entry(`k${n}`, n % 100 === 0)]),
  );
  entries = patch(entries, "k100", entry("k100", false));
  entries = patch(entries, "new", entry("new", true));
  const keys = openEntries({ ...ABSENT, entries }).map((one) => one.key);
  assertEquals(keys.toSorted(), ["k0", "k200", "k300", "k400", "new"]);
});
