// From the start of a task to its first output: cold (no process kept ready) and warm.
import { startServer } from "../../tests/support/server.ts";
import { follow, startTask } from "../client.ts";
import { bareSpawnMs } from "../raw.ts";
import { type Case, type Figure, percentile, round } from "../report.ts";

const RUNBOOK = "# Hello\n\n## One\n\n```ts\nconsole.log('hello');\n```\n";

async function measure(figure: string, env: Record<string, string>, raw: number): Promise<Figure> {
  const server = await startServer({ env });
  try {
    const times: number[] = [];
    for (let i = 0; i < 21; i++) {
      const started = performance.now();
      let output = 0;
      const { session_id } = await startTask(server, RUNBOOK);
      await follow(server, { session_id }, (event) => {
        if (event.event_type === "output" && output === 0) output = performance.now() - started;
        return event.event_type === "complete";
      });
      if (i > 0) times.push(output);
    }
    const p50 = percentile(times, 0.5);
    return {
      figure,
      value: p50,
      unit: "ms",
      p50_ms: p50,
      p99_ms: percentile(times, 0.99),
      samples: times.length,
      raw: { name: "start of a bare Deno process to its first byte", value: round(raw) },
      ratio: round(raw / p50),
    };
  } finally {
    await server.close();
  }
}

/** Start to first output. */
export const startToOutput: Case = async () => {
  const raw = await bareSpawnMs(12);
  return [
    await measure("start to first output, cold", { HOLDFAST_WARM: "0" }, raw),
    await measure("start to first output, warm", {}, raw),
  ];
};
