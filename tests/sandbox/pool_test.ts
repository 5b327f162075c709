// The pool alone: its sandboxes are started by hand.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Pool, type Warm } from "@/lib/sandbox/pool.ts";
import { clock } from "./support.ts";

class Sandbox implements Warm {
  usable = true;
  readonly #over = Promise.withResolvers<void>();
  readonly over = this.#over.promise;
  constructor(readonly pid: number) {}
  kill(): void {
    this.usable = false;
    this.#over.resolve();
  }
}

/** A pool whose starts end when the test says so. */
function opened(warm: number) {
  const starts: PromiseWithResolvers<Sandbox>[] = [];
  const pool = new Pool<Sandbox>({
    warm,
    clock,
    start() {
      const start = Promise.withResolvers<Sandbox>();
      starts.push(start);
      return start.promise;
    },
  });
  const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
  return { pool, starts, settled };
}

Deno.test("[SBX-POOL-6] who waits gets the one that was begun for nobody, and no other is begun", async () => {
  const { pool, starts, settled } = opened(1);
  pool.fill();
  const taken = pool.take();
  await settled();
  assertEquals(starts.length, 1);
  const first = new Sandbox(1);
  starts[0]?.resolve(first);
  assertEquals(await taken, first);
  await settled();
  assertEquals(starts.length, 2, "the pool is filled again");
  starts[1]?.resolve(new Sandbox(2));
  await pool.close();
});

Deno.test("[SBX-POOL-7] as many are begun as wait, in whatever order they get ready; first come, first served", async () => {
  const { pool, starts, settled } = opened(0);
  const taken = [pool.take(), pool.take(), pool.take()];
  assertEquals(starts.length, 3);
  const ready = [1, 2, 3].map((pid) => new Sandbox(pid));
  starts[2]?.resolve(ready[2]!);
  starts[0]?.resolve(ready[0]!);
  starts[1]?.resolve(ready[1]!);
  assertEquals((await Promise.all(taken)).map(({ pid }) => pid), [3, 1, 2]);
  await settled();
  assertEquals(starts.length, 3, "nothing is kept ready");
  await pool.close();
});

Deno.test("[SBX-POOL-8] a failed start is heard by who waits, and the next one is served", async () => {
  const { pool, starts, settled } = opened(0);
  const taken = pool.take();
  starts[0]?.reject(new Error("no memory"));
  await assertRejects(() => taken, Error, "no memory");
  const again = pool.take();
  starts[1]?.resolve(new Sandbox(2));
  assertEquals((await again).pid, 2);
  await settled();
  await pool.close();
});

Deno.test("[SBX-POOL-9] one that died while it waited is not given away; closing leaves none", async () => {
  const { pool, starts, settled } = opened(2);
  pool.fill();
  const [first, second] = [new Sandbox(1), new Sandbox(2)];
  starts[0]?.resolve(first);
  await settled();
  starts[1]?.resolve(second);
  await settled();
  assertEquals(pool.size, 2);
  first.usable = false;
  assertEquals(await pool.take(), second);
  await settled();
  const late = new Sandbox(3);
  starts[2]?.resolve(late);
  await pool.close();
  assert(!late.usable, "one that got ready during the close is killed");
  await assertRejects(() => pool.take(), Error, "going away");
});
