// Watches from another process whether a server answers: support/attack_probe_program.ts.

/** What the other process measured, milliseconds. */
export interface Health {
  samples: number;
  failed: number;
  p50: number;
  p95: number;
  p99: number;
  worst: number;
}

/** Asks a server for its health every 20 ms while `fn` runs. */
export async function healthWhile(url: string, fn: () => Promise<void>): Promise<Health> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-config",
      "--no-lock",
      "--allow-net=127.0.0.1",
      new URL("attack_probe_program.ts", import.meta.url).pathname,
      new URL("/api/health", url).href,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  try {
    await fn();
  } finally {
    await child.stdin.close();
  }
  const { stdout } = await child.output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
