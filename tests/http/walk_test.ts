// Walks every path of the table of routes with everything that is wrong: methods, types, sizes, ids, encodings, queries,
// origins, hosts, credentials. Never a 5xx, never a stack trace, always a problem document.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { allowed } from "@/lib/http/api.ts";
import { operationsOf } from "@/lib/http/openapi.ts";
import { Problem } from "@/lib/protocol/rest.ts";
import { type Operation, type Operations, ROUTES } from "@/lib/protocol/routes.ts";
import { type Doors, openDoors } from "@/tests/support/door.ts";
import { ADMIN_TOKEN, COOKIE_VALUE, DIGEST, OTHER_TOKEN } from "@/tests/support/fake_holdfast.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const bearer = { authorization: `Bearer ${ADMIN_TOKEN}` };
const json = { ...bearer, "content-type": "application/json" };

async function withDoors(run: (doors: Doors) => Promise<void>, settings = {}): Promise<void> {
  const doors = await openDoors(settings);
  try {
    await run(doors);
  } finally {
    await doors.close();
  }
}

const UNKNOWN = "00000000-0000-4000-8000-00000000ffff";
/** A path of the table with names filled in. */
function filled(path: string, values: Record<string, string> = {}): string {
  const all: Record<string, string> = {
    session_id: UNKNOWN,
    run_id: "no-such-run",
    approval_id: UNKNOWN,
    digest: DIGEST,
    path: "no/such.txt",
    token_id: UNKNOWN,
    ...values,
  };
  return path.replace(/\{(\w+)\}/g, (_, name: string) => all[name] ?? "");
}
const routes: [string, Operations][] = Object.entries(ROUTES);
const operations: [string, string, Operation][] = routes.flatMap(([path, of]) =>
  operationsOf(of).map(([method, operation]): [string, string, Operation] => [path, method, operation])
);

/** Reads an answer that must be a problem document of a code. */
async function problemOf(response: Response, status: number, code: string): Promise<Problem> {
  const text = await response.text();
  assertEquals(response.status, status, `${response.url}: ${text}`);
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  assert(!/\bat .*\.ts:\d+/.test(text), `a stack trace: ${text}`);
  const problem = Problem.parse(JSON.parse(text));
  assertEquals([problem.code, problem.status], [code, status]);
  assertEquals(problem.request_id, response.headers.get("x-request-id"));
  return problem;
}
async function ask(doors: Doors, path: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(doors.url + path, { redirect: "manual", ...init });
}

Deno.test("[HTTP1] a method that a path does not have gets 405 with Allow, OPTIONS gets Allow, HEAD goes with GET", async () => {
  await withDoors(async (doors) => {
    for (const [path, of] of routes) {
      const allow = allowed(of).join(", ");
      for (const method of METHODS.filter((method) => !allowed(of).includes(method))) {
        const response = await ask(doors, filled(path), { method, headers: bearer });
        assertEquals(response.headers.get("allow"), allow, `${method} ${path}`);
        if (method === "HEAD") assertEquals(response.status, 405);
        else await problemOf(response, 405, "method_not_allowed");
      }
      const options = await ask(doors, filled(path), { method: "OPTIONS" });
      assertEquals([options.status, options.headers.get("allow")], [204, allow]);
      if (of.GET === undefined) continue;
      const get = await ask(doors, filled(path), { headers: bearer });
      const head = await ask(doors, filled(path), { method: "HEAD", headers: bearer });
      await get.body?.cancel();
      assertEquals([head.status, await head.text()], [get.status, ""], path);
    }
  });
});

Deno.test("[HTTP2] without valid credentials every path but the open ones is 401, administrators' ones 403 for others", async () => {
  await withDoors(async (doors) => {
    for (const [path, method, operation] of operations) {
      for (
        const headers of [{}, { authorization: "Bearer wrong" }, { authorization: "Basic abc" }, { cookie: "a=b" }]
      ) {
        const response = await ask(doors, filled(path), { method, headers: { ...headers } });
        if (operation.who === "everyone") {
          assert(response.ok, `${path}: ${response.status}`);
          await response.body?.cancel();
          continue;
        }
        assertEquals(response.headers.get("www-authenticate"), 'Bearer realm="holdfast"');
        await problemOf(response, 401, "unauthenticated");
      }
      if (operation.who !== "admin") continue;
      const other = await ask(doors, filled(path), { method, headers: { authorization: `Bearer ${OTHER_TOKEN}` } });
      await problemOf(other, 403, "forbidden");
    }
  });
});

