// A process of its own that asks a server for its health every 20 ms until its stdin ends, then says what it measured.
//
// It does not wait for one answer before it asks again: a server that stands still is asked all the while.
const [url = ""] = Deno.args;
const EVERY_MS = 20;
const times: number[] = [];
const asked: Promise<void>[] = [];
let failed = 0;

async function ask(): Promise<void> {
  const since = performance.now();
  try {
    const response = await fetch(url);
    await response.text();
    if (response.status !== 200) failed++;
  } catch {
    failed++;
  }
  times.push(performance.now() - since);
}

const timer = setInterval(() => void asked.push(ask()), EVERY_MS);
await new Response(Deno.stdin.readable).text();
clearInterval(timer);
await Promise.all(asked);
times.sort((a, b) => a - b);
const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
const measured = {
  samples: times.length,
  failed,
  p50: at(0.5),
  p95: at(0.95),
  p99: at(0.99),
  worst: times.at(-1) ?? 0,
};
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(measured)));
