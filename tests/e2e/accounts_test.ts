// People on a real server: what a token, a login and their end are worth, from the outside.
import { assert, assertEquals } from "@std/assert";
import { startServer, type TestServer } from "../support/server.ts";
import { endServer } from "./support/ending.ts";

const headersOf = (token: string) => ({ authorization: `Bearer ${token}`, "content-type": "application/json" });

async function post(server: TestServer, path: string, { token, body }: { token: string; body: unknown }) {
  const init = { method: "POST", body: JSON.stringify(body), headers: headersOf(token) };
  const response = await fetch(server.url + path, init);
  return { status: response.status, answer: await response.json() };
}

/** Logs in; gives the cookie. */
async function login(server: TestServer, token: string): Promise<string> {
  const response = await fetch(`${server.url}/login`, {
    method: "POST",
    body: JSON.stringify({ token }),
    headers: { "content-type": "application/json" },
  });
  await response.body?.cancel();
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

/** A socket that is open; `closed` settles with its code. */
async function socketOf(server: TestServer, headers: Record<string, string>): Promise<{ closed: Promise<number> }> {
  // Deno's sockets take headers; the types of the browser, which stand here, do not know that.
  const options = { headers } as unknown as string[];
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`, options);
  const closed = new Promise<number>((resolve) => socket.onclose = ({ code }) => resolve(code));
  await new Promise((resolve) => socket.onmessage = resolve);
  return { closed };
}

async function withServer(work: (server: TestServer) => Promise<void>, env: Record<string, string> = {}) {
  const server = await startServer({ env });
  try {
    await work(server);
  } finally {
    await endServer(server);
  }
}

Deno.test("[PEOPLE1] revoking a token ends at once its requests, sockets, streams and the logins made from it", () =>
  withServer(async (server) => {
    const { token } = server;
    const made = await post(server, "/api/tokens", { token, body: { label: "l", user: { id: "anna", name: "Anna" } } });
    assertEquals(made.status, 201);
    const anna: string = made.answer.token;
    const session = await post(server, "/api/sessions", { token: anna, body: { mode: "one-shot", name: "Anna's" } });
    const other = await post(server, "/api/sessions", { token, body: { mode: "one-shot", name: "not Anna's" } });
    const list = await (await fetch(`${server.url}/api/sessions`, { headers: headersOf(anna) })).json();
    assertEquals(list.sessions.map((one: { name: string }) => one.name), ["Anna's"]);
    const foreign = await fetch(`${server.url}/api/sessions/${other.answer.session_id}`, { headers: headersOf(anna) });
    await foreign.body?.cancel();
    assertEquals(foreign.status, 404);
    const cookie = await login(server, anna);
    const events = `${server.url}/api/sessions/${session.answer.session_id}/events`;
    const byToken = await socketOf(server, headersOf(anna));
    const byCookie = await socketOf(server, { cookie, origin: server.url });
    const streams = [headersOf(anna), { cookie }].map(async (headers) =>
      await (await fetch(events, { headers: { ...headers, accept: "text/event-stream" } })).text()
    );
    const stays = await socketOf(server, headersOf(token));
    const gone = await fetch(`${server.url}/api/tokens/${made.answer.token_id}`, {
      method: "DELETE",
      headers: headersOf(token),
    });
    assertEquals(gone.status, 204);
    assertEquals([await byToken.closed, await byCookie.closed], [1008, 1008]);
    for (const text of await Promise.all(streams)) assert(text.startsWith("retry:"), text);
    for (const headers of [headersOf(anna), { cookie }]) {
      const refused = await fetch(`${server.url}/api/me`, { headers });
      await refused.body?.cancel();
      assertEquals(refused.status, 401);
    }
    const still = await Promise.race([stays.closed, Promise.resolve("open")]);
    assertEquals(still, "open");
  }));

Deno.test("[PEOPLE2] logging out ends the sockets and streams of that login, and no other's", () =>
  withServer(async (server) => {
    const { token } = server;
    const [one, two] = [await login(server, token), await login(server, token)];
    const session = await post(server, "/api/sessions", { token, body: { mode: "one-shot" } });
    const events = `${server.url}/api/sessions/${session.answer.session_id}/events`;
    const sockets = [
      await socketOf(server, { cookie: one, origin: server.url }),
      await socketOf(server, { cookie: two, origin: server.url }),
    ];
    const stream = fetch(events, { headers: { cookie: one, accept: "text/event-stream" } }).then((answer) =>
      answer.text()
    );
    const out = await fetch(`${server.url}/logout`, {
      method: "POST",
      headers: { cookie: one, origin: server.url, accept: "application/json" },
    });
    assertEquals(out.status, 204);
    assertEquals(await sockets[0]?.closed, 1008);
    assert((await stream).startsWith("retry:"));
    assertEquals(await Promise.race([sockets[1]?.closed, Promise.resolve("open")]), "open");
    const me = await fetch(`${server.url}/api/me`, { headers: { cookie: two } });
    await me.body?.cancel();
    assertEquals(me.status, 200);
  }));

Deno.test("[PEOPLE3] HOLDFAST_RATE bounds a person and not the administrator", () =>
  withServer(async (server) => {
    const { token } = server;
    const made = await post(server, "/api/tokens", { token, body: { label: "l", user: { id: "anna" } } });
    const anna: string = made.answer.token;
    const ask = async (as: string) => {
      const response = await fetch(`${server.url}/api/me`, { headers: headersOf(as) });
      await response.body?.cancel();
      return response;
    };
    let refused: Response | null = null;
    for (let n = 0; n < 200 && refused === null; n++) {
      const response = await ask(anna);
      if (response.status === 429) refused = response;
    }
    assertEquals([refused?.status, refused?.headers.get("retry-after")], [429, "1"]);
    for (let n = 0; n < 60; n++) assertEquals((await ask(token)).status, 200);
  }, { HOLDFAST_RATE: "1" }));
