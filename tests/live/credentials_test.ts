// Sockets and streams end with what they came in with.
import { assert, assertEquals } from "@std/assert";
import { CredentialWatch } from "@/lib/live/credentials.ts";
import type { Credential, Ended } from "@/lib/model/principal.ts";
import { FakeClock } from "@/tests/service/support/fake_clock.ts";
import { type Doors, openDoors } from "@/tests/support/door.ts";
import { COOKIE_LOGIN, COOKIE_VALUE, OTHER_TOKEN } from "@/tests/support/fake_holdfast.ts";
import { Client } from "./client.ts";
import { settle } from "./support.ts";

const OTHER = { kind: "user", id: "other", name: "Other", admin: false } as const;
async function withDoors(run: (doors: Doors) => Promise<void>): Promise<void> {
  const doors = await openDoors();
  try {
    await run(doors);
  } finally {
    await doors.close();
  }
}

Deno.test("[CRED1] a revoked token closes its sockets with 1008 at once and ends its streams; others stay", async () => {
  for (const elsewhere of [false, true]) {
    await withDoors(async ({ url, fake }) => {
      const { session_id } = fake.addSession(OTHER);
      const client = new Client(`${url}/ws`, ["holdfast.v1", `bearer.${OTHER_TOKEN}`]);
      const run = new Client(`${url}/ws/r1`, ["holdfast.v1", `bearer.${OTHER_TOKEN}`]);
      await Promise.all([client.next("connected"), run.next("connected")]);
      const stream = await fetch(`${url}/api/sessions/${session_id}/events`, {
        headers: { authorization: `Bearer ${OTHER_TOKEN}`, accept: "text/event-stream" },
      });
      const text = stream.text();
      fake.end({ token_id: "token-of-admin" }, elsewhere);
      client.say({ type: "ping" });
      await client.next("pong");
      fake.end({ token_id: "token-of-other" }, elsewhere);
      assertEquals((await client.closed).code, 1008);
      assertEquals((await run.closed).code, 1008);
      assert((await text).startsWith("retry:"));
    });
  }
});

Deno.test("[CRED2] logging out ends the sockets of that login only", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession(OTHER);
    const headers = { cookie: `holdfast_session=${COOKIE_VALUE}`, accept: "text/event-stream" };
    const stream = await fetch(`${url}/api/sessions/${session_id}/events`, { headers });
    const other = new Client(`${url}/ws`, ["holdfast.v1", `bearer.${OTHER_TOKEN}`]);
    await other.next("connected");
    const text = stream.text();
    fake.end({ login: COOKIE_LOGIN });
    assert((await text).startsWith("retry:"));
    other.say({ type: "ping" });
    await other.next("pong");
    await other.close();
  });
});

/** A watch over credentials by hand. */
function watchOf(stands: (credential: Credential) => Promise<boolean>) {
  const clock = new FakeClock();
  let tell: (ended: Ended | null) => void = () => {};
  const onEnded = (fn: (ended: Ended | null) => void) => {
    tell = fn;
    return () => void (tell = () => {});
  };
  const watch = new CredentialWatch({ stands, onEnded }, clock);
  return { clock, watch, tell: (ended: Ended | null) => tell(ended) };
}

Deno.test("[CRED3] a login ends its connections when its time is up, also beyond what one timer holds", async () => {
  const { clock, watch } = watchOf(() => Promise.resolve(true));
  const ended: string[] = [];
  const days = (n: number) => n * 86_400_000;
  watch.add({ token_id: "t", login: "a", until_ms: clock.now() + days(30) }, () => ended.push("month"));
  watch.add({ token_id: "t", login: "b", until_ms: clock.now() + 5_000 }, () => ended.push("soon"));
  watch.add({ token_id: "t" }, () => ended.push("never"));
  watch.add(undefined, () => ended.push("open"));
  await settle();
  clock.advance(4_999);
  assertEquals(ended, []);
  clock.advance(1);
  assertEquals(ended, ["soon"]);
  clock.advance(days(30));
  assertEquals(ended, ["soon", "month"]);
});

Deno.test("[CRED4] a credential that ended while the connection was opened is found; a silent store ends nothing", async () => {
  const ended: string[] = [];
  const gone = watchOf(() => Promise.resolve(false));
  gone.watch.add({ token_id: "t" }, () => ended.push("gone"));
  const silent = watchOf(() => Promise.reject(new Error("away")));
  silent.watch.add({ token_id: "t" }, () => ended.push("silent"));
  const left = watchOf(() => Promise.resolve(false));
  left.watch.add({ token_id: "t" }, () => ended.push("left"))();
  await settle();
  assertEquals(ended, ["gone"]);
});

Deno.test("[CRED5] a connection that has left keeps no timer", () => {
  const { clock, watch, tell } = watchOf(() => Promise.resolve(true));
  const before = clock.pending;
  const leave = watch.add({ token_id: "t", until_ms: clock.now() + 1000 }, () => assert(false));
  leave();
  tell({ token_id: "t" });
  assertEquals(clock.pending, before);
});
