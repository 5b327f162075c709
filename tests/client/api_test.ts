import { assertEquals, assertInstanceOf, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { type Api, ClientError, createApi } from "@/lib/client/api.ts";
import { sampleApproval, sampleDetail, sampleRun, sampleSession, uuid } from "./samples.ts";

interface Heard {
  method: string;
  path: string;
  headers: Headers;
  body: string;
}
type Answer = (request: Request) => Response | Promise<Response>;

/** A real server that writes down what it hears, and a client of it. */
async function serving(
  answer: Answer,
  test: (api: Api, heard: Heard[], base: string) => Promise<void>,
  token?: string,
) {
  const heard: Heard[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const body = await request.clone().text();
    heard.push({ method: request.method, path: pathname + search, headers: request.headers, body });
    return answer(request);
  });
  const base = `http://127.0.0.1:${server.addr.port}`;
  try {
    await test(createApi({ base, ...(token === undefined ? {} : { token }) }), heard, base);
  } finally {
    await server.shutdown();
  }
}
const refused = async (asked: Promise<unknown>): Promise<ClientError> => {
  const error = await assertRejects(() => asked, ClientError);
  assertInstanceOf(error, ClientError);
  return error;
};
const problem = {
  type: "urn:holdfast:error:invalid",
  title: "It does not fit the schema",
  status: 422,
  detail: 'Cannot use this config: "x"',
  code: "invalid",
  request_id: "r-1",
  errors: [{ path: "config.x", message: "Unknown key" }],
};

Deno.test("[AC1] a problem document becomes a ClientError with its code, its text and all of itself", async () => {
  const answer = () => Response.json(problem, { status: 422, headers: { "content-type": "application/problem+json" } });
  await serving(answer, async (api) => {
    const error = await refused(api.pulse());
    assertEquals([error.status, error.code, error.message], [422, "invalid", problem.detail]);
    assertEquals(error.problem, problem);
  });
});

Deno.test("[AC1] a problem without a detail says its title, and `current` comes along", async () => {
  const answer = () => Response.json({ ...problem, status: 409, detail: "", current: { version: 4 } }, { status: 409 });
  await serving(answer, async (api) => {
    const error = await refused(api.run("r"));
    assertEquals([error.message, error.problem?.current], [problem.title, { version: 4 }]);
  });
});

Deno.test("[AC1] what is no answer of Holdfast is bad_answer with its status and its beginning", async () => {
  const page = `<html>${"x".repeat(5000)}</html>`;
  const answers: [Answer, number, RegExp][] = [
    [() => new Response(page, { status: 502 }), 502, /^The answer is not one of Holdfast: HTTP 502 <html>x+$/],
    [() => new Response("", { status: 500 }), 500, /HTTP 500$/],
    [() => Response.json({ error: "other" }, { status: 404 }), 404, /HTTP 404 \{"error":"other"\}/],
    [() => new Response(page, { status: 200 }), 200, /HTTP 200 <html>/],
    [() => new Response("", { status: 200 }), 200, /HTTP 200$/],
    [() => Response.json({ needs_you: "many" }), 200, /does not fit: .*needs_you/s],
    [() => Response.json(null), 200, /does not fit/],
  ];
  for (const [answer, status, text] of answers) {
    await serving(answer, async (api) => {
      const error = await refused(api.pulse());
      assertEquals([error.status, error.code], [status, "bad_answer"]);
      assertMatch(error.message, text);
      assertEquals(error.message.length < 1000, true);
    });
  }
});

Deno.test("[AC1] no server is unreachable, and so is an answer that breaks off", async () => {
  const gone = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = gone.addr;
  gone.close();
  const error = await refused(createApi({ base: `http://127.0.0.1:${port}` }).me());
  assertEquals([error.status, error.code], [0, "unreachable"]);
  assertStringIncludes(error.message, `Cannot reach http://127.0.0.1:${port}: `);

  const half = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const answering = (async () => {
    using connection = await half.accept();
    await connection.read(new Uint8Array(4096));
    const text = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"id":"a"';
    await connection.write(new TextEncoder().encode(text));
  })();
  const broken = await refused(createApi({ base: `http://127.0.0.1:${half.addr.port}` }).me());
  await answering;
  half.close();
  assertEquals(broken.code, "unreachable");
});

