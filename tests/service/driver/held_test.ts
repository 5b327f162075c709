import { assertEquals, assertLess } from "@std/assert";
import { Held, MAX_HELD, MAX_HELD_BYTES } from "@/lib/service/driver/held.ts";
import { packFiles } from "@/lib/service/driver/leaves.ts";

Deno.test("[HELD1] what a sandbox asks for is held up to a bound, and what is given makes room", () => {
  assertEquals([MAX_HELD_BYTES, MAX_HELD], [134_217_728, 25_000]);
  const said: string[] = [];
  const held = new Held((message) => void said.push(message));
  assertEquals([held.take("a", MAX_HELD_BYTES - 10), held.take("b", 10), held.take("c", 1)], [true, true, false]);
  assertEquals(said.length, 1);
  held.release("b");
  held.release("b");
  assertEquals([held.take("c", 10), held.take("d", 1)], [true, false]);
  held.releaseWhere((name) => name === "a");
  assertEquals(held.take("d", MAX_HELD_BYTES - 10), true);
  const many = new Held((message) => void said.push(message));
  for (let n = 0; n < MAX_HELD; n++) assertEquals(many.take(`${n}`, 1), true);
  assertEquals(many.take("one more", 1), false);
});

const file = (path: string) => ({ path, file_type: "text/plain", size_bytes: 1, created: true });

Deno.test("[HELD2] a list of files is cut into parts that one command can tell, and none is lost", () => {
  const names = [...Array.from({ length: 1000 }, (_, i) => `f${i}`), ...Array(50).fill("\u0001".repeat(3000))];
  const parts = packFiles(names.map(file));
  assertEquals(parts.flat().map(({ path }) => path), names);
  for (const part of parts) assertLess(JSON.stringify(part).length, 100_000);
  assertEquals(packFiles([]), []);
});
