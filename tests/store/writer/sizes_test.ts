// What is counted before sending is never less than what the store counts.
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Key, Mutation } from "@/lib/store/mutation.ts";
import {
  BATCH_LIMIT,
  COMMAND_LIMIT,
  fits,
  keyBytes,
  MAX_VALUE_BYTES,
  sum,
  weigh,
  weighChecks,
} from "@/lib/store/writer/sizes.ts";

async function commits(rows: readonly Mutation[], checks: readonly Key[] = []): Promise<boolean> {
  using kv = await Deno.openKv(":memory:");
  const op = kv.atomic();
  for (const key of checks) op.check({ key, versionstamp: null });
  for (const row of rows) if (row.type === "set") op.set(row.key, row.value);
  return (await op.commit()).ok;
}
const row = (key: Key, bytes: number): Mutation => ({ type: "set", key, value: new Uint8Array(bytes) });
const until = (make: (n: number) => Mutation, limit = BATCH_LIMIT): Mutation[] => {
  const rows: Mutation[] = [];
  for (let n = 0; fits(weigh([...rows, make(n)]), limit); n++) rows.push(make(n));
  return rows;
};

Deno.test("[WR-SIZES] an atomic that fits by our count fits into the store: rows, keys, bytes, checks", async () => {
  assert(await commits(until((n) => row(["r", n], 1))), "900 small rows");
  assert(await commits(until((n) => row(["k", n, "é".repeat(300)], 1))), "60 KB of keys");
  assert(await commits(until((n) => row(["z", n, "a\u0000".repeat(300)], 1))), "keys with zeros");
  assert(await commits(until((n) => row(["b", n], 60_000))), "640 KB");
  const checks = Array.from({ length: 100 }, (_, n): Key => ["c", n]);
  assert(fits(weighChecks(checks), BATCH_LIMIT) && await commits([row(["x"], 1)], checks), "100 checks");
});

Deno.test("[WR-SIZES] what the store refuses does not fit by our count", async () => {
  const rows = Array.from({ length: 1001 }, (_, n) => row(["r", n], 1));
  await assertRejects(() => commits(rows), TypeError, "Too many mutations");
  assertEquals(fits(weigh(rows), BATCH_LIMIT), false);
  const large = Array.from({ length: 14 }, (_, n) => row(["r", n], 60_000));
  await assertRejects(() => commits(large), TypeError, "too large");
  assertEquals(fits(weigh(large), BATCH_LIMIT), false);
  const keys = Array.from({ length: 90 }, (_, n) => row(["k", n, "a".repeat(1000)], 1));
  await assertRejects(() => commits(keys), TypeError, "too large");
  assertEquals(fits(weigh(keys), BATCH_LIMIT), false);
});

Deno.test("[WR-SIZES] an atomic holds 100 checks, 900 rows, 60 KB of keys, 640 KB; a command always fits one, a value is 60,000", () => {
  assertEquals(BATCH_LIMIT, { checks: 100, mutations: 900, key_bytes: 60_000, bytes: 640_000 });
  assertEquals(COMMAND_LIMIT, { checks: 25, mutations: 450, key_bytes: 40_000, bytes: 160_000 });
  // The heads of all that a round chose, the writer's own row and the feed's go with it.
  const beside = sum(weighChecks(Array.from({ length: 75 }, () => ["head", crypto.randomUUID()])), {
    checks: 0,
    mutations: 20,
    key_bytes: 2_000,
    bytes: 20_000,
  });
  assert(fits(sum(COMMAND_LIMIT, beside), BATCH_LIMIT));
  assertEquals(MAX_VALUE_BYTES, 60_000);
});

Deno.test("[WR-SIZES] weights add up", () => {
  const one = weigh([row(["a"], 10)]);
  assertEquals(sum(one, one, weighChecks([["a"]])), {
    checks: 1,
    mutations: 2,
    key_bytes: 3 * keyBytes(["a"]),
    bytes: 2 * one.bytes,
  });
});
