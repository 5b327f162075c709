// kill -9 and what comes after, timed from the exec of the server's own process, with 1,000 sessions in its store.
//
// Three things are killed: the server while a run waits for an approval (answered as soon as the port answers), the
// server while a block prints, and a sandbox alone. Clients try to connect from the exec on, as browsers do.
import { startServer, type TestServer } from "../../tests/support/server.ts";
import { call, follow, type Seen, startTask } from "../client.ts";
import { knock } from "../knock.ts";
import { bareSpawnMs } from "../raw.ts";
import { type Case, type Figure, load, median, percentile, round } from "../report.ts";
import { isAlive, sandboxOf } from "../sandboxes.ts";

const SESSIONS = 1_000;
const ROUNDS = 5;
const ENV = { LOG_JSON: "true", HOLDFAST_TOKEN: "bench-token-of-thirty-two-letters" };
const WAITS = "# Ask\n\n## One\n\n> approve: go on?\n\n```ts\nconsole.log('after');\n```\n";
const PRINTS = "# Print\n\n## One\n\n```ts\nfor (let i = 0; ; i++) {\n  console.log('line', i);\n" +
  "  await new Promise((resolve) => setTimeout(resolve, 5));\n}\n```\n";

/** When a run says that it goes on, and when its code says something. */
interface Times {
  event: number;
  output: number;
}

/** A run in the state in which it will be killed; gives its last event. */
async function runUntil(server: TestServer, task: string, done: (event: Seen) => boolean) {
  const { session_id, run_id } = await startTask(server, task);
  let last: Seen = { seq: 0, event_type: "", run_id: null, data: {} };
  await follow(server, { session_id }, (event) => {
    last = event;
    return done(event);
  });
  return { session_id, run_id, last };
}

/** Ends a run that would go on for ever; its sandbox is gone then. */
async function cancel(server: TestServer, { session_id, run_id }: { session_id: string; run_id: string }) {
  await call(server, "POST", `/api/runs/${run_id}/cancel`, {});
  await follow(server, { session_id }, (event) => event.event_type === "complete");
}

/** Starts the server again on its data and port; the clients are at its door from the first moment. */
async function again<T>(server: TestServer, clients: (since: number) => Promise<T>) {
  await server.kill();
  const since = performance.now();
  const [next, seen] = await Promise.all([
    startServer({ data: server.data, port: server.port, env: ENV }),
    clients(since),
  ]);
  return { next, seen };
}

/** The server is killed while a run waits; its approval is answered as soon as the port answers. */
async function waiting(server: TestServer) {
  const { session_id, last } = await runUntil(
    server,
    WAITS,
    (event) => event.event_type === "workflow_state_changed" && event.data["status"] === "waiting",
  );
  const { approvals } = await call<{ approvals: { approval_id: string }[] }>(
    server,
    "GET",
    `/api/approvals?session_id=${session_id}&status=pending`,
  );
  return await again(server, async (since) => {
    const path = `/api/approvals/${approvals[0]?.approval_id}/resolve`;
    const answered = knock(server, { method: "POST", path, body: { resolution: "approved" } });
    const times = await goesOn(server, { session_id, seq: last.seq });
    return { event: times.event - since, output: times.output - since, port: (await answered) - since };
  });
}

/** The server is killed while a block of a run prints. */
async function executing(server: TestServer) {
  const { session_id, run_id, seq } = await printing(server);
  const { next, seen } = await again(server, async (since) => {
    const port = knock(server, { method: "GET", path: "/api/health" });
    const times = await goesOn(server, { session_id, seq });
    return { event: times.event - since, output: times.output - since, port: (await port) - since };
  });
  await cancel(next, { session_id, run_id });
  return { next, seen };
}

/** A run whose block prints; gives the last event that was seen. */
async function printing(server: TestServer) {
  let lines = 0;
  const { session_id, run_id, last } = await runUntil(
    server,
    PRINTS,
    (event) => event.event_type === "output" && ++lines === 20,
  );
  return { session_id, run_id, seq: last.seq };
}

/** The moments at which a run that was taken over says so, and at which its code prints again. */
async function goesOn(
  server: Pick<TestServer, "url" | "token">,
  { session_id, seq }: { session_id: string; seq: number },
) {
  const times: Times = { event: 0, output: 0 };
  await follow(server, { session_id, after: seq, reconnect: true }, (event) => {
    // Lines that were committed after the client saw its last one are old ones.
    if (event.event_type === "workflow_resumed") times.event = performance.now();
    if (times.event > 0 && event.event_type === "output") times.output = performance.now();
    return times.output > 0;
  });
  return times;
}

/** A sandbox is killed alone; milliseconds from its end. */
async function sandboxAlone(server: TestServer): Promise<Times> {
  const { session_id, run_id, seq } = await printing(server);
  const sandbox = sandboxOf(server.pid);
  const gone = async () => {
    Deno.kill(sandbox, "SIGKILL");
    while (isAlive(sandbox)) await new Promise((resolve) => setTimeout(resolve, 1));
    return performance.now();
  };
  const [since, times] = await Promise.all([gone(), goesOn(server, { session_id, seq })]);
  await cancel(server, { session_id, run_id });
  return { event: times.event - since, output: times.output - since };
}

function figures(name: string, samples: Record<string, number>[], raw: number, profile = {}): Figure[] {
  return Object.keys(samples[0] ?? {}).map((what) => {
    const times = samples.map((sample) => sample[what] ?? NaN);
    const p50 = percentile(times, 0.5);
    return {
      figure: `${name} to ${WORDS[what]}`,
      value: p50,
      unit: "ms",
      p50_ms: p50,
      p99_ms: percentile(times, 0.99),
      samples: times.length,
      raw: { name: "start of a bare Deno process to its first byte", value: round(raw) },
      ratio: round(raw / p50),
      ...(what === "event" ? { profile } : {}),
    };
  });
}

const WORDS: Record<string, string> = {
  port: "the port's first answer",
  event: "the run's next event",
  output: "the next output of its code",
};

/** Medians of the phases of all starts. */
function profileOf(starts: readonly TestServer["phases"][]): Record<string, number> {
  const names = Object.keys(starts[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(starts.map((start) => start[name] ?? NaN))]));
}

/** Kills and what comes after. */
export const restart: Case = async () => {
  const data = await Deno.makeTempDir({ prefix: "holdfast-bench-" });
  const raw = await bareSpawnMs(12);
  let server = await startServer({ data, env: ENV });
  try {
    await load(SESSIONS, 50, () => call(server, "POST", "/api/sessions", { mode: "one-shot" }).then(() => undefined));
    const seen = { waiting: [] as Record<string, number>[], executing: [] as Record<string, number>[] };
    const starts: TestServer["phases"][] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, kill] of [["waiting", waiting], ["executing", executing]] as const) {
        const after = await kill(server);
        server = after.next;
        // The first round fills caches of the operating system.
        if (round === 0) continue;
        starts.push(server.phases);
        seen[name].push(after.seen);
      }
    }
    const alone: Record<string, number>[] = [];
    for (let round = 0; round < ROUNDS; round++) alone.push({ ...await sandboxAlone(server) });
    const profile = profileOf(starts);
    return [
      ...figures("server killed while a run waits, answered at once: exec", seen.waiting, raw, profile),
      ...figures("server killed while a run executes: exec", seen.executing, raw, profile),
      ...figures("sandbox killed alone: its end", alone, raw),
    ];
  } finally {
    await server.close();
    await Deno.remove(data, { recursive: true });
  }
};