Deno.test("[AC1] an address that is none and a token that no header takes are ClientErrors too", async () => {
  assertEquals((await refused(createApi({ base: "no address" }).me())).code, "unreachable");
  const api = createApi({
    base: "http://127.0.0.1",
    token: "secret\nvalue",
    fetch: () => Promise.reject(new Error("sent")),
  });
  const error = await refused(api.me());
  assertEquals(error.code, "bad_token");
  assertEquals(error.message.includes("secret"), false);
});

Deno.test("[AC2] a name stands in a path as one part of it, and files keep their folders", async () => {
  await serving(() => Response.json(problem, { status: 404 }), async (api, heard) => {
    const strange = 'a/b?c#d%2F e"é';
    await refused(api.session(strange));
    await refused(api.cancel(strange));
    await refused(api.approval(strange));
    await refused(api.file(uuid(1), "out put/ä#1?.md"));
    assertEquals(heard.map((one) => one.path), [
      `/api/sessions/${encodeURIComponent(strange)}`,
      `/api/runs/${encodeURIComponent(strange)}/cancel`,
      `/api/approvals/${encodeURIComponent(strange)}`,
      `/api/sessions/${uuid(1)}/files/out%20put/%C3%A4%231%3F.md`,
    ]);
  });
});

Deno.test("[AC2] any file name comes back from its path as it was", () => {
  const { filePath } = createApi({ base: "http://127.0.0.1" });
  const unit = fc.constantFrom("a", " ", "%", "#", "?", "&", "+", "é", "🧊", "\\", "\n", "\0", "..", ":", "2F", '"');
  const name = fc.string({ unit, minLength: 1, maxLength: 5 }).filter((text) => !/^\.\.?$/.test(text));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 3 }), (parts) => {
      const url = new URL(filePath("s", parts.join("/")), "http://127.0.0.1");
      assertEquals(url.pathname.split("/").slice(5).map(decodeURIComponent), parts);
      assertEquals(url.search + url.hash, "");
    }),
    { seed: 7, numRuns: 40 },
  );
});

Deno.test("[AC3] a query holds what is given: no empty text, no undefined, and false and 0 as they are", async () => {
  const page = { sessions: [], total: 0, next_cursor: null };
  await serving(() => Response.json(page), async (api, heard) => {
    await api.sessions();
    await api.sessions({ q: "", limit: 5 });
    await api.sessions({ q: "a&b=c ü", needs_you: false, status: "active", mode: "one-shot", cursor: "x=" });
    assertEquals(heard.map((one) => one.path), [
      "/api/sessions",
      "/api/sessions?limit=5",
      "/api/sessions?q=a%26b%3Dc+%C3%BC&needs_you=false&status=active&mode=one-shot&cursor=x%3D",
    ]);
  });
  await serving(() => Response.json({ events: [], head_seq: 0, next_after: 0 }), async (api, heard) => {
    await api.events("s", { after: 0, types: "output,error" });
    assertEquals(heard[0]?.path, "/api/sessions/s/events?after=0&types=output%2Cerror");
  });
});

Deno.test("[AC3] the token goes as a bearer, the key as Idempotency-Key, a body as JSON", async () => {
  const started = { task_id: "r", run_id: "r", session_id: uuid(1), status: "queued" };
  await serving(() => Response.json(started, { status: 202 }), async (api, heard) => {
    const got = await api.startTask({ task: "Ü", config: { mode: "one-shot" }, run_id: "r" }, "key-1");
    assertEquals(got, started);
    const { method, path, headers, body } = heard[0]!;
    assertEquals([method, path], ["POST", "/api/tasks"]);
    assertEquals(headers.get("authorization"), `Bearer ${"t".repeat(20)}`);
    assertEquals([headers.get("idempotency-key"), headers.get("content-type")], ["key-1", "application/json"]);
    assertEquals(JSON.parse(body), { task: "Ü", config: { mode: "one-shot" }, run_id: "r" });
  }, "t".repeat(20));
});

Deno.test("[AC3] without a token and a key none is sent", async () => {
  await serving(() => Response.json({ id: "op", name: "Operator", admin: true, auth: "on" }), async (api, heard) => {
    assertEquals((await api.me()).name, "Operator");
    const { headers } = heard[0]!;
    assertEquals(["authorization", "idempotency-key", "content-type"].map((name) => headers.get(name)), [
      null,
      null,
      null,
    ]);
  });
});

