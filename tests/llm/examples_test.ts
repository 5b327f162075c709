import { assert, assertEquals } from "@std/assert";
import { readRunbook } from "@/lib/model/runbook.ts";

const read = async (name: string) =>
  readRunbook(await Deno.readTextFile(new URL(`../../examples/${name}`, import.meta.url)));

Deno.test("[EX1] every example is a runbook without a problem, and each of its steps runs something", async () => {
  const names: string[] = [];
  for await (const entry of Deno.readDir(new URL("../../examples", import.meta.url))) {
    if (!entry.name.endsWith(".md")) continue;
    names.push(entry.name);
    const book = await read(entry.name);
    assertEquals(book.problems, [], entry.name);
    for (const step of book.steps) {
      assert(step.items.some(({ kind }) => kind === "code"), `${entry.name}: ${step.title}`);
    }
  }
  assertEquals(names.sort(), ["ask.md", "climate.md", "hello.md"]);
});

Deno.test("[EX2] climate asks for a yes before its report, and ask asks its question before the block that uses it", async () => {
  const last = (await read("climate.md")).steps.at(-1);
  assertEquals(last?.items.map(({ kind }) => kind), ["approve", "code"]);
  assertEquals((await read("ask.md")).steps.at(-1)?.items.map(({ kind }) => kind), ["ask", "code"]);
});
