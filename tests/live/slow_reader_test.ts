// A reader that never reads, over a real TCP connection, beside one that does.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openDoors } from "@/tests/support/door.ts";
import { ADMIN_TOKEN } from "@/tests/support/fake_holdfast.ts";
import { Client, refusal } from "./client.ts";

/** A text frame as a client must mask it. */
function maskedFrame(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const frame = new Uint8Array(6 + payload.length);
  frame.set([0x81, 0x80 | payload.length]);
  frame.set(payload, 6);
  return frame;
}

/** Opens a WebSocket by hand and never reads after the handshake. */
async function openAndIgnore(port: number, message: unknown): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n` +
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
    "Sec-WebSocket-Version: 13\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  await connection.read(new Uint8Array(1024));
  const text = JSON.stringify(message);
  assert(text.length < 126);
  await connection.write(maskedFrame(text));
  return connection;
}

Deno.test("[LIVE20] a stuck reader is dropped within bounds, gives its place back at once, and the others get everything", async () => {
  const doors = await openDoors({ max_connections: 2 });
  try {
    const { fake, live, url, port } = doors;
    const { session_id } = fake.addSession();
    const topic = `session:${session_id}`;
    const good = new Client(`${url}/ws`, ["holdfast.v1", `bearer.${ADMIN_TOKEN}`]);
    await good.next("connected");
    good.say({ type: "subscribe", topic, batch: true });
    await good.next("caught_up");
    const stuck = await openAndIgnore(port, { type: "subscribe", topic, batch: true });
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    assertEquals((await refusal(`${url}/ws`, headers)).status, 503);
    let committed = 0;
    while (live.metrics().includes("holdfast_live_stuck 0\n")) {
      assert(committed < 4000, "a reader that never reads was not dropped after 40 MB");
      fake.commit(session_id, 10, { bytes: 10_000 });
      committed += 10;
      await good.until((text) => text.includes(`"seq":${committed},`));
      good.texts.length = 0;
    }
    assertStringIncludes(live.metrics(), "holdfast_live_connections 1\n");
    fake.commit(session_id, 1);
    await good.until((text) => text.includes(`"seq":${committed + 1},`));
    const third = new Client(`${url}/ws`, ["holdfast.v1", `bearer.${ADMIN_TOKEN}`]);
    await third.next("connected");
    await third.close();
    stuck.close();
    while (!live.metrics().includes("holdfast_live_stuck 0\n")) {
      good.say({ type: "ping" });
      await good.next("pong");
    }
    await good.close();
  } finally {
    await doors.close();
  }
});