Deno.test("[AC3] an upload is the raw bytes, and answers without a JSON body are taken", async () => {
  await serving(() => new Response(null, { status: 204 }), async (api, heard) => {
    await api.upload(uuid(1), "in/data.csv", new Blob(["a,b\n"], { type: "text/csv" }));
    await api.deleteSession(uuid(1));
    assertEquals(heard.map((one) => [one.method, one.path, one.body]), [
      ["PUT", `/api/sessions/${uuid(1)}/files/in/data.csv`, "a,b\n"],
      ["DELETE", `/api/sessions/${uuid(1)}`, ""],
    ]);
    assertEquals(heard[0]?.headers.get("content-type"), "text/csv");
  });
});

Deno.test("[AC3] ready is read from 503 too, for that is how it says that it is not", async () => {
  const said = { status: "not_ready", checks: { kv: { ok: false, detail: "away" } }, isolation: "plain" };
  await serving(() => Response.json(said, { status: 503 }), async (api) => assertEquals(await api.ready(), said));
  await serving(() => Response.json(problem, { status: 500 }), async (api) => {
    assertEquals((await refused(api.ready())).code, "invalid");
  });
});

Deno.test("[AC4] each call is the method, path and body of the contract, and reads its answer", async () => {
  const answers: Record<string, unknown> = {
    [`GET /api/sessions/${uuid(1)}`]: sampleDetail(),
    [`PATCH /api/sessions/${uuid(1)}`]: sampleSession({ name: "New" }),
    "POST /api/sessions": sampleSession(),
    [`POST /api/sessions/${uuid(1)}/runs`]: sampleRun(),
    [`POST /api/sessions/${uuid(1)}/suspend`]: { success: true, session_id: uuid(1), message: "ok" },
    [`POST /api/sessions/${uuid(1)}/resume`]: { success: true, session_id: uuid(1), message: "ok" },
    [`GET /api/sessions/${uuid(1)}/files`]: { files: [] },
    "GET /api/runs/run-1": sampleRun(),
    "POST /api/runs/run-1/cancel": { run_id: "run-1", status: "unknown", message: "Kept" },
    "POST /api/runs/run-1/pause": sampleRun({ status: "paused" }),
    "POST /api/runs/run-1/resume": sampleRun(),
    "POST /api/runs/run-1/retry": sampleRun({ retry_of: "run-0" }),
    "POST /api/runs/run-1/messages": { queued: true },
    "GET /api/approvals": { approvals: [sampleApproval()], total: 1, next_cursor: null },
    [`GET /api/approvals/${uuid(9)}`]: sampleApproval(),
    [`POST /api/approvals/${uuid(9)}/resolve`]: sampleApproval({ status: "resolved", resolution: "approved" }),
    "GET /api/sessions/modes/list": { modes: [], total: 0 },
  };
  const answer = (request: Request) => Response.json(answers[`${request.method} ${new URL(request.url).pathname}`]);
  await serving(answer, async (api, heard) => {
    const s = uuid(1), r = "run-1", a = uuid(9);
    await api.session(s);
    await api.patchSession(s, { name: "New", version: 1 });
    await api.createSession({ mode: "one-shot" }, "k");
    await api.startRun(s, { task: "t" });
    await api.suspend(s, true);
    await api.resume(s);
    await api.files(s);
    await api.run(r);
    assertEquals("status" in await api.cancel(r), true);
    await api.pauseRun(r);
    await api.resumeRun(r);
    await api.retry(r, { from_step: "step-2" });
    await api.message(r, "hello");
    await api.approvals();
    await api.approval(a);
    await api.resolve(a, { resolution: "approved", feedback: "good" });
    await api.modes();
    assertEquals(new Set(heard.map((one) => `${one.method} ${one.path}`)), new Set(Object.keys(answers)));
    const bodies = heard.filter((one) => one.body !== "").map((one) => JSON.parse(one.body));
    assertEquals(bodies, [
      { name: "New", version: 1 },
      { mode: "one-shot" },
      { task: "t" },
      { now: true },
      {},
      {},
      { now: false },
      {},
      { from_step: "step-2" },
      { content: "hello" },
      { resolution: "approved", feedback: "good" },
    ]);
  });
});

Deno.test("[AC4] the text of a file is read, and its answer breaking off is said", async () => {
  await serving(() => new Response("# Report"), async (api) => {
    assertEquals(await api.fileText(uuid(1), "report.md"), "# Report");
  });
  const body = () => new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
  const api = createApi({ base: "http://127.0.0.1", fetch: () => Promise.resolve(new Response(body())) });
  const error = await refused(api.fileText(uuid(1), "report.md"));
  assertEquals([error.code, error.message], ["unreachable", "Cannot reach the server: gone"]);
});
