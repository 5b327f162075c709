// How soon a server answers for its health while blocks attack it: spin, take memory, flood, fill the disk, die oddly.
//
// Another process asks every 20 ms. It shares the machine with the attackers, so the same probe against the same server
// before it is attacked stands beside.
import { type Health, healthWhile } from "../../tests/e2e/support/attack_health.ts";
import { runbook, runToEnd, singleAttacks, SMALL, together } from "../../tests/e2e/support/attack_runs.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";
import { call } from "../client.ts";
import { type Case, type Figure, round } from "../report.ts";

const IDLE_MS = 5_000;

async function attackAll(server: TestServer): Promise<void> {
  await together(singleAttacks("/etc"), async ({ code, timeout_s }) => {
    const { session_id } = await call<{ session_id: string }>(server, "POST", "/api/sessions", { mode: "one-shot" });
    await runToEnd(server, session_id, runbook("Attack", { code, timeout_s }));
  });
}

function figure(name: string, of: (health: Health) => number, measured: { idle: Health; attacked: Health }): Figure {
  const { idle, attacked } = measured;
  return {
    figure: `health while attacked, ${name}`,
    value: round(of(attacked)),
    unit: "ms",
    p50_ms: round(attacked.p50),
    p99_ms: round(attacked.p99),
    samples: attacked.samples,
    raw: { name: `the same probe before the attacks, ${name}`, value: round(of(idle)) },
    ratio: round(of(idle) / of(attacked)),
  };
}

/** Health of an attacked server. */
export const healthUnderAttack: Case = async () => {
  const server = await startServer({ env: SMALL });
  try {
    const idle = await healthWhile(server.url, () => new Promise((resolve) => setTimeout(resolve, IDLE_MS)));
    const attacked = await healthWhile(server.url, () => attackAll(server));
    if (attacked.failed + idle.failed > 0) {
      throw new Error(`${attacked.failed + idle.failed} questions were not answered`);
    }
    return [
      figure("p95", (health) => health.p95, { idle, attacked }),
      figure("worst", (health) => health.worst, { idle, attacked }),
    ];
  } finally {
    await server.close();
  }
};