Deno.test("[HTTP3] ids of another form and unknown ones are 404, also for what another person owns", async () => {
  await withDoors(async (doors) => {
    const { session_id } = doors.fake.addSession();
    const bad = ["x", "%20", "a%2Fb", "..%2f..%2fetc", "%00", "é", `${UNKNOWN}x`, "a".repeat(300)];
    for (const [path, method, operation] of operations.filter(([path]) => path.includes("{"))) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
      const body = operation.body === undefined || operation.body === "file" ? null : bodyOf(path);
      const init = { method, body, headers: body === null ? bearer : json };
      for (const value of bad) {
        const [name = ""] = names;
        await problemOf(await ask(doors, filled(path, { [name]: value }), init), 404, "not_found");
      }
      await problemOf(await ask(doors, filled(path), init), 404, "not_found");
      if (names[0] !== "session_id") continue;
      const headers = { ...init.headers, authorization: `Bearer ${OTHER_TOKEN}` };
      await problemOf(await ask(doors, filled(path, { session_id }), { ...init, headers }), 404, "not_found");
    }
  });
});

/** A body that fits. */
function bodyOf(path: string): string {
  const bodies: Record<string, unknown> = {
    "/api/tokens": { label: "laptop" },
    "/api/sessions": { mode: "one-shot" },
    "/api/sessions/bulk": { ids: [UNKNOWN], action: "suspend" },
    "/api/sessions/{session_id}": { name: "n", version: 1 },
    "/api/sessions/{session_id}/runs": { task: "t" },
    "/api/tasks": { task: "t", config: { mode: "one-shot" } },
    "/api/runs/{run_id}/messages": { content: "c" },
    "/api/approvals/{approval_id}/resolve": { resolution: "approved" },
  };
  return JSON.stringify(bodies[path] ?? {});
}

Deno.test("[HTTP4] bodies: not JSON 415, broken 400, nested too deeply 400, unknown fields 422 by name", async () => {
  await withDoors(async (doors) => {
    const withBody = operations.filter(([, , { body }]) => body !== undefined && body !== "file");
    assert(withBody.length >= 12);
    for (const [path, method] of withBody) {
      const send = (body: BodyInit, type = "application/json") =>
        ask(doors, filled(path), { method, body, headers: { ...bearer, "content-type": type } });
      await problemOf(await send("a=b", "application/x-www-form-urlencoded"), 415, "unsupported_media_type");
      await problemOf(await send("{}", "text/plain"), 415, "unsupported_media_type");
      await problemOf(await send("{}", "application/json; charset=latin1"), 415, "unsupported_media_type");
      await problemOf(await send('{"a":'), 400, "bad_json");
      await problemOf(await send("not json"), 400, "bad_json");
      await problemOf(await send(new Uint8Array([0x22, 0xff, 0xfe, 0x22])), 400, "bad_json");
      await problemOf(await send("[".repeat(100_000)), 400, "bad_json");
      await problemOf(await send("[]"), 422, "invalid");
      await problemOf(await send("null"), 422, "invalid");
      const fields = { ...JSON.parse(bodyOf(path)), surprise: 1 };
      const problem = await problemOf(await send(JSON.stringify(fields)), 422, "invalid");
      assertEquals(problem.errors?.map(({ path }) => path), ["surprise"]);
      assertMatch(problem.detail, /surprise/);
    }
  });
});

Deno.test("[HTTP5] a JSON body over 1 MiB is 413 whether its length is told or not", async () => {
  await withDoors(async (doors) => {
    const large = JSON.stringify({ task: "x".repeat(1_100_000), config: {} });
    const chunked = () => new Blob([large]).stream();
    await problemOf(await ask(doors, "/api/tasks", { method: "POST", body: large, headers: json }), 413, "too_large");
    await problemOf(
      await ask(doors, "/api/tasks", { method: "POST", body: chunked(), headers: json }),
      413,
      "too_large",
    );
    const fits = JSON.stringify({ task: "x".repeat(900_000), config: { mode: "one-shot" } });
    const response = await ask(doors, "/api/tasks", { method: "POST", body: fits, headers: json });
    await response.body?.cancel();
    assertEquals(response.status, 202);
  });
});

