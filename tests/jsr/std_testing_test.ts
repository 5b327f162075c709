// What the stand-in of @std/testing promises: the fake clock and the suites.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime, TimeError } from "@std/testing/time";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "@std/testing/bdd";

Deno.test("[STD-T1] a second fake clock is refused and the first can be restored", () => {
  const RealDate = Date;
  {
    using _time = new FakeTime();
    assertThrows(() => new FakeTime(), TimeError, "already faked");
  }
  assertEquals(Date, RealDate);
});

Deno.test("[STD-T2] timers run in the order of due time and show that time", () => {
  using time = new FakeTime("2026-01-02T03:04:05.000Z");
  const seen: [string, number][] = [];
  const note = (name: string) => seen.push([name, Date.now() - time.start]);
  setTimeout(note, 30, "late");
  setTimeout(note, 10, "early");
  const interval = setInterval(note, 20, "again");
  time.tick(45);
  clearInterval(interval);
  time.tick(100);
  assertEquals(seen, [["early", 10], ["again", 20], ["late", 30], ["again", 40]]);
  assertEquals(new Date().toISOString(), "2026-01-02T03:04:05.145Z");
  assert(new Date() instanceof Date);
});

Deno.test("[STD-T3] tickAsync lets awaited code arm its next timer in time", async () => {
  using time = new FakeTime(0);
  const seen: number[] = [];
  const loop = async () => {
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      seen.push(Date.now());
    }
  };
  const done = loop();
  await time.tickAsync(250);
  assertEquals(seen, [100, 200]);
  await time.tickAsync(50);
  await done;
  assertEquals(seen, [100, 200, 300]);
});

Deno.test("[STD-T4] AbortSignal.timeout follows the fake clock", async () => {
  using time = new FakeTime(0);
  const signal = AbortSignal.timeout(1000);
  const aborted = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  time.tick(999);
  assertEquals(signal.aborted, false);
  time.tick(1);
  const error = await assertRejects(() => aborted, DOMException);
  assertEquals(error.name, "TimeoutError");
});

Deno.test("[STD-T5] time never goes back, next and runAll walk the timers", async () => {
  using time = new FakeTime(1000);
  assertThrows(() => time.now = 999, TimeError, "past");
  const seen: number[] = [];
  setTimeout(() => seen.push(Date.now()), 5);
  setTimeout(() => setTimeout(() => seen.push(Date.now()), 7), 10);
  assertEquals(time.next(), true);
  assertEquals(time.now, 1005);
  time.runAll();
  assertEquals(seen, [1005, 1017]);
  assertEquals(await time.nextAsync(), false);
});

const order: string[] = [];

describe("[STD-B1] a suite", () => {
  beforeAll(() => void order.push("all"));
  beforeEach(() => void order.push("each"));
  afterEach(() => void order.push("after each"));
  afterAll(() => void order.push("after all"));
  it("runs its first test", () => void order.push("one"));
  describe("and an inner suite", () => {
    beforeEach(async () => {
      await Promise.resolve();
      order.push("inner each");
    });
    afterEach(() => void order.push("inner after each"));
    it("runs inside all hooks", () => void order.push("two"));
  });
  it.skip("leaves out what is skipped", () => void order.push("skipped"));
});

Deno.test("[STD-B1] hooks ran outside in before a test and inside out after it", () => {
  assertEquals(order, [
    "all",
    ...["each", "one", "after each"],
    ...["each", "inner each", "two", "inner after each", "after each"],
    "after all",
  ]);
});
