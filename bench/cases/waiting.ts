// Runs that wait for an approval: what they cost a server, and how soon one goes on when it is answered.
//
// The runs are made beforehand by the service itself without processes (waiting_store.ts), 100 more of the same by the
// API and real sandboxes of the server that is measured. The same server with no run but those 100 stands beside.
//   W1. Memory is resident memory of the server and of every process below it, when nothing is under way.
import { startServer, type TestServer } from "../../tests/support/server.ts";
import { call, follow, startTask } from "../client.ts";
import { bareSpawnMs } from "../raw.ts";
import { type Case, type Figure, load, percentile, round } from "../report.ts";
import { below, residentMb } from "../sandboxes.ts";
import { fillWithWaiting } from "../waiting_store.ts";

const BY_API = 100;
const ANSWERED = 20;
const ENV = { HOLDFAST_WAIT_HOLD: "0" };
const TASK = "# Ask\n\n## One\n\n> approve: go on?\n\n```ts\nconsole.log('after');\n```\n";

interface Cost {
  server_mb: number;
  children_mb: number;
  processes: number;
}

/** What a server costs when nothing is under way: the least of some seconds, since garbage is collected when it likes. */
async function atRest(server: TestServer): Promise<Cost> {
  let least: Cost = { server_mb: Infinity, children_mb: Infinity, processes: Infinity };
  for (let i = 0; i < 30; i++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const children = below(server.pid);
    const now = {
      server_mb: residentMb([server.pid]),
      children_mb: residentMb(children),
      processes: children.length,
    };
    if (now.processes < least.processes || now.server_mb < least.server_mb) least = now;
  }
  return least;
}

/** Waiting runs by the API, and the list, as a browser that has the app open asks for it. */
async function usual(server: TestServer): Promise<void> {
  await load(BY_API, 8, async () => {
    const { session_id } = await startTask(server, TASK);
    await follow(server, { session_id }, (event) => event.data["status"] === "waiting");
  });
  await call(server, "GET", "/api/approvals?limit=100");
}

/** Answers the run of a session; milliseconds to the run's own next event and to the next output. */
async function answer(server: TestServer, session_id: string) {
  const { approvals } = await call<{ approvals: { approval_id: string }[] }>(
    server,
    "GET",
    `/api/approvals?session_id=${session_id}&status=pending`,
  );
  const { head_seq } = await call<{ head_seq: number }>(server, "GET", `/api/sessions/${session_id}`);
  const times = { resumed: 0, output: 0 };
  let since = 0;
  const followed = follow(server, { session_id, after: head_seq }, (event) => {
    if (event.event_type === "workflow_resumed") times.resumed = performance.now() - since;
    if (event.event_type === "output") times.output = performance.now() - since;
    return event.event_type === "complete";
  });
  since = performance.now();
  await call(server, "POST", `/api/approvals/${approvals[0]?.approval_id}/resolve`, { resolution: "approved" });
  await followed;
  return times;
}

function cost(
  figure: string,
  { value, before, unit }: { value: number; before: number; unit: Figure["unit"] },
): Figure {
  const raw = { name: "the same server without them", value: round(before) };
  return { figure, value: round(value), unit, samples: 1, raw, ratio: round(before / value) };
}

function time(figure: string, times: number[], raw: number): Figure {
  const p50 = percentile(times, 0.5);
  const own = { name: "start of a bare Deno process to its first byte", value: round(raw) };
  const p99_ms = percentile(times, 0.99);
  return {
    figure,
    value: p50,
    unit: "ms",
    p50_ms: p50,
    p99_ms,
    samples: times.length,
    raw: own,
    ratio: round(raw / p50),
  };
}

/** Runs a server on a data folder. */
async function withServer<T>(data: string | undefined, run: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await startServer({ env: ENV, ...(data === undefined ? {} : { data }) });
  try {
    return await run(server);
  } finally {
    await server.close();
  }
}

/** What so many waiting runs cost. */
export const waiting = (count: number): Case => async () => {
  const before = await withServer(undefined, async (server) => {
    await usual(server);
    return await atRest(server);
  });
  const data = await Deno.makeTempDir({ prefix: "holdfast-bench-" });
  try {
    const sessions = await fillWithWaiting(data, { count, task: TASK });
    return await withServer(data, async (server) => {
      await usual(server);
      const { total } = await call<{ total: number }>(server, "GET", "/api/sessions?limit=1");
      if (total !== count + BY_API) throw new Error(`${total} sessions, not ${count + BY_API}`);
      const after = await atRest(server);
      const times: Awaited<ReturnType<typeof answer>>[] = [];
      for (let i = 0; i < ANSWERED; i++) {
        const [picked] = sessions.splice(Math.floor(Math.random() * sessions.length), 1);
        times.push(await answer(server, picked ?? ""));
      }
      const raw = await bareSpawnMs(12);
      const name = `${count} runs waiting`;
      return [
        cost(`${name}: memory of the server`, { value: after.server_mb, before: before.server_mb, unit: "MB" }),
        cost(`${name}: memory of its children`, { value: after.children_mb, before: before.children_mb, unit: "MB" }),
        cost(`${name}: processes below it`, { value: after.processes, before: before.processes, unit: "processes" }),
        time(`${name}: answer to the run's own next event`, times.map((one) => one.resumed), raw),
        time(`${name}: answer to next output`, times.map((one) => one.output), raw),
      ];
    });
  } finally {
    await Deno.remove(data, { recursive: true });
  }
};
