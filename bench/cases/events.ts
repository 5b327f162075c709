// Durable events a second from one run's output to one client, beside raw KV chunks of the same lines.
import { startServer } from "../../tests/support/server.ts";
import { follow, startTask } from "../client.ts";
import { kvChunkEvents } from "../raw.ts";
import { type Case, round } from "../report.ts";

const LINES = 100_000;
const RUNBOOK =
  `# Flood\n\n## Print\n\n\`\`\`ts\nconst line = "x".repeat(60);\nfor (let i = 0; i < ${LINES}; i++) console.log(line, i);\n\`\`\`\n`;

/** Output lines of one block, through sandbox, commit and WebSocket. */
export const eventStream: Case = async () => {
  const server = await startServer();
  try {
    const { session_id } = await startTask(server, RUNBOOK);
    let first = 0, last = 0, count = 0;
    await follow(server, { session_id }, (event) => {
      if (event.event_type === "output") {
        first ||= performance.now();
        last = performance.now();
        count++;
      }
      return event.event_type === "complete";
    });
    if (count < LINES) throw new Error(`only ${count} of ${LINES} lines came`);
    const value = count / ((last - first) / 1000);
    const raw = await kvChunkEvents(300, LINES);
    return [{
      figure: "durable events to one client",
      value: round(value),
      unit: "per_s",
      samples: count,
      raw: { name: "lines of 300 bytes into KV chunks, nothing else", value: round(raw) },
      ratio: round(value / raw),
    }];
  } finally {
    await server.close();
  }
};
