// Sessions created a second, 50 in flight, beside raw KV sets with as many in flight.
import { startServer } from "../../tests/support/server.ts";
import { call } from "../client.ts";
import { kvSets } from "../raw.ts";
import { type Case, load, percentile, round } from "../report.ts";

/** POST /api/sessions, 50 at once. */
export const sessionCreate: Case = async () => {
  const server = await startServer();
  try {
    const create = () => call<unknown>(server, "POST", "/api/sessions", { mode: "one-shot" }).then(() => undefined);
    await load(200, 50, create);
    const { times, seconds } = await load(3000, 50, create);
    const raw = await kvSets(3000, 50);
    const value = times.length / seconds;
    return [{
      figure: "sessions created, 50 in flight",
      value: round(value),
      unit: "per_s",
      p50_ms: percentile(times, 0.5),
      p99_ms: percentile(times, 0.99),
      samples: times.length,
      raw: { name: "KV set of 200 bytes, 50 in flight", value: round(raw) },
      ratio: round(value / raw),
    }];
  } finally {
    await server.close();
  }
};
