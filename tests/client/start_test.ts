import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { ClientError, createApi } from "@/lib/client/api.ts";
import { startKey, startWanted, type Wanted } from "@/lib/client/start.ts";
import { sampleRun, sampleSession, uuid } from "./samples.ts";

const wanted = (patch: Partial<Wanted> = {}): Wanted => ({
  task: "Fit the trend",
  mode: "one-shot",
  config: { maxRounds: 5 },
  files: [],
  run_id: "run-1",
  ...patch,
});
const file = (name: string, text: string) => new File([text], name, { lastModified: 1 });

/** A server that answers starts, or refuses one path, and writes down what it was asked. */
function server(refuse = "") {
  const asked: string[] = [];
  const answers: Record<string, unknown> = {
    "POST /api/tasks": { task_id: "run-1", run_id: "run-1", session_id: uuid(1), status: "queued" },
    "POST /api/sessions": sampleSession(),
    [`POST /api/sessions/${uuid(1)}/runs`]: sampleRun(),
  };
  const answering: typeof fetch = async (input, init) => {
    const request = new Request(input instanceof Request ? input : `${input}`, init);
    const { pathname } = new URL(request.url);
    const key = request.headers.get("idempotency-key");
    asked.push(`${request.method} ${pathname}${key === null ? "" : ` key=${key}`} ${await request.text()}`);
    if (pathname === refuse) return new Response("no", { status: 413 });
    return Response.json(answers[`${request.method} ${pathname}`] ?? {});
  };
  return { asked, api: createApi({ base: "http://server", fetch: answering }) };
}

Deno.test("[ST1] without files a start is one request, and its run_id is the key", async () => {
  const { asked, api } = server();
  assertEquals(await startWanted(api, wanted({ config: { mode: "other", a: 1 } })), uuid(1));
  assertEquals(asked, [
    'POST /api/tasks {"task":"Fit the trend","config":{"mode":"one-shot","a":1},"run_id":"run-1"}',
  ]);
});

Deno.test("[ST1] with files the session is made under the same key, the files are there before the run begins", async () => {
  const { asked, api } = server();
  const files = [file("a b.csv", "1"), file("c.json", "{}")];
  assertEquals(await startWanted(api, wanted({ files })), uuid(1));
  assertEquals(asked, [
    'POST /api/sessions key=run-1 {"mode":"one-shot","config":{"maxRounds":5},"name":"Fit the trend"}',
    `PUT /api/sessions/${uuid(1)}/files/a%20b.csv 1`,
    `PUT /api/sessions/${uuid(1)}/files/c.json {}`,
    `POST /api/sessions/${uuid(1)}/runs {"task":"Fit the trend","run_id":"run-1"}`,
  ]);
});

Deno.test("[ST1] a file that is refused ends the start: nothing runs without its input", async () => {
  const { asked, api } = server(`/api/sessions/${uuid(1)}/files/big.bin`);
  await assertRejects(() => startWanted(api, wanted({ files: [file("big.bin", "x")] })), ClientError);
  assertEquals(asked.length, 2);
});

Deno.test("[ST2] the same form is the same start, whatever its run_id; any change makes another", () => {
  const { run_id: _id, ...form } = wanted({ files: [file("a.csv", "1")] });
  const key = startKey(form);
  assertEquals(startKey({ ...form, files: [file("a.csv", "1")] }), key);
  const others = [
    { ...form, task: "Other" },
    { ...form, mode: "copilot" },
    { ...form, config: {} },
    { ...form, files: [] },
    { ...form, files: [file("a.csv", "12")] },
    { ...form, files: [file("b.csv", "1")] },
  ];
  for (const other of others) assertNotEquals(startKey(other), key);
});
