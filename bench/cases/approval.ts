// From an answer to what comes after it: the process still held, and given up before.
import { startServer, type TestServer } from "../../tests/support/server.ts";
import { call, follow, startTask } from "../client.ts";
import { kvSetMs } from "../raw.ts";
import { type Case, type Figure, percentile, round } from "../report.ts";

const RUNBOOK = "# Ask\n\n## One\n\n> approve: go on?\n\n```ts\nconsole.log('after');\n```\n";

/** One run up to its question, answered; milliseconds from the answer to the answer's event and to the next output. */
async function once(server: TestServer): Promise<{ received: number; output: number }> {
  const { session_id } = await startTask(server, RUNBOOK);
  let answered = 0, received = 0, output = 0;
  await follow(server, { session_id }, (event) => {
    if (event.event_type === "approval_requested") {
      answered = performance.now();
      void call(server, "POST", `/api/approvals/${event.data["approval_id"]}/resolve`, { resolution: "approved" });
    }
    if (event.event_type === "approval_received") received = performance.now() - answered;
    if (event.event_type === "output" && output === 0) output = performance.now() - answered;
    return event.event_type === "complete";
  });
  return { received, output };
}

async function measure(figure: string, env: Record<string, string>, raw: number): Promise<Figure> {
  const server = await startServer({ env });
  try {
    await once(server);
    const times: number[] = [];
    for (let i = 0; i < 20; i++) times.push((await once(server)).output);
    const p50 = percentile(times, 0.5);
    return {
      figure,
      value: p50,
      unit: "ms",
      p50_ms: p50,
      p99_ms: percentile(times, 0.99),
      samples: times.length,
      raw: { name: "one KV set", value: round(raw) },
      ratio: round(raw / p50),
    };
  } finally {
    await server.close();
  }
}

/** Answer to first output of the block behind it. */
export const approvalGoesOn: Case = async () => {
  const raw = await kvSetMs();
  return [
    await measure("answer to next output, process held", {}, raw),
    await measure("answer to next output, process given up", { HOLDFAST_WAIT_HOLD: "0" }, raw),
  ];
};
