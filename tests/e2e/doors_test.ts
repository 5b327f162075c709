// The doors of a real server: every path with everything that is wrong, and the process around them.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { operationsOf } from "@/lib/http/openapi.ts";
import { Problem } from "@/lib/protocol/rest.ts";
import { type Operations, ROUTES } from "@/lib/protocol/routes.ts";
import { Client } from "@/tests/live/client.ts";
import { PROGRAM, startServer, type TestServer } from "../support/server.ts";
import { startTask, until } from "./support/api.ts";
import { removeFolder } from "../support/remove_folder.ts";

async function withServer(run: (server: TestServer) => Promise<void>, env: Record<string, string> = {}): Promise<void> {
  const server = await startServer({ env });
  try {
    await run(server);
  } finally {
    await server.close();
  }
}
const ASKING = "# Ask\n\n## One\n\n> ask: which colour?\n";

/** Values for the names of a path: real ones, unknown ones, broken ones. */
function fillings(path: string, real: Record<string, string>): string[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  const unknown: Record<string, string> = {
    session_id: "00000000-0000-4000-8000-00000000ffff",
    run_id: "nobody",
    approval_id: "00000000-0000-4000-8000-00000000ffff",
    digest: "0".repeat(64),
    path: "no/such.txt",
  };
  const broken = ["x", "%00", "..%2f..%2fetc%2fpasswd", "%F0%9F%98%80", "a".repeat(2000), "constructor"];
  const fill = (values: Record<string, string>) =>
    path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? real[name] ?? "");
  return [fill(real), fill(unknown), ...names.flatMap((name) => broken.map((value) => fill({ [name]: value })))];
}

const BODIES: (BodyInit | null)[] = [
  null,
  "",
  "{}",
  "[]",
  "null",
  "{",
  '{"__proto__":{"x":1}}',
  '{"constructor":1}',
  '{"task":"t","config":{"mode":"no-such-mode"}}',
  '{"task":"\\ud800","config":{"mode":"one-shot","unknownKey":1}}',
  '{"mode":"one-shot","name":""}',
  '{"mode":7}',
  '{"version":-1}',
  '{"version":1e300,"name":"n"}',
  '{"resolution":"modified","modifications":{"a":[[[[]]]]}}',
  '{"content":""}',
  '{"from_step":"nope"}',
  '{"now":"yes"}',
  new Uint8Array([0xff, 0xfe, 0x00]),
  "[".repeat(50_000),
];

