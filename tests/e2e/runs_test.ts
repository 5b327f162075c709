// Many runs at once, many readers at once, many clicks at once, against one real server.
import { assert, assertEquals } from "@std/assert";
import { startServer, type TestServer } from "../support/server.ts";
import { allEvents, ask, lines, type Reached, type Seen, send, startTask, until } from "./support/api.ts";
import { runDoor, socketLines } from "./support/socket.ts";

const withServer = async (run: (server: TestServer) => Promise<void>, env: Record<string, string> = {}) => {
  const server = await startServer({ env });
  try {
    await run(server);
  } finally {
    await server.close();
  }
};
const complete = (line: string) => line.includes(`"event_type":"complete"`);

Deno.test("[RUNS1] eight runs at once that print 5,000 lines each keep their own lines, globals and files", () =>
  withServer(async (server) => {
    const runs = await Promise.all(Array.from({ length: 8 }, (_, i) => startTask(server, marked(i))));
    await Promise.all(runs.map(async ({ session_id }, i) => {
      await until(server, session_id, "complete");
      const events = await allEvents(server, session_id);
      events.forEach((event, at) => assertEquals(event.seq, at + 1, "seq is gapless"));
      const printed = events.filter((event) => event.event_type === "output").map((event) =>
        `${event.data["message"]}`
      );
      assertEquals(printed.length, 5001);
      assertEquals(printed[0], "global before: undefined");
      for (let k = 0; k < 5000; k++) assertEquals(printed[k + 1], `run ${i} line ${k}`);
      assertEquals(await text(server, `/api/sessions/${session_id}/files/same.txt`), `run ${i}`);
    }));
  }));

/** Prints 5,000 marked lines, sets a global, writes a file of the same name. */
const marked = (i: number) =>
  `# Run ${i}\n\n## Print\n\n\`\`\`ts
console.log("global before:", Reflect.get(globalThis, "mark"));
Reflect.set(globalThis, "mark", ${i});
for (let k = 0; k < 5000; k++) console.log(\`run ${i} line \${k}\`);
await Deno.writeTextFile("same.txt", "run ${i}");
\`\`\`\n`;

async function text(server: Reached, path: string): Promise<string> {
  const response = await fetch(new URL(path, server.url), { headers: { authorization: `Bearer ${server.token}` } });
  return await response.text();
}

Deno.test("[RUNS2] both WebSocket doors, SSE and REST give the same stored lines byte for byte, live and late, though a viewer left", () =>
  withServer(async (server) => {
    const { session_id, run_id } = await startTask(
      server,
      "# Talk\n\n## One\n\n```ts\nfor (let i = 0; i < 300; i++) console.log('é \\u{1f600}', i, '\"q\"');\n```\n",
    );
    const live = [
      socketLines(server, session_id, complete),
      socketLines(server, session_id, complete, { batch: true }),
      runDoor(server, run_id, complete),
      lines(server, session_id, { enough: complete }),
    ];
    const left = socketLines(server, session_id, () => true);
    assert((await left).length >= 1);
    const [general, batched, mars, sse] = await Promise.all(live);
    assert(general && batched && mars && sse);
    const late = await Promise.all([
      socketLines(server, session_id, complete),
      runDoor(server, run_id, complete),
      lines(server, session_id, { enough: complete }),
    ]);
    for (const got of [batched, mars, sse, ...late]) assertEquals(got, general);
    const rest = await text(server, `/api/sessions/${session_id}/events?after=0&limit=1000`);
    assert(rest.includes(general.join(",")), "REST holds the same bytes, joined by commas");
  }));

Deno.test("[RUNS3] the same run_id twice at the same moment starts one run; with another task it is refused", () =>
  withServer(async (server) => {
    const body = { task: "# A\n\n## One\n\nprose", config: { mode: "one-shot" }, run_id: "twice-1" };
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(server, "POST", "/api/tasks", body)));
    assertEquals(answers.map((answer) => answer.status), Array(8).fill(202));
    assertEquals(new Set(answers.map((answer) => answer.json?.["session_id"])).size, 1);
    const sessions = await ask(server, "GET", "/api/sessions");
    assertEquals(sessions["total"], 1);
    const other = await send(server, "POST", "/api/tasks", { ...body, task: "another" });
    assertEquals([other.status, other.json?.["code"]], [409, "run_id_taken"]);
  }));

