// The digest of what workflows are made of.
import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { sourceDigest } from "@/lib/sandbox/source_digest.ts";

const FOLDERS = ["workers/agents", "workers/modes", "workers/runtime", "workers/sdk", "lib/model"];

Deno.test("[SBX-SRC-1] the digest changes with a source, whichever it is, and with nothing else", async () => {
  const project = await Deno.makeTempDir();
  try {
    for (const folder of FOLDERS) {
      await Deno.mkdir(`${project}/${folder}`, { recursive: true });
      await Deno.writeTextFile(`${project}/${folder}/a.ts`, "1");
    }
    const before = await sourceDigest(project);
    assertMatch(before, /^[0-9a-f]{64}$/);
    await Deno.writeTextFile(`${project}/lib/model/note.md`, "not a source");
    await Deno.utime(`${project}/lib/model/a.ts`, 1, 1);
    assertEquals(await sourceDigest(project), before);
    for (const folder of FOLDERS) {
      await Deno.writeTextFile(`${project}/${folder}/a.ts`, "2");
      assertNotEquals(await sourceDigest(project), before);
      await Deno.writeTextFile(`${project}/${folder}/a.ts`, "1");
    }
    await Deno.remove(`${project}/workers/modes`, { recursive: true });
    await assertRejects(() => sourceDigest(project), AppError, "workers/modes");
  } finally {
    await Deno.remove(project, { recursive: true });
  }
});