Deno.test("[HTTP6] queries: out of range, no number, unknown or given twice are 422 by name", async () => {
  await withDoors(async (doors) => {
    const { session_id } = doors.fake.addSession();
    const withQuery = operations.filter(([, , { query }]) => query !== undefined);
    for (const [path] of withQuery) {
      const at = filled(path, { session_id });
      for (
        const query of [
          "limit=0",
          "limit=1001",
          "limit=-1",
          "limit=1.5",
          "limit=abc",
          "limit=",
          "what=1",
          "limit=1&limit=2",
        ]
      ) {
        const problem = await problemOf(await ask(doors, `${at}?${query}`, { headers: bearer }), 422, "invalid");
        assertEquals(problem.errors?.[0]?.path, query.split("=")[0]);
      }
    }
    for (const query of ["after=-1", "before=0", "after=1e30"]) {
      await problemOf(
        await ask(doors, `/api/sessions/${session_id}/events?${query}`, { headers: bearer }),
        422,
        "invalid",
      );
    }
    for (const query of ["status=nope", "needs_you=maybe", `q=${"x".repeat(201)}`]) {
      await problemOf(await ask(doors, `/api/sessions?${query}`, { headers: bearer }), 422, "invalid");
    }
    for (const query of ["since=yesterday", "until=2026-13-01T00:00:00Z"]) {
      await problemOf(await ask(doors, `/api/runs?${query}`, { headers: bearer }), 422, "invalid");
    }
  });
});

Deno.test("[HTTP7] unknown paths under /api, /ws and /metrics are problem documents for every method", async () => {
  await withDoors(async (doors) => {
    const { session_id } = doors.fake.addSession();
    const paths = ["/api", "/api/", "/api/nope", "/api/health/x", `/api/sessions/${session_id}/`, "/api/runs/a/b/c/d"];
    for (const path of [...paths, "/ws/a/b", "/metrics/x"]) {
      for (const method of METHODS) {
        const response = await ask(doors, path, { method, headers: bearer });
        if (method === "HEAD") assertEquals(response.status, 404);
        else await problemOf(response, 404, "not_found");
      }
    }
  });
});

Deno.test("[HTTP8] a write that carries the cookie needs an own or listed Origin; a foreign Origin is refused always", async () => {
  const origins = ["https://listed.example"];
  await withDoors(async (doors) => {
    const cookie = `holdfast_session=${COOKIE_VALUE}`;
    const post = (headers: Record<string, string>) =>
      ask(doors, "/api/sessions", {
        method: "POST",
        body: '{"mode":"one-shot"}',
        headers: { "content-type": "application/json", ...headers },
      });
    await problemOf(await post({ cookie }), 403, "bad_origin");
    for (const origin of ["https://evil.example", "null", "http://127.0.0.1:1", `https://127.0.0.1:${doors.port}`]) {
      await problemOf(await post({ cookie, origin }), 403, "bad_origin");
      await problemOf(await post({ ...bearer, origin }), 403, "bad_origin");
    }
    const own = ["127.0.0.1", "localhost", "[::1]"].map((host) => `http://${host}:${doors.port}`);
    for (const origin of [...own, ...origins]) {
      const response = await post({ cookie, origin });
      await response.body?.cancel();
      assertEquals(response.status, 201, origin);
    }
    const plain = await post(bearer);
    await plain.body?.cancel();
    assertEquals(plain.status, 201);
    const read = await ask(doors, "/api/sessions", { headers: { cookie, origin: "https://evil.example" } });
    await read.body?.cancel();
    assertEquals([read.status, read.headers.get("access-control-allow-origin")], [200, null]);
  }, { origins });
});