Deno.test("[RUNS4] two different answers at the same moment have one winner, and every loser is told who won", () =>
  withServer(async (server) => {
    const { session_id } = await startTask(
      server,
      "# A\n\n## One\n\n> approve: go on?\n\n```ts\nconsole.log('after')\n```\n",
    );
    const asked = await until(server, session_id, "approval_requested");
    const path = `/api/approvals/${asked.data["approval_id"]}/resolve`;
    const answers = await Promise.all(
      Array.from(
        { length: 20 },
        (_, i) => send(server, "POST", path, { resolution: i % 2 === 0 ? "approved" : "rejected" }),
      ),
    );
    const won = answers.filter((answer) => answer.status === 200);
    const lost = answers.filter((answer) => answer.status === 409);
    assertEquals(won.length + lost.length, 20);
    assertEquals(new Set(won.map((answer) => answer.json?.["resolution"])).size, 1);
    assertEquals(won.length, 10, "the same answer again is the first one's result");
    for (const answer of lost) {
      assertEquals(answer.json?.["code"], "already_resolved");
      assert(JSON.stringify(answer.json?.["current"]).includes("resolution"));
    }
    const received = (await allEvents(server, session_id)).filter((event) => event.event_type === "approval_received");
    assertEquals(received.length, 1);
  }));

Deno.test("[RUNS5] deleting a session with a running run: 204, its viewers are closed, everything of it is 404", () =>
  withServer(async (server) => {
    const task =
      `# Long\n\n## One\n\n\`\`\`ts\nfor (;;) { console.log("x".repeat(1000)); await new Promise((r) => setTimeout(r, 5)); }\n\`\`\`\n`;
    const { session_id, run_id } = await startTask(server, task);
    await until(server, session_id, "output");
    const closed = runDoor(server, run_id, () => false, { closeCode: true });
    await until(server, session_id, "output");
    const gone = await send(server, "DELETE", `/api/sessions/${session_id}`);
    assertEquals(gone.status, 204);
    assertEquals((await closed).at(-1), "close 4404");
    for (
      const path of [
        `/api/sessions/${session_id}`,
        `/api/runs/${run_id}`,
        `/api/sessions/${session_id}/events`,
        `/api/sessions/${session_id}/files`,
      ]
    ) {
      assertEquals((await send(server, "GET", path)).status, 404, path);
    }
    assertEquals((await ask(server, "GET", "/api/sessions"))["total"], 0);
  }));

Deno.test("[RUNS6] a flood of output ends the run with the reason, the server answers meanwhile", () =>
  withServer(async (server) => {
    const { session_id, run_id } = await startTask(
      server,
      "# Flood\n\n## One\n\n```ts\nfor (;;) console.log('x'.repeat(4000));\n```\n",
    );
    const times: number[] = [];
    let over = false;
    const ends = until(server, session_id, "complete").then(() => over = true);
    while (!over) {
      const started = performance.now();
      assertEquals(await fetch(new URL("/api/health", server.url)).then((r) => (r.body?.cancel(), r.status)), 200);
      times.push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await ends;
    const run = await ask(server, "GET", `/api/runs/${run_id}`);
    assertEquals(run["status"], "failed");
    assert(JSON.stringify(run["error"]).includes("output"), JSON.stringify(run["error"]));
    assert(Math.max(...times) < 10_000, `health took ${Math.max(...times)} ms at worst`);
    const seen = (await allEvents(server, session_id)) as Seen[];
    seen.forEach((event, at) => assertEquals(event.seq, at + 1));
  }, { HOLDFAST_OUTPUT_MB: "8" }));
