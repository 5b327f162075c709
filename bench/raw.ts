// Raw limits of this machine, measured in the same run as the figures that they stand beside.
import { load, percentile } from "./report.ts";

/** Runs with a KV file in a temporary folder. */
async function withKv<T>(run: (kv: Deno.Kv) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "holdfast-bench-" });
  const kv = await Deno.openKv(`${folder}/raw.kv`);
  try {
    return await run(kv);
  } finally {
    kv.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** KV `set`s of 200 bytes a second, a number of them in flight. */
export function kvSets(count: number, inflight: number): Promise<number> {
  const value = new Uint8Array(200);
  return withKv(async (kv) => {
    const { seconds } = await load(count, inflight, async (i) => void await kv.set(["raw", i], value));
    return count / seconds;
  });
}

/** Milliseconds of one KV `set`, median. */
export function kvSetMs(): Promise<number> {
  return withKv(async (kv) => {
    const { times } = await load(200, 1, async (i) => void await kv.set(["raw", i], new Uint8Array(200)));
    return percentile(times, 0.5);
  });
}

/** Events a second when lines are only put into KV in chunks of 60,000 bytes, ten chunks a commit. */
export function kvChunkEvents(line_bytes: number, events: number): Promise<number> {
  const per_chunk = Math.floor(60_000 / line_bytes);
  return withKv(async (kv) => {
    const started = performance.now();
    let written = 0;
    for (let chunk = 0; written < events;) {
      const atomic = kv.atomic();
      for (let i = 0; i < 10 && written < events; i++, chunk++, written += per_chunk) {
        atomic.set(["raw", chunk], new Uint8Array(per_chunk * line_bytes));
      }
      await atomic.commit();
    }
    return written / ((performance.now() - started) / 1000);
  });
}

/** Milliseconds from starting a bare Deno process to its first byte, median. */
export async function bareSpawnMs(rounds: number): Promise<number> {
  const file = await Deno.makeTempFile({ suffix: ".js" });
  await Deno.writeTextFile(file, `Deno.stdout.writeSync(new Uint8Array([65]));`);
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const started = performance.now();
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-lock", file],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    times.push(performance.now() - started);
    reader.releaseLock();
    await child.stdout.cancel();
    await child.status;
  }
  await Deno.remove(file);
  return percentile(times, 0.5);
}
