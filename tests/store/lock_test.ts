import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { takeLock } from "@/lib/store/lock.ts";

Deno.test("[LOCK1] a lock is held once; the second start learns the pid of the first, also by another process", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/lock`;
    {
      using _held = await takeLock(path, 4711);
      const error = await assertRejects(() => takeLock(path, 4712), AppError);
      assertMatch(error.message, /pid 4711/);
      const code = `const f = await Deno.open(${JSON.stringify(path)}, { write: true });
        Deno.exit(await f.tryLock(true) ? 0 : 9);`;
      const { code: exit } = await new Deno.Command(Deno.execPath(), {
        args: ["eval", "--quiet", code],
        stdout: "null",
        stderr: "null",
      }).output();
      assertEquals(exit, 9);
    }
    using again = await takeLock(path, 4713);
    assertEquals(again.path, path);
    assertEquals(await Deno.readTextFile(path), "4713\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