Deno.test("[HTTP9] with authentication off every write needs an own Origin", async () => {
  await withDoors(async (doors) => {
    const post = (headers: Record<string, string>) =>
      ask(doors, "/api/sessions", {
        method: "POST",
        body: '{"mode":"one-shot"}',
        headers: { "content-type": "application/json", ...headers },
      });
    await problemOf(await post({}), 403, "bad_origin");
    await problemOf(await post(bearer), 403, "bad_origin");
    const response = await post({ origin: doors.url });
    await response.body?.cancel();
    assertEquals(response.status, 201);
    const me = await (await ask(doors, "/api/me")).json();
    assertEquals(me, { id: "admin", name: "Administrator", admin: true, auth: "off" });
  }, { auth: "off" });
});

Deno.test("[HTTP10] CORS: listed origins may read and ask beforehand, others get no word of it", async () => {
  await withDoors(async (doors) => {
    const preflight = (origin: string) =>
      ask(doors, "/api/sessions", {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      });
    const listed = await preflight("https://listed.example");
    assertEquals(listed.status, 204);
    assertEquals(listed.headers.get("access-control-allow-origin"), "https://listed.example");
    assertMatch(listed.headers.get("access-control-allow-headers") ?? "", /Idempotency-Key/);
    assertEquals((await preflight("https://evil.example")).headers.get("access-control-allow-origin"), null);
    const refused = await ask(doors, "/api/me", { headers: { origin: "https://listed.example" } });
    assertEquals(refused.headers.get("access-control-allow-origin"), "https://listed.example");
    assertEquals(refused.headers.get("vary"), "Origin");
    await problemOf(refused, 401, "unauthenticated");
  }, { origins: ["https://listed.example"] });
});

Deno.test("[HTTP11] every answer carries a request id, the client's own where it is a proper one", async () => {
  await withDoors(async (doors) => {
    for (
      const [sent, kept] of [["abc-1.2_X", true], ["a".repeat(100), true], ["a".repeat(101), false], [
        "a b",
        false,
      ]] as const
    ) {
      for (const path of ["/api/health", "/api/nope", "/", "/login"]) {
        const response = await ask(doors, path, { headers: { "x-request-id": sent } });
        await response.body?.cancel();
        const id = response.headers.get("x-request-id") ?? "";
        assertEquals(id === sent, kept, path);
        assertMatch(id, /^[A-Za-z0-9._-]{1,100}$/);
      }
    }
  });
});

Deno.test("[HTTP12] what the service refuses arrives as it is; what it throws else is a 500 without a word of it", async () => {
  await withDoors(async (doors) => {
    const { AppError } = await import("@/lib/model/error.ts");
    doors.fake.failure = new AppError("store_away", "Cannot reach the store", { retry_after_s: 7 });
    const away = await ask(doors, `/api/sessions/${UNKNOWN}`, { headers: bearer });
    assertEquals(away.headers.get("retry-after"), "7");
    await problemOf(away, 503, "store_away");
    doors.fake.failure = new AppError("session_busy", "Cannot start", { current: { run_id: "r" } });
    const busy = await problemOf(
      await ask(doors, `/api/sessions/${UNKNOWN}`, { headers: bearer }),
      409,
      "session_busy",
    );
    assertEquals(busy.current, { run_id: "r" });
    doors.fake.failure = new TypeError("secret-word in lib/inside.ts:1");
    const broken = await ask(doors, `/api/sessions/${UNKNOWN}`, { headers: bearer });
    const problem = await problemOf(broken, 500, "internal");
    assert(!JSON.stringify(problem).includes("secret-word"));
  });
});

Deno.test("[HTTP13] Idempotency-Key goes to the service with method, path and body; a bad one is 422", async () => {
  await withDoors(async (doors) => {
    const post = (key: string, body = '{"mode":"one-shot"}') =>
      ask(doors, "/api/sessions", { method: "POST", body, headers: { ...json, "idempotency-key": key } });
    await (await post("key 1")).body?.cancel();
    await (await post("key 1", '{ "mode": "one-shot" }')).body?.cancel();
    const [first, second] = doors.fake.asked.map(({ options }) => options?.idempotency);
    assertEquals(first, second);
    assertEquals([first?.key, first?.scope], ["key 1", "POST /api/sessions"]);
    assertMatch(first?.body_digest ?? "", /^[0-9a-f]{64}$/);
    for (const key of ["x".repeat(201), "tab\tin", "é"]) {
      const problem = await problemOf(await post(key), 422, "invalid");
      assertEquals(problem.errors?.[0]?.path, "Idempotency-Key");
    }
  });
});
