import { assertEquals } from "@std/assert";
import type { Flush } from "@/lib/live/flush.ts";
import { LiveHub, WINDOW_MS } from "@/lib/live/hub.ts";
import { FakeClock } from "@/tests/service/support/fake_clock.ts";
import { MemoryLog } from "./support.ts";

const ID = "00000000-0000-4000-8000-000000000001";

function setup() {
  const clock = new FakeClock();
  const hub = new LiveHub(clock);
  const log = new MemoryLog();
  log.open(ID);
  const got: string[] = [];
  const member = {
    flush: (flush: Flush) => void got.push(`${flush.first_seq}-${flush.last_seq}`),
    gone: () => void got.push("gone"),
    look: () => void got.push("look"),
  };
  return { clock, hub, log, got, leave: hub.join(ID, member) };
}

Deno.test("[LIVE7] a commit of a quiet session goes out at once, those of a busy one together", () => {
  const { clock, hub, log, got } = setup();
  hub.publish(log.commit(ID, 1));
  assertEquals(got, ["1-1"]);
  for (let n = 0; n < 5; n++) hub.publish(log.commit(ID, 2));
  assertEquals(got, ["1-1"]);
  clock.advance(WINDOW_MS);
  assertEquals(got, ["1-1", "2-11"]);
  hub.publish(log.commit(ID, 1, { bytes: 300_000 }));
  assertEquals(got.at(-1), "12-12");
});

Deno.test("[LIVE8] commits that do not follow each other are not put together", () => {
  const { clock, hub, log, got } = setup();
  hub.publish(log.commit(ID, 1));
  hub.publish(log.commit(ID, 1));
  log.commit(ID, 1);
  hub.publish(log.commit(ID, 1));
  clock.advance(WINDOW_MS);
  assertEquals(got, ["1-1", "2-2", "4-4"]);
});

Deno.test("[LIVE9] a deletion comes after what was committed before it, and a member that left hears nothing", () => {
  const { clock, hub, log, got, leave } = setup();
  hub.publish(log.commit(ID, 1));
  hub.publish(log.commit(ID, 1));
  hub.publish(log.remove(ID));
  assertEquals(got, ["1-1", "2-2", "gone"]);
  leave();
  log.open(ID);
  hub.publish(log.commit(ID, 1));
  clock.advance(WINDOW_MS);
  assertEquals(got.length, 3);
  assertEquals(clock.pending, 0);
});
