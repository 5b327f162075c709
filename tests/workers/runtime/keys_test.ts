import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { canonical } from "../../../workers/runtime/json.ts";
import { escapeName, keyOf } from "../../../workers/runtime/keys.ts";
import { Random } from "../../../workers/runtime/random.ts";
import { sha256 } from "../../../workers/runtime/sha256.ts";

Deno.test("[WK-KEY1] a key is the path of its scope and its name, counted from the second", () => {
  assertEquals([keyOf("", "a", 1), keyOf("", "a", 2), keyOf("g", "a", 3)], ["a", "a#2", "g/a#3"]);
});

Deno.test("[WK-KEY2] # and / of a name are escaped: no name can take the key of another path", () => {
  assertEquals(escapeName("a/b#2%"), "a%2Fb%232%25");
  assertNotEquals(keyOf("", "a/b", 1), keyOf("a", "b", 1));
  assertNotEquals(keyOf("", "a#2", 1), keyOf("", "a", 2));
  assertNotEquals(keyOf("", "a%2Fb", 1), keyOf("", "a/b", 1));
});

Deno.test("[WK-KEY3] a key over 256 bytes is # and its SHA-256, and no name has such a key", () => {
  const long = keyOf("scope", "é".repeat(126), 1);
  assertEquals(long, `#${sha256(`scope/${"é".repeat(126)}`)}`);
  assertEquals(keyOf("", "é".repeat(128), 1), "é".repeat(128));
  assertMatch(keyOf(long, "a", 1), /^#[0-9a-f]{64}\/a$/);
  assertEquals(escapeName("#x").startsWith("#"), false);
});

Deno.test("[WK-KEY4] SHA-256 gives what the standard gives", () => {
  assertEquals(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assertEquals(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assertEquals(
    sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  );
});

Deno.test("[WK-KEY5] SHA-256 is that of the platform at every length around a block", async () => {
  for (let length = 0; length < 200; length++) {
    const text = "é".repeat(length >> 1) + "a".repeat(length & 1);
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    assertEquals(sha256(text), bytes.toHex(), `length ${length}`);
  }
});

Deno.test("[WK-KEY6] the canonical form has keys in order and nothing else", () => {
  assertEquals(canonical({ b: [1, { d: null, c: "x" }], a: true }), `{"a":true,"b":[1,{"c":"x","d":null}]}`);
});

Deno.test("[WK-KEY7] random numbers fill their range evenly", () => {
  const random = new Random("run", "scope");
  const buckets = Array(10).fill(0);
  for (let i = 0; i < 10_000; i++) buckets[Math.floor(random.next() * 10)]++;
  for (const count of buckets) assertEquals(Math.abs(count - 1000) < 150, true, `${buckets}`);
});
