// SIGTERM and SIGINT on a real server: what executes ends or goes back, sockets are told, a second signal ends at once.
import { assert, assertEquals } from "@std/assert";
import { startServer, type TestServer } from "../support/server.ts";
import { allEvents, ask, lines, startTask, until } from "./support/api.ts";
import { removeFolder } from "../support/remove_folder.ts";

/** Its first step takes two seconds or so, its second tells whether it ran. */
const TWO_STEPS = `# Two steps

## One

\`\`\`ts
await Deno.writeTextFile("ran.txt", "one\\n", { append: true });
for (let i = 0; i < 40; i++) {
  console.log("line", i);
  await new Promise((resolve) => setTimeout(resolve, 50));
}
\`\`\`

## Two

\`\`\`ts
await Deno.writeTextFile("ran.txt", "two\\n", { append: true });
\`\`\`
`;
const ENDLESS =
  "# Endless\n\n## One\n\n```ts\nconsole.log('begun');\nawait new Promise((resolve) => setTimeout(resolve, 3_600_000));\n```\n";
const signal = (server: TestServer, name: Deno.Signal) => Deno.kill(server.pid, name);

async function withData(run: (data: string) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "holdfast-drain-" });
  try {
    await run(data);
  } finally {
    await removeFolder(data);
  }
}

for (const name of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`[DRN1] ${name} lets the step at work end: it is kept, the next start goes on after it, no loss`, () =>
    withData(async (data) => {
      const first = await startServer({ data, env: { HOLDFAST_DRAIN: "30" } });
      const { session_id, run_id } = await startTask(first, TWO_STEPS);
      await lines(first, session_id, { enough: (line) => line.includes(`"message":"line 1"`) });
      signal(first, name);
      assertEquals(await first.ended, 0);
      const second = await startServer({ data });
      try {
        await until(second, session_id, "complete");
        const file = await fetch(new URL(`/api/sessions/${session_id}/files/ran.txt`, second.url), {
          headers: { authorization: `Bearer ${second.token}` },
        });
        assertEquals(await file.text(), "one\ntwo\n");
        const events = await allEvents(second, session_id);
        const resumed = events.filter((event) => event.event_type === "workflow_resumed");
        assertEquals(resumed.map((event) => event.data["reason"]), ["drain"]);
        assertEquals((await ask(second, "GET", `/api/runs/${run_id}`))["status"], "completed");
      } finally {
        await second.close();
      }
    }));
}

Deno.test("[DRN2] a step that does not end in time is cut off and handed over within HOLDFAST_DRAIN; sockets get 1001", () =>
  withData(async (data) => {
    const first = await startServer({ data, env: { HOLDFAST_DRAIN: "12" } });
    const { session_id } = await startTask(first, ENDLESS);
    await until(first, session_id, "output");
    const socket = new WebSocket(`${first.url.replace("http", "ws")}/ws`, ["holdfast.v1", `bearer.${first.token}`]);
    const closed = Promise.withResolvers<number>();
    socket.onclose = ({ code }) => closed.resolve(code);
    await new Promise((resolve) => socket.onopen = resolve);
    const asked = performance.now();
    signal(first, "SIGTERM");
    assertEquals(await closed.promise, 1001);
    assertEquals(await first.ended, 0);
    const took_s = (performance.now() - asked) / 1000;
    assert(took_s >= 6 && took_s < 60, `it took ${took_s} s`);
    const second = await startServer({ data });
    try {
      await until(second, session_id, "workflow_resumed");
      const events = await allEvents(second, session_id);
      const resumed = events.filter((event) => event.event_type === "workflow_resumed");
      assertEquals(resumed.map((event) => event.data["reason"]), ["drain"]);
    } finally {
      await second.close();
    }
  }));

Deno.test("[DRN3] a second signal ends the server at once", () =>
  withData(async (data) => {
    const server = await startServer({ data, env: { HOLDFAST_DRAIN: "600" } });
    const { session_id } = await startTask(server, ENDLESS);
    await until(server, session_id, "output");
    signal(server, "SIGTERM");
    // The first one is heard when nothing new is taken any more.
    for (;;) {
      const ready = await fetch(`${server.url}/api/ready`);
      await ready.body?.cancel();
      if (ready.status === 503) break;
    }
    signal(server, "SIGINT");
    assertEquals(await server.ended, 1);
  }));
