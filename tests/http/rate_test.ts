import { assert, assertEquals } from "@std/assert";
import { BURST_S, createRate } from "@/lib/http/rate.ts";
import { AppError } from "@/lib/model/error.ts";
import { Problem } from "@/lib/protocol/rest.ts";
import { FakeClock } from "@/tests/service/support/fake_clock.ts";
import { openDoors } from "@/tests/support/door.ts";
import { ADMIN_TOKEN, OTHER_TOKEN } from "@/tests/support/fake_holdfast.ts";

const person = (id: string, admin = false) => ({ kind: "user", id, name: id, admin }) as const;
function refusedAfter(take: () => void): AppError {
  try {
    take();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

Deno.test("[RATE1] a person may ask so often a second and a burst at once; the refusal says when there is room", () => {
  const clock = new FakeClock();
  const rate = createRate({ clock, per_second: 2 });
  for (let n = 0; n < 2 * BURST_S; n++) rate.take(person("anna"));
  const refused = refusedAfter(() => rate.take(person("anna")));
  assertEquals([refused.code, refused.status, refused.details.retry_after_s], ["too_fast", 429, 1]);
  rate.take(person("bert"));
  clock.advance(500);
  rate.take(person("anna"));
  refusedAfter(() => rate.take(person("anna")));
  clock.advance(3_600_000);
  for (let n = 0; n < 2 * BURST_S; n++) rate.take(person("anna"));
  refusedAfter(() => rate.take(person("anna")));
});

Deno.test("[RATE2] administrators are never refused, nor anybody where there is no limit", () => {
  const clock = new FakeClock();
  const rate = createRate({ clock, per_second: 1 });
  for (let n = 0; n < 1000; n++) rate.take(person("root", true));
  const none = createRate({ clock, per_second: 0 });
  for (let n = 0; n < 1000; n++) none.take(person("anna"));
});

Deno.test("[RATE3] over HTTP: 429 with Retry-After for API and upgrades, for a person and not for the administrator", async () => {
  const doors = await openDoors({ rate: 1, clock: new FakeClock() });
  try {
    const ask = (token: string, path = "/api/me", headers = {}) =>
      fetch(doors.url + path, { headers: { authorization: `Bearer ${token}`, ...headers } });
    for (let n = 0; n < BURST_S; n++) {
      const response = await ask(OTHER_TOKEN);
      await response.body?.cancel();
      assertEquals(response.status, 200);
    }
    for (const path of ["/api/me", "/api/nope", "/ws", "/metrics"]) {
      const response = await ask(OTHER_TOKEN, path);
      assertEquals([response.status, response.headers.get("retry-after")], [429, "1"], path);
      assertEquals(Problem.parse(await response.json()).code, "too_fast");
    }
    const page = await ask(OTHER_TOKEN, "/");
    await page.body?.cancel();
    assertEquals(page.status, 429);
    for (let n = 0; n < 3 * BURST_S; n++) {
      const response = await ask(ADMIN_TOKEN);
      await response.body?.cancel();
      assert(response.ok);
    }
  } finally {
    await doors.close();
  }
});
