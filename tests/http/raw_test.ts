// Requests that no proper client sends, written to the TCP connection by hand.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Doors, openDoors } from "@/tests/support/door.ts";
import { ADMIN_TOKEN } from "@/tests/support/fake_holdfast.ts";

/** Sends bytes and reads until the server closes or the answer is whole. */
async function send(port: number, ...parts: (string | Uint8Array)[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const encoder = new TextEncoder();
  const writing = (async () => {
    for (const part of parts) {
      const bytes = typeof part === "string" ? encoder.encode(part) : part;
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    }
  })().catch(() => undefined);
  let text = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  while (!isWhole(text)) {
    const read = await connection.read(buffer);
    if (read === null) break;
    text += decoder.decode(buffer.subarray(0, read), { stream: true });
  }
  await writing;
  return text;
}
function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /^content-length: (\d+)/im.exec(text.slice(0, end))?.[1];
  return length !== undefined ? text.length >= end + 4 + Number(length) : /^HTTP\/1\.[01] (101|204)/.test(text);
}
async function withDoors(run: (doors: Doors) => Promise<void>): Promise<void> {
  const doors = await openDoors();
  try {
    await run(doors);
  } finally {
    await doors.close();
  }
}
const statusOf = (answer: string) => Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1]);

Deno.test("[RAW1] a foreign, broken or doubled Host gets an answer below 500", async () => {
  await withDoors(async ({ port }) => {
    const foreign = ["[", "[::1", "evil.example", "evil.example:80", "a b", "127.0.0.1:1", `localhost.:${port}`, "a@b"];
    for (const host of [...foreign, `user@127.0.0.1:${port}`, `127.0.0.1:${port}:1`, `127.0.0.1:${port}/x`]) {
      const answer = await send(port, `GET /api/health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assertEquals(statusOf(answer), 421, `${host}: ${answer}`);
      assertMatch(answer, /content-type: application\/problem\+json/i);
      assertMatch(answer, /x-request-id: /i);
    }
    const doubled = await send(port, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    assertEquals(statusOf(doubled), 400);
    for (const host of [`127.0.0.1:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`]) {
      assertEquals(statusOf(await send(port, `GET /api/health HTTP/1.1\r\nHost: ${host}\r\n\r\n`)), 200, host);
    }
  });
});

Deno.test("[RAW2] a request target that names another server is misdirected", async () => {
  await withDoors(async ({ port }) => {
    const host = `Host: 127.0.0.1:${port}\r\n\r\n`;
    assertEquals(statusOf(await send(port, `GET http://evil.example/api/health HTTP/1.1\r\n${host}`)), 421);
    assertEquals(statusOf(await send(port, `GET http://127.0.0.1:${port}/api/health HTTP/1.1\r\n${host}`)), 200);
    const connect = statusOf(await send(port, `CONNECT evil.example:80 HTTP/1.1\r\n${host}`));
    assert(connect === 405 || connect === 421, String(connect));
    assertEquals(statusOf(await send(port, `OPTIONS * HTTP/1.1\r\n${host}`)), 303);
  });
});

Deno.test("[RAW3] broken percent-encoding is 400 on every kind of path", async () => {
  await withDoors(async ({ port }) => {
    for (const path of ["/%E0%A4", "/api/%E0%A4", "/api/sessions/%zz", "/ws/%ff", "/%", "/static/%c3%28.css"]) {
      const answer = await send(port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
      assertEquals(statusOf(answer), 400, `${path}: ${answer}`);
      assertStringIncludes(answer, '"bad_request"');
    }
    for (const path of ["/api/../api/health", "/api//health", "/x/%2e%2e/api/health", "/api\\health"]) {
      const answer = await send(port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
      assertEquals(statusOf(answer), 200, `${path}: ${answer}`);
    }
  });
});

Deno.test("[RAW4] methods of nobody are 405 with Allow", async () => {
  await withDoors(async ({ port }) => {
    for (const method of ["FOO", "TRACE", "get", "PROPFIND", "__proto__", "constructor"]) {
      for (const path of ["/", "/api/health", "/nope"]) {
        const answer = await send(port, `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
        assertEquals(statusOf(answer), 405, `${method} ${path}: ${answer}`);
        assertMatch(answer, /^allow: GET, HEAD/im);
      }
    }
  });
});

Deno.test("[RAW5] a wrong Content-Length and endless chunks neither hang nor break the server", async () => {
  await withDoors(async (doors) => {
    const { port } = doors;
    const head = `POST /api/tasks HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n` +
      "Content-Type: application/json\r\nConnection: close\r\n";
    const small = '{"task":"t","config":{"mode":"one-shot"}}';
    // Shorter than the body: the rest is no request.
    assertEquals(statusOf(await send(port, `${head}Content-Length: 5\r\n\r\n${small}`)), 400);
    // Longer than the body, and then the connection ends.
    {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode(`${head}Content-Length: 9999\r\n\r\n${small}`));
      await connection.closeWrite();
      const buffer = new Uint8Array(4096);
      const read = await connection.read(buffer).catch(() => null);
      const answer = new TextDecoder().decode(buffer.subarray(0, read ?? 0));
      assert(read === null || statusOf(answer) === 400, answer);
    }
    for (const length of ["-1", "abc", "99999999999999999999999"]) {
      const status = statusOf(await send(port, `${head}Content-Length: ${length}\r\n\r\n`));
      assert(status === 400 || status === 413, `${length}: ${status}`);
    }
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const endless = Array.from({ length: 40 }, () => chunk);
    const answer = await send(port, `${head}Transfer-Encoding: chunked\r\n\r\n`, ...endless, "0\r\n\r\n");
    assertEquals(statusOf(answer), 413);
    assertEquals(doors.fake.asked, []);
    const after = await fetch(`${doors.url}/api/health`);
    assertEquals((await after.json()).status, "ok");
  });
});

Deno.test("[RAW6] an incomplete upgrade is 400, other methods on a live door 405", async () => {
  await withDoors(async ({ port }) => {
    const ask = (method: string, headers: string) =>
      send(
        port,
        `${method} /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n${headers}\r\n`,
      );
    const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const incomplete = [
      "",
      "Upgrade: websocket\r\n",
      "Connection: Upgrade\r\n",
      `Upgrade: websocket\r\nConnection: Upgrade\r\n`,
      `Upgrade: h2c\r\nConnection: Upgrade\r\n${key}Sec-WebSocket-Version: 13\r\n`,
      `Upgrade: websocket\r\nConnection: Upgrade\r\n${key}Sec-WebSocket-Version: 8\r\n`,
    ];
    for (const headers of incomplete) assertEquals(statusOf(await ask("GET", headers)), 400, headers);
    const complete = `Upgrade: websocket\r\nConnection: Upgrade\r\n${key}Sec-WebSocket-Version: 13\r\n`;
    const answer = await ask("GET", complete);
    assertEquals(statusOf(answer), 101);
    assertMatch(answer, /x-request-id: /i);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      assertMatch(await ask(method, ""), /405 .*allow: GET/is);
    }
  });
});
