// The benchmarks: each prints one JSON line with its figure beside the raw limit measured in the same run.
//
// `deno task bench` runs all but the long ones; names as arguments run some. Load is bounded in number and time and goes to loopback only.
// Figures are only comparable within one run: the machine's other load moves both sides.
import { approvalGoesOn } from "./cases/approval.ts";
import { healthUnderAttack } from "./cases/attacks.ts";
import { eventStream } from "./cases/events.ts";
import { channelFrames } from "./cases/frames.ts";
import { restart } from "./cases/restart.ts";
import { sessionCreate } from "./cases/sessions.ts";
import { startToOutput } from "./cases/start.ts";
import { waiting } from "./cases/waiting.ts";
import type { Case } from "./report.ts";

const CASES: Record<string, Case> = {
  "session-create": sessionCreate,
  "approval-goes-on": approvalGoesOn,
  "events-to-client": eventStream,
  "channel-frames": channelFrames,
  "start-to-output": startToOutput,
  "restart": restart,
  "waiting-1000": waiting(1_000),
  "health-under-attack": healthUnderAttack,
};

/** What takes minutes runs only when it is named. */
const LONG: Record<string, Case> = { "waiting-10000": waiting(10_000) };
const ALL: Record<string, Case> = { ...CASES, ...LONG };

const encoder = new TextEncoder();
const wanted = Deno.args.filter((arg) => arg !== "--");
const unknown = wanted.filter((name) => ALL[name] === undefined);
if (unknown.length > 0) {
  Deno.stderr.writeSync(
    encoder.encode(`no such benchmark: ${unknown.join(", ")}; there are ${Object.keys(ALL).join(", ")}\n`),
  );
  Deno.exit(2);
}
for (const [name, run] of Object.entries(wanted.length > 0 ? ALL : CASES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const figure of await run()) {
    Deno.stdout.writeSync(encoder.encode(`${JSON.stringify({ bench: name, ...figure })}\n`));
  }
}
Deno.exit(0);