Deno.test("[WALK1] whatever is sent to any path of a real server, nothing is a 5xx and every refusal is a problem document", () =>
  withServer(async (server) => {
    const { session_id, run_id } = await startTask(server, ASKING);
    await until(server, session_id, "approval_requested");
    const bearer = { authorization: `Bearer ${server.token}` };
    const listed = await (await fetch(`${server.url}/api/approvals`, { headers: bearer })).json();
    const real = {
      session_id,
      run_id,
      approval_id: listed.approvals[0].approval_id,
      path: "a.txt",
      digest: "0".repeat(64),
      token_id: "00000000-0000-4000-8000-00000000ffff",
    };
    let asked = 0;
    const look = async (path: string, init: RequestInit) => {
      const response = await fetch(server.url + path, { redirect: "manual", ...init });
      const text = response.headers.get("content-type")?.startsWith("text/event-stream")
        ? (await response.body?.cancel(), "")
        : await response.text();
      const about = `${init.method} ${path} ${String(init.body).slice(0, 60)}: ${response.status} ${
        text.slice(0, 300)
      }`;
      asked++;
      assert(response.status < 500, about);
      assertMatch(response.headers.get("x-request-id") ?? "", /^[A-Za-z0-9._-]+$/, about);
      if (response.status < 400 || init.method === "HEAD") return;
      assertEquals(response.headers.get("content-type"), "application/problem+json", about);
      const problem = Problem.parse(JSON.parse(text));
      assertEquals(problem.status, response.status, about);
      assert(!/\bat .*\.ts:\d+|file:\/\//.test(text), about);
    };
    const queries = [
      "",
      "?limit=0",
      "?limit=%",
      "?cursor=nonsense",
      "?after=9007199254740993",
      "?types=%00,%F0",
      "?q=%FF",
    ];
    for (const [path, of] of Object.entries<Operations>(ROUTES)) {
      for (const at of fillings(path, real)) {
        for (const query of queries) await look(at + query, { method: "GET", headers: bearer });
        for (const [method, { body }] of operationsOf(of)) {
          if (body === undefined || method === "DELETE") continue;
          for (const content of BODIES) {
            for (const type of ["application/json", "text/plain"]) {
              const headers = { ...bearer, "content-type": type, "idempotency-key": `k${asked}` };
              await look(at, { method, body: content, headers });
            }
          }
        }
      }
    }
    assert(asked > 2000, `${asked}`);
    const unknown = "00000000-0000-4000-8000-00000000ffff";
    await look(`/api/sessions/${unknown}`, { method: "DELETE", headers: bearer });
    const alive = await (await fetch(`${server.url}/api/ready`)).json();
    assertEquals(alive.status, "ready");
    assert(!server.output().includes("http.failed"), server.output().slice(-3000));
  }));

Deno.test("[WALK2] what a real server answers has exactly the form that the table of routes says", () =>
  withServer(async (server) => {
    const code =
      "# Files\n\n## One\n\n```ts\nawait Deno.writeTextFile('a.txt', 'x'); console.log('y');\n```\n\n> ask: go?\n";
    const { session_id, run_id } = await startTask(server, code);
    await until(server, session_id, "approval_requested");
    const bearer = { authorization: `Bearer ${server.token}` };
    const listed = await (await fetch(`${server.url}/api/approvals`, { headers: bearer })).json();
    const approval_id: string = listed.approvals[0].approval_id;
    const real: Record<string, string> = { session_id, run_id, approval_id, path: "a.txt", digest: "0".repeat(64) };
    const checked: string[] = [];
    const table: Record<string, Operations> = ROUTES;
    const look = async (method: string, path: string, body?: unknown) => {
      const { answer, status } = operationsOf(table[path] ?? {}).find(([name]) => name === method)?.[1] ?? {};
      const at = server.url + path.replace(/\{(\w+)\}/g, (_, name: string) => real[name] ?? "");
      const response = await fetch(at, {
        method,
        headers: { ...bearer, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      assertEquals(response.status, status, `${method} ${path}: ${text.slice(0, 500)}`);
      if (typeof answer !== "object" || answer === null) return JSON.parse(method === "GET" ? "null" : text || "null");
      const parsed = answer.safeParse(JSON.parse(text));
      assert(parsed.success, `${method} ${path}: ${parsed.error} in ${text.slice(0, 2000)}`);
      checked.push(`${method} ${path}`);
      return JSON.parse(text);
    };
    for (const [path, of] of Object.entries(ROUTES)) {
      if ("GET" in of && !path.includes("/blobs/")) await look("GET", path);
    }
    await look("POST", "/api/runs/{run_id}/pause", { now: false });
    await look("POST", "/api/runs/{run_id}/resume", {});
    await look("POST", "/api/sessions/{session_id}/suspend", { now: true });
    await look("POST", "/api/sessions/{session_id}/resume", {});
    const session = await look("GET", "/api/sessions/{session_id}");
    await look("PATCH", "/api/sessions/{session_id}", { name: "another", version: session.version });
    await look("POST", "/api/approvals/{approval_id}/resolve", { resolution: "rejected", feedback: "no" });
    await until(server, session_id, "complete");
    await look("GET", "/api/runs/{run_id}");
    await look("GET", "/api/sessions/{session_id}");
    const retried = await look("POST", "/api/runs/{run_id}/retry", {});
    real["run_id"] = retried.run_id;
    await look("POST", "/api/runs/{run_id}/cancel", {});
    await look("POST", "/api/sessions", { mode: "one-shot", name: "n" });
    await look("POST", "/api/tasks", { task: "t", config: { mode: "one-shot" }, run_id: "mine" });
    await look("PUT", "/api/sessions/{session_id}/files/{path}");
    const token = await look("POST", "/api/tokens", { label: "laptop", user: { id: "anna", name: "Anna" } });
    real["token_id"] = token.token_id;
    await look("DELETE", "/api/tokens/{token_id}");
    await look("POST", "/api/sessions/bulk", { ids: [session_id], action: "resume" });
    await look("DELETE", "/api/sessions/{session_id}");
    assert(checked.length > 25, checked.join("\n"));
  }));

Deno.test("[PROC1] the login link logs a browser in once; its cookie reads, writes with an own Origin, and ends with logout", () =>
  withServer(async ({ url, login_link }) => {
    const link = new URL(login_link);
    const page = await fetch(login_link);
    assertEquals(page.status, 200);
    await page.body?.cancel();
    const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      fetch(url + path, { method: "POST", body: new URLSearchParams(fields), redirect: "manual", headers });
    const fields = { link: link.searchParams.get("code") ?? "" };
    const first = await form("/login/link", fields, { origin: url });
    assertEquals(first.status, 303, await first.text());
    const cookie = (first.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    assertMatch(cookie, /^holdfast_session=.{20,}/);
    const second = await form("/login/link", fields, { origin: url });
    await second.body?.cancel();
    assertEquals([second.status >= 400, second.headers.get("set-cookie")], [true, null]);
    const me = await fetch(`${url}/api/me`, { headers: { cookie } });
    assertEquals((await me.json()).admin, true);
    const home = await fetch(`${url}/`, { headers: { cookie } });
    assertEquals(home.status, 200);
    assertStringIncludes(await home.text(), "Holdfast");
    const create = (headers: Record<string, string>) =>
      fetch(`${url}/api/sessions`, {
        method: "POST",
        body: '{"mode":"one-shot"}',
        headers: { "content-type": "application/json", cookie, ...headers },
      });
    const foreign = await create({ origin: "https://evil.example" });
    const own = await create({ origin: url });
    await foreign.body?.cancel();
    await own.body?.cancel();
    assertEquals([foreign.status, own.status], [403, 201]);
    const out = await form("/logout", {}, { cookie, origin: url });
    await out.body?.cancel();
    assertEquals(out.status, 303);
    const after = await fetch(`${url}/api/me`, { headers: { cookie } });
    await after.body?.cancel();
    assertEquals(after.status, 401);
  }));

/** Runs a server to its end. */
async function serve(env: Record<string, string>): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--quiet", "--allow-all", PROGRAM],
    env: { NO_COLOR: "1", PORT: "0", ...env },
    stdin: "null",
  }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("[PROC2] a second start on the same data, wrong settings and a taken port end with code 2 and say why", () =>
  withServer(async (server) => {
    const twin = await serve({ HOLDFAST_DATA: server.data });
    assertEquals(twin.code, 2, twin.text);
    assertStringIncludes(twin.text, `pid ${server.pid}`);
    const data = await Deno.makeTempDir();
    try {
      const wrong = await serve({ HOLDFAST_DATA: data, MAX_CONNECTIONS: "many", HOLDFAST_AUTH: "maybe" });
      assertEquals(wrong.code, 2);
      assertMatch(wrong.text, /MAX_CONNECTIONS.*HOLDFAST_AUTH|HOLDFAST_AUTH.*MAX_CONNECTIONS/s);
      const taken = await serve({ HOLDFAST_DATA: data, PORT: `${server.port}` });
      assertEquals(taken.code, 2, taken.text);
      assertStringIncludes(taken.text, `port ${server.port}`);
      assert(!/\bat .*\.ts:\d+/.test(wrong.text + twin.text), "a stack trace");
    } finally {
      await removeFolder(data);
    }
    assertEquals((await (await fetch(`${server.url}/api/health`)).json()).status, "ok");
  }));

Deno.test("[PROC3] SIGTERM closes sockets with 1001 and exits 0; a start after it goes on where the runs stood", async () => {
  const data = await Deno.makeTempDir();
  try {
    const first = await startServer({ data });
    const { session_id } = await startTask(first, ASKING);
    await until(first, session_id, "approval_requested");
    const client = new Client(`${first.url}/ws`, ["holdfast.v1", `bearer.${first.token}`]);
    await client.next("connected");
    client.say({ type: "subscribe", topic: `session:${session_id}` });
    await client.next("caught_up");
    const code = await first.close();
    assertEquals([(await client.closed).code, code], [1001, 0]);
    const second = await startServer({ data });
    try {
      const headers = { authorization: `Bearer ${second.token}` };
      // A run that still executed at the signal is in the queue, then runs up to its question again.
      const on = async () =>
        (await (await fetch(`${second.url}/api/sessions/${session_id}`, { headers })).json()).wait.on;
      for (const end = performance.now() + 60_000; await on() !== "approval";) assert(performance.now() < end);
      const connections = await (await fetch(`${second.url}/api/connections`, { headers })).json();
      assertEquals(connections, { connections: [], total: 0 });
      Deno.kill(second.pid, "SIGINT");
      assertEquals(await second.ended, 0, "SIGINT drains as SIGTERM does");
    } finally {
      await second.close();
    }
  } finally {
    await removeFolder(data);
  }
});

Deno.test("[PROC4] static files, pages and the API carry what browsers need; nothing of the build is open that should not be", () =>
  withServer(async ({ url, token }) => {
    const bearer = { authorization: `Bearer ${token}` };
    const page = await fetch(`${url}/login`);
    const html = await page.text();
    assertEquals(page.status, 200, html.slice(0, 500));
    assertMatch(page.headers.get("content-security-policy") ?? "", /default-src 'self'/);
    assertEquals(page.headers.get("x-content-type-options"), "nosniff");
    const style = /href="(\/styles\.css[^"]*)"/.exec(html)?.[1] ?? "/styles.css";
    const css = await fetch(url + style);
    assertMatch(css.headers.get("content-type") ?? "", /^text\/css/);
    assert((await css.text()).length > 1000);
    for (
      const path of [
        "/main.ts",
        "/serve.ts",
        "/_fresh/server.js",
        "/_fresh/snapshot.js",
        "/_fresh/holdfast.js",
        "/../deno.json",
        "/data/cli-token",
      ]
    ) {
      const response = await fetch(url + path, { redirect: "manual", headers: bearer });
      await response.body?.cancel();
      assertEquals(response.status, 404, path);
    }
  }));

Deno.test("[LIVE30] topics of a real server: lists move with what happens, an answer over the socket goes on, deletion ends all", () =>
  withServer(async (server) => {
    const client = new Client(`${server.url}/ws`, ["holdfast.v1", `bearer.${server.token}`]);
    await client.next("connected");
    for (const topic of ["sessions", "approvals", "pulse"]) {
      client.say({ type: "subscribe", topic });
      await client.next("snapshot");
    }
    const frame = async (
      topic: string,
      fits: (frame: { event_type: string; data: Record<string, unknown> }) => boolean,
    ) => {
      const of = (text: string) => text.startsWith(`{"topic":"${topic}",`) && fits(JSON.parse(text));
      return JSON.parse(await client.until(of));
    };
    const run = new Client(`${server.url}/ws/live-1`, ["holdfast.v1", `bearer.${server.token}`]);
    await run.next("connected");
    run.say({ task: ASKING, config: { mode: "one-shot", oldKey: 1 } });
    const status = await run.next("status");
    assertEquals([status.seq, status.data.ignored_config], [1, ["oldKey"]]);
    const { session_id } = status;
    const asked = await run.next("approval_requested");
    const { approval_id } = asked.data;
    const upsert = await frame("approvals", ({ event_type }) => event_type === "upsert");
    assertEquals(upsert.data.item.approval_id, approval_id);
    await frame("sessions", ({ data }) => Object(data["item"]).wait?.on === "approval");
    await frame("pulse", ({ data }) => Object(data["item"]).needs_you === 1);
    run.say({ type: "approval_response", approval_id, approved: true, modifications: { answer: "blue" } });
    const received = await run.next("approval_received");
    assertEquals([received.data.resolution, received.data.approved], ["answered", true]);
    await run.next("complete");
    const removed = await frame("approvals", ({ event_type }) => event_type === "remove");
    assertEquals([removed.data.id, removed.data.resolution], [approval_id, "answered"]);
    await frame("sessions", ({ data }) => Object(data["item"]).status === "completed");
    client.say({ type: "subscribe", topic: `session:${session_id}`, batch: true });
    await frame(`session:${session_id}`, ({ event_type }) => event_type === "caught_up");
    const headers = { authorization: `Bearer ${server.token}` };
    const connections = await fetch(`${server.url}/api/connections`, { headers });
    assertEquals(connections.status, 200);
    await connections.body?.cancel();
    const gone = await fetch(`${server.url}/api/sessions/${session_id}`, { method: "DELETE", headers });
    assertEquals(gone.status, 204);
    assertEquals((await run.closed).code, 4404);
    await frame("sessions", ({ event_type, data }) => event_type === "remove" && data["id"] === session_id);
    await frame(
      `session:${session_id}`,
      ({ event_type, data }) => event_type === "error" && data["code"] === "not_found",
    );
    client.say({ type: "cancel", run_id: "live-1" });
    assertEquals((await client.next("error")).data.code.length > 0, true);
    await client.close();
  }));
