// kill -9 of the server at the worst moments, and what is there afterwards. Each test starts real processes.
import { assert, assertEquals } from "@std/assert";
import { startServer } from "../support/server.ts";
import { allEvents, ask, lines, type Seen, startTask, until } from "./support/api.ts";
import { removeFolder } from "../support/remove_folder.ts";

const withData = async (run: (data: string) => Promise<void>) => {
  const data = await Deno.makeTempDir({ prefix: "holdfast-kill-" });
  try {
    await run(data);
  } finally {
    await removeFolder(data);
  }
};

/** Three steps; each appends its name to ran.txt; the second prints slowly enough to be killed in its middle. */
const PRINTS = `# Prints

## One

\`\`\`ts
await Deno.writeTextFile("ran.txt", "one\\n", { append: true });
console.log("one");
\`\`\`

## Two

\`\`\`ts
await Deno.writeTextFile("ran.txt", "two\\n", { append: true });
for (let i = 0; i < 60; i++) {
  console.log("line", i);
  await new Promise((resolve) => setTimeout(resolve, 50));
}
\`\`\`

## Three

\`\`\`ts
await Deno.writeTextFile("ran.txt", "three\\n", { append: true });
console.log("three");
\`\`\`
`;
const WAITS = `# Waits

## One

\`\`\`ts
await Deno.writeTextFile("ran.txt", "before\\n", { append: true });
console.log("before");
\`\`\`

> approve: go on?

\`\`\`ts
await Deno.writeTextFile("ran.txt", "after\\n", { append: true });
console.log("after");
\`\`\`
`;

async function fileOf(server: { url: string; token: string }, session_id: string, path: string): Promise<string> {
  const response = await fetch(new URL(`/api/sessions/${session_id}/files/${path}`, server.url), {
    headers: { authorization: `Bearer ${server.token}` },
  });
  assertEquals(response.status, 200);
  return await response.text();
}

Deno.test("[KILL1] kill -9 while one run prints and another waits: every line a client saw is there, both end, nothing finished ran twice", () =>
  withData(async (data) => {
    const first = await startServer({ data });
    const printing = await startTask(first, PRINTS);
    const waiting = await startTask(first, WAITS);
    const asked = await until(first, waiting.session_id, "approval_requested");
    const seen = await lines(first, printing.session_id, { enough: (line) => line.includes(`"message":"line 12"`) });
    const seenWaiting = await lines(first, waiting.session_id, {
      enough: (line) => (JSON.parse(line) as Seen).seq === asked.seq,
    });
    await first.kill();

    const second = await startServer({ data });
    try {
      await until(second, printing.session_id, "complete");
      const after = await lines(second, printing.session_id, {
        enough: (line) => line.includes(`"event_type":"complete"`),
      });
      assertEquals(after.slice(0, seen.length), seen, "every line that a client saw stands there, byte for byte");
      after.forEach((line, i) => assertEquals((JSON.parse(line) as Seen).seq, i + 1));
      const ran = (await fileOf(second, printing.session_id, "ran.txt")).trim().split("\n");
      assertEquals(ran, ["one", "two", "two", "three"], "only the step that was cut off ran again");
      const resumed = after.map((line) => JSON.parse(line) as Seen).filter((event) =>
        event.event_type === "workflow_resumed"
      );
      assertEquals(resumed.length, 1);
      assertEquals(resumed[0]?.data["reason"], "takeover");

      const pending = await ask(second, "GET", `/api/approvals/${asked.data["approval_id"]}`);
      assertEquals(pending["status"], "pending");
      await ask(second, "POST", `/api/approvals/${asked.data["approval_id"]}/resolve`, { resolution: "approved" });
      await until(second, waiting.session_id, "complete");
      const late = await lines(second, waiting.session_id, {
        enough: (line) => line.includes(`"event_type":"complete"`),
      });
      assertEquals(late.slice(0, seenWaiting.length), seenWaiting);
      assertEquals(await fileOf(second, waiting.session_id, "ran.txt"), "before\nafter\n");
    } finally {
      await second.close();
    }
  }));

Deno.test("[KILL2] an approval answered after its process was given up: the blocks before it do not run again", async () => {
  const server = await startServer({ env: { HOLDFAST_WAIT_HOLD: "0" } });
  try {
    const { session_id } = await startTask(server, WAITS);
    const asked = await until(server, session_id, "approval_requested");
    await lines(server, session_id, {
      enough: (line) => {
        const event = JSON.parse(line) as Seen;
        return event.event_type === "workflow_state_changed" && event.data["status"] === "waiting";
      },
    });
    await ask(server, "POST", `/api/approvals/${asked.data["approval_id"]}/resolve`, { resolution: "approved" });
    await until(server, session_id, "complete");
    assertEquals(await fileOf(server, session_id, "ran.txt"), "before\nafter\n");
  } finally {
    await server.close();
  }
});

Deno.test("[KILL3] after kill -9 of the server during a spinning block no process of it is left within 2 s", async () => {
  const server = await startServer();
  const { session_id } = await startTask(server, "# Spin\n\n## One\n\n```ts\nconsole.log('spins');\nfor (;;);\n```\n");
  await until(server, session_id, "output");
  const before = await descendants(server.pid);
  assert(before.length > 0, "a sandbox runs");
  await server.kill();
  const deadline = performance.now() + 2000;
  let left = before;
  while (left.length > 0 && performance.now() < deadline) {
    left = left.filter((pid) => alive(pid));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals(left, []);
});

Deno.test("[KILL4] SIGTERM drains: exit 0, the run goes on after the next start, and it is no loss", () =>
  withData(async (data) => {
    const first = await startServer({ data, env: { HOLDFAST_DRAIN: "60" } });
    const { session_id, run_id } = await startTask(first, PRINTS);
    await lines(first, session_id, { enough: (line) => line.includes(`"message":"line 3"`) });
    assertEquals(await first.close(), 0);
    const second = await startServer({ data });
    try {
      await until(second, session_id, "complete");
      assertEquals((await ask(second, "GET", `/api/runs/${run_id}`))["status"], "completed");
      const events = await allEvents(second, session_id);
      const reasons = events.filter((event) => event.event_type === "workflow_resumed").map((event) =>
        event.data["reason"]
      );
      assertEquals(reasons, ["drain"]);
    } finally {
      await second.close();
    }
  }));

Deno.test("[KILL5] a second start on the same data ends with exit code 2 and names the pid", () =>
  withData(async (data) => {
    const first = await startServer({ data });
    try {
      const message = await startServer({ data }).then(() => "it started", (error: Error) => error.message);
      assert(message.includes("ended with 2"), message);
      assert(message.includes(`${first.pid}`), message);
    } finally {
      await first.close();
    }
  }));

function alive(pid: number): boolean {
  try {
    return !Deno.readTextFileSync(`/proc/${pid}/stat`).includes(") Z ");
  } catch {
    return false;
  }
}

/** All processes below a pid. */
async function descendants(pid: number): Promise<number[]> {
  const found: number[] = [];
  for (const task of await Array.fromAsync(Deno.readDir(`/proc/${pid}/task`))) {
    const children = await Deno.readTextFile(`/proc/${pid}/task/${task.name}/children`).catch(() => "");
    for (const child of children.trim().split(/\s+/).filter((one) => one !== "").map(Number)) {
      found.push(child, ...await descendants(child));
    }
  }
  return found;
}
